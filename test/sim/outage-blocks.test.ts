import { expect, it } from "vitest";
import { outageBlockLines, outageBlocks } from "./simulations/outage-blocks.js";
import { unmet } from "./support/line.js";
import { CALLS, SEED } from "./support/settings.js";

it("comes within 0.1 points of an oracle that knows who is up", async () => {
  expect(unmet(await outageBlockLines(SEED, CALLS))).toEqual([]);
}, 1_800_000);

it("happens in the same way for the same seed, and in another for another", async () => {
  const hash = async (seed: number) => (await outageBlocks(seed, 2_000)).hash;
  expect(await hash(SEED)).toBe(await hash(SEED));
  expect(await hash(SEED + 1)).not.toBe(await hash(SEED));
}, 60_000);
