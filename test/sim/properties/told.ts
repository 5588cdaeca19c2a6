import { inspect } from "node:util";
import type { Act } from "./acts.js";
import { MODELS, type Scenario } from "./scenario.js";

/** A scenario for a person to read: what plays no part is left out. */
export function told({ targets, providers, acts, calls, ...rest }: Scenario): string {
  const lines = [
    ...targets.map(({ model, provider, ...more }) => {
      const { account, tools, prefill, deaf, arrives } = providers[provider]!;
      const odd = [
        !tools && "no tools",
        !prefill && "no prefill",
        deaf && "deaf",
        arrives && "arrives",
      ].filter(Boolean);
      return `target ${MODELS[model]} at p${provider}, account ${account} ${odd.join(", ")} ${shown(more)}`;
    }),
    ...acts.flatMap((each, model) =>
      targets.some((target) => target.model === model)
        ? each.map((act, n) => `${MODELS[model]}, request ${n + 1}: ${actTold(act)}`)
        : [],
    ),
    ...Object.entries(rest).map(([name, value]) => `${name} ${inspect(value, { breakLength: 1_000 })}`),
    ...calls.map((call, n) => `call ${n}: ${shown(call)}`),
  ];
  return lines.join("\n");
}

function actTold({ headMs, head, silentMs, end, said, ...more }: Act): string {
  if (head !== "ok") return `${head} after ${headMs} ms (resume: ${more.resume})`;
  const whole = end === "whole" || end === "length" || end === "empty";
  return `headers after ${headMs} ms, ${silentMs} ms of silence, ${whole ? "" : `${said} pieces, `}${end} ${shown(more)}`;
}

/** Without what is absent, false or none. */
function shown(value: object): string {
  const entries = Object.entries(value).filter(
    ([, each]) => each !== undefined && each !== false && each !== "none",
  );
  return inspect(Object.fromEntries(entries), { breakLength: 1_000 });
}
