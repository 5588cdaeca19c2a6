import { expect, it } from "vitest";
import { totalOutage, totalOutageLines } from "./simulations/total-outage.js";
import { unmet } from "./support/line.js";
import { CALLS, SEED } from "./support/settings.js";

it("stays within its budget, or silent, when everything is down", async () => {
  expect(unmet(await totalOutageLines(SEED, CALLS))).toEqual([]);
}, 1_800_000);

it("happens in the same way for the same seed, and in another for another", async () => {
  const hash = async (seed: number) => (await totalOutage(seed)).hash;
  expect(await hash(SEED)).toBe(await hash(SEED));
  expect(await hash(SEED + 1)).not.toBe(await hash(SEED));
}, 60_000);
