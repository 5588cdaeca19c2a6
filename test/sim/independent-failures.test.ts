import { expect, it } from "vitest";
import { independentFailureLines, independentFailures } from "./simulations/independent-failures.js";
import { unmet } from "./support/line.js";
import { CALLS, SEED } from "./support/settings.js";

it("answers as often as chance allows when targets fail independently", async () => {
  expect(unmet(await independentFailureLines(SEED, CALLS))).toEqual([]);
}, 1_800_000);

it("happens in the same way for the same seed, and in another for another", async () => {
  const hash = async (seed: number) => (await independentFailures(seed, 2_000, [0.1, 0.2, 0.3])).hash;
  expect(await hash(SEED)).toBe(await hash(SEED));
  expect(await hash(SEED + 1)).not.toBe(await hash(SEED));
}, 60_000);
