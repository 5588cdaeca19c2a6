import { expect, it } from "vitest";
import { evenly, poisson } from "./support/arrivals.js";
import { ONCE } from "./support/settings.js";
import { type Behaviour, drawn } from "./support/simulated-provider.js";
import { type Asked, type SimulatedOptions, World } from "./support/world.js";

async function runOf(models: Record<string, Behaviour>, options: SimulatedOptions = ONCE, calls = 1) {
  const world = new World(1);
  const asked: Asked[] = [];
  const provider = world.chain(
    Object.fromEntries(Object.entries(models).map(([name, each]) => [name, drawn(() => each)])),
    options,
  );
  const hash = await world.run({ calls, gap: evenly(10) }, (each) => asked.push(each));
  return { asked, hash, requests: Object.fromEntries(provider.requests) };
}

const failing: Behaviour = { kind: "status", status: 503, afterMs: 50 };
const well: Behaviour = { kind: "answer", firstMs: 200 };

it("takes exactly the time that attempts take", async () => {
  const { asked, requests } = await runOf({ "a/a": failing, "b/b": failing, "c/c": well });
  expect(asked).toEqual([{ at: 100, ok: true, firstMs: 300, ms: 300 }]);
  expect(requests).toEqual({ "a/a": 1, "b/b": 1, "c/c": 1 });
});

it("plays headers, tokens and stalls by the chain's own clocks", async () => {
  const slow: Behaviour = { kind: "answer", headersMs: 20, firstMs: 100, tokens: 5, gapMs: 10 };
  const { asked } = await runOf({ "a/a": slow });
  expect(asked).toEqual([{ at: 100, ok: true, firstMs: 100, ms: 140 }]);

  const stalled = await runOf({ "a/a": { kind: "stall" }, "b/b": slow }, { timeouts: { connectMs: 1_000 } });
  expect(stalled.asked).toEqual([{ at: 100, ok: true, firstMs: 1_100, ms: 1_140 }]);

  const late: Behaviour = { kind: "answer", headersMs: 20, firstMs: 5_000 };
  const silent = await runOf({ "a/a": late, "b/b": slow }, { timeouts: { firstTokenMs: 1_000 } });
  expect(silent.asked).toEqual([{ at: 100, ok: true, firstMs: 1_100, ms: 1_140 }]);
});

it("lets calls leave no timer behind", async () => {
  const world = new World(1);
  world.chain({ "a/a": drawn(() => failing), "b/b": drawn(() => failing) });
  let ended = 0;
  let left: number | undefined;
  await world.run({ calls: 20, gap: evenly(10) }, ({ ok }) => {
    expect(ok).toBe(false);
    if (++ended < 20) return;
    world.clock.setTimeout(() => {
      left = world.clock.pending;
    }, 0);
  });
  expect(left).toBe(0);
});

it("names the seed when a call hangs", async () => {
  const forever = { connectMs: false, firstTokenMs: false, totalMs: false } as const;
  await expect(runOf({ "a/a": { kind: "stall" } }, { timeouts: forever }, 3)).rejects.toThrow(
    "seed 1: 3 calls hang",
  );
});

it("names the seed when the simulation itself fails", async () => {
  const world = new World(7);
  world.chain({ "a/a": drawn(() => well) });
  const run = world.run({ calls: 3, gap: evenly(10) }, ({ at }) => {
    if (at === 200) throw new Error("thrown");
  });
  await expect(run).rejects.toThrow("seed 7: thrown");
});

it("hashes all that happens: one millisecond more is another run", async () => {
  const { hash } = await runOf({ "a/a": failing, "b/b": well }, {}, 100);
  expect((await runOf({ "a/a": failing, "b/b": well }, {}, 100)).hash).toBe(hash);
  const later: Behaviour = { ...well, firstMs: 201 };
  expect((await runOf({ "a/a": failing, "b/b": later }, {}, 100)).hash).not.toBe(hash);
});

it("starts calls at the rate asked for", async () => {
  const world = new World(1);
  world.chain({ "a/a": drawn(() => well) });
  let last = 0;
  await world.run({ calls: 10_000, gap: poisson(50, world.random("arrivals")) }, ({ at }) => {
    last = Math.max(last, at);
  });
  // 200 s; the standard deviation of the sum of 10 000 gaps is 1 % of it.
  expect(Math.abs(last - 200_000)).toBeLessThan(6_000);
});
