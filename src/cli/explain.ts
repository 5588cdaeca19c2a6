import { FallbackChain } from "../fallback-chain.js";
import type { Plan } from "../plan.js";
import { hedged } from "../strategies/hedged.js";
import { race } from "../strategies/race.js";
import { sequential } from "../strategies/sequential.js";
import { assumedRequest, type RequestFlags } from "./assumed-request.js";
import { type ChainFlags, chainOptionsOf, targetPath } from "./chain-flags.js";
import { EXIT, type Io, interruptedExit, printJson } from "./io.js";
import { ModelList } from "./model-list.js";
import { type PlanLine, planLines, totalLines } from "./plan-table.js";
import { keylessProviderOf, keyOf } from "./provider.js";
import { Terminal } from "./terminal.js";

const STRATEGIES = { sequential, hedged, race };

export interface ExplainFlags extends ChainFlags, RequestFlags {
  strategy: keyof typeof STRATEGIES;
  maxCostUsd?: number;
  neverDearerThan?: "primary";
  json?: boolean;
}

/** Shows what a call would do, and sends none. Returns the exit code: 1 when nobody would be asked. */
export async function explain(prompt: string | undefined, flags: ExplainFlags, io: Io): Promise<number> {
  const { json = false, maxCostUsd, neverDearerThan } = flags;
  const request = await assumedRequest(prompt, flags);
  const provider = keylessProviderOf(flags, io);
  const list = new ModelList(provider.catalogue.url, io);
  const chain = new FallbackChain(
    {
      ...chainOptionsOf(flags),
      provider,
      strategy: STRATEGIES[flags.strategy](),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
      ...(neverDearerThan && { neverDearerThan }),
      ...list.options,
    },
    { targetPath },
  );
  let plan: Plan;
  try {
    await list.wait(chain);
    if (io.interrupt.aborted) return interruptedExit(io.interrupt);
    plan = chain.explain(request);
  } finally {
    await chain.close();
  }
  const assumed = prompt === undefined && flags.file === undefined && flags.promptTokens === undefined;
  if (json) {
    if (list.trouble) io.stderr.write(`${list.trouble}\n`);
    printJson(io, plan);
  } else show(plan, new Terminal(io), { assumed, trouble: list.trouble, noKey: noKey(flags, io) });
  return plan.targets.some(({ skip }) => !skip) ? EXIT.ok : EXIT.no;
}

function noKey(flags: ExplainFlags, io: Io): string | undefined {
  if (keyOf(flags, io) !== undefined) return undefined;
  return `There is no API key in ${flags.apiKeyEnv}. A plan needs none; a call does.`;
}

function show(
  plan: Plan,
  terminal: Terminal,
  { assumed, trouble, noKey }: { assumed: boolean; trouble: string | undefined; noKey: string | undefined },
): void {
  const { colors, columns } = terminal;
  const styles: Record<PlanLine["tone"], (text: string) => string> = {
    head: colors.dim,
    asked: colors.bold,
    skipped: colors.red,
    note: colors.dim,
    warning: colors.yellow,
    total: (text) => text,
  };
  const say = (text: string, style = colors.dim) => terminal.paragraph(text, { style });
  const print = (lines: readonly PlanLine[]) => {
    for (const { tone, text } of lines) terminal.line(styles[tone](text));
  };
  const tokens = plan.inputTokens.toLocaleString("en-US");
  const source = assumed ? ", assumed: give a prompt, --file or --prompt-tokens" : ", estimated";
  terminal.line(`${colors.bold("open-router explain")}  what a call would do; nothing is asked`);
  say(`The request has about ${tokens} tokens${source}. Strategy: ${plan.strategy}.`);
  if (trouble) say(trouble, colors.yellow);
  terminal.line();
  print(planLines(plan, columns));
  terminal.line();
  print(totalLines(plan, columns));
  if (plan.targets.every(({ skip }) => skip)) {
    say("No: every target would be skipped, for the reasons above.", (text) => colors.red(colors.bold(text)));
  }
  if (noKey) say(noKey);
}
