import { expect, it } from "vitest";
import { hedged } from "../../src/chain.js";
import { stallLines, stalls } from "./simulations/stalls.js";
import { unmet } from "./support/line.js";
import { CALLS, SEED } from "./support/settings.js";

it("halves the 99th percentile of the time to first content by hedging one call in twenty", async () => {
  expect(unmet(await stallLines(SEED, CALLS))).toEqual([]);
}, 1_800_000);

it("happens in the same way for the same seed, and in another for another", async () => {
  const hash = async (seed: number) => (await stalls(seed, 2_000, hedged())).hash;
  expect(await hash(SEED)).toBe(await hash(SEED));
  expect(await hash(SEED + 1)).not.toBe(await hash(SEED));
}, 60_000);
