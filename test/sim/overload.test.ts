import { expect, it } from "vitest";
import { overload, overloadLines } from "./simulations/overload.js";
import { unmet } from "./support/line.js";
import { CALLS, SEED } from "./support/settings.js";

it("lets a server that was overloaded recover", async () => {
  expect(unmet(await overloadLines(SEED, CALLS))).toEqual([]);
}, 1_800_000);

it("happens in the same way for the same seed, and in another for another", async () => {
  const hash = async (seed: number) => (await overload(seed)).hash;
  expect(await hash(SEED)).toBe(await hash(SEED));
  expect(await hash(SEED + 1)).not.toBe(await hash(SEED));
}, 60_000);
