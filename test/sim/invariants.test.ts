import fc from "fast-check";
import { expect, it } from "vitest";
import { broken } from "./properties/checks.js";
import { play } from "./properties/play.js";
import { EXPECTED, reached } from "./properties/reached.js";
import { scenario } from "./properties/scenario.js";
import { told } from "./properties/told.js";

const { SIM_SEED, SIM_PATH } = process.env;
/** 10⁴ on one Node in CI, 10⁵ by `npm run test:deep`. */
const RUNS = Number(process.env.SIM_RUNS ?? 1_000);

it("whatever providers, strategies, callers and readers do, every promise of a call is kept", {
  timeout: 120_000 + 20 * RUNS,
}, async () => {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(scenario, async (each) => {
    const played = await play(each);
    for (const word of reached(played)) seen.set(word, (seen.get(word) ?? 0) + 1);
    const found = broken(played);
    if (found.length > 0) throw new Error([...new Set(found)].join("\n"));
  });
  const { failed, counterexample, counterexamplePath, errorInstance, numRuns, seed } = await fc.check(
    property,
    {
      numRuns: RUNS,
      ...(SIM_SEED !== undefined && { seed: Number(SIM_SEED) }),
      ...(SIM_PATH !== undefined && { path: SIM_PATH }),
    },
  );
  if (failed) {
    const again = `SIM_SEED=${seed} SIM_PATH=${counterexamplePath?.split(":")[0]}`;
    const [smallest] = counterexample ?? [];
    expect.fail(
      `Run ${numRuns}: ${errorInstance}\n${smallest ? told(smallest) : ""}\nTo see it again: ${again}`,
    );
  }
  // A handful of runs need not come by everything.
  if (RUNS >= 10_000) expect(EXPECTED.filter((word) => !seen.has(word))).toEqual([]);
});
