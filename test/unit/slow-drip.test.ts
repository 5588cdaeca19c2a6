import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.js";
import { answer, type Script, type ScriptStep } from "../../src/providers/scripted.js";
import type { Clock } from "../../src/types.js";
import { ask, bench, drain, story } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Runs virtual time until the promise settles. */
async function played<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const watched = promise.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  for (let i = 0; i < 10_000 && !settled; i++) await vi.advanceTimersByTimeAsync(100);
  return watched;
}

const guarded = { minTokensPerSecond: { rate: 10, windowMs: 1_000 } };
const full = answer("Hello, ", "world.");
const tooSlow = {
  class: "timeout",
  phase: "throughput",
  message: "fewer than 10 tokens per second for 1000 ms",
};

/** The step over and over, with so many milliseconds before each, and a good end. */
function paced(step: ScriptStep, everyMs: number, n: number): Script {
  const steps = Array.from({ length: n }, () => [everyMs, step]).flat() as ScriptStep[];
  return { headersMs: 0, steps: [...steps, ...answer("end")] };
}

describe("an answer that drips", () => {
  it("gives way to the next target before the gate", async () => {
    const { chain, provider } = bench({ "a/one": [paced("drip ", 500, 100)], "b/two": [full] }, guarded);
    const { text, parts, record } = await played(drain(chain.stream(ask, { gate: "complete" })));
    expect(text).toBe("Hello, world.");
    expect(parts.some(({ type }) => type === "restart")).toBe(false);
    expect(story(record)).toEqual(["a/one first failed timeout next", "b/two failover won"]);
    expect(record.attempts[0]?.failure).toMatchObject(tooSlow);
    expect(record.attempts[0]?.durationMs).toBeLessThanOrEqual(500 + 2_000);
    expect(provider.opened).toBe(provider.closed);
  });

  it("starts over at the next target behind the gate", async () => {
    const { chain, provider } = bench({ "a/one": [paced("drip ", 500, 100)], "b/two": [full] }, guarded);
    const { text, parts, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(parts.find(({ type }) => type === "restart")).toMatchObject({ attempt: 1, failure: tooSlow });
    expect(story(record)).toEqual(["a/one first failed timeout next", "b/two recovery won"]);
    expect(record.recovery).toEqual({ mode: "restart", count: 1 });
    expect(record.attempts[0]?.durationMs).toBeLessThanOrEqual(500 + 2_000);
    expect(provider.opened).toBe(provider.closed);
  });

  it("does so in a call that is not streamed", async () => {
    const { chain } = bench({ "a/one": [paced("drip ", 500, 100)], "b/two": [full] }, guarded);
    const { text, record } = await played(chain.complete(ask));
    expect(text).toBe("Hello, world.");
    expect(story(record)).toEqual(["a/one first failed timeout next", "b/two failover won"]);
    expect(record.attempts[0]?.failure).toMatchObject(tooSlow);
  });

  it("ends the call at the last target, and is not asked for again", async () => {
    const { chain } = bench({ "a/one": [paced("drip ", 500, 100)] }, guarded);
    const { error, record } = await played(drain(chain.stream(ask)));
    expect(error).toMatchObject({ code: "exhausted", partial: expect.stringMatching(/^(drip )+$/) });
    expect(story(record)).toEqual(["a/one first failed timeout next"]);
  });

  it("is one, whatever it drips: thoughts, arguments of a tool call", async () => {
    const call = { type: "toolCall" as const, index: 0, id: "call_1", name: "f", arguments: "{}" };
    for (const step of [{ type: "thoughts" as const, text: "hm" }, call]) {
      const { chain } = bench({ "a/one": [paced(step, 500, 100)], "b/two": [full] }, guarded);
      const { text, record } = await played(drain(chain.stream(ask)));
      expect(text).toBe("Hello, world.");
      expect(record.attempts[0]?.failure).toMatchObject(tooSlow);
    }
  });

  it("is left alone without the guard", async () => {
    const { chain } = bench({ "a/one": [paced("drip ", 500, 40)], "b/two": [full] });
    const { record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual(["a/one first won"]);
  });
});

describe("an answer that is fast enough", () => {
  it.each<[string, Script]>([
    ["tokens at just the rate", paced("word ", 100, 100)],
    ["a burst a window", paced("ten words of four letters each then some more", 1_000, 20)],
    ["Chinese", paced("今天的天气非常好今天", 1_000, 20)],
    ["a long silence before the first token", { headersMs: 0, steps: [20_000, ...answer("Hello.")] }],
    ["a trailer that comes late", { headersMs: 0, steps: [...full, 1_900, { type: "meta", model: "x" }] }],
  ])("goes on: %s", async (_, script) => {
    const { chain } = bench({ "a/one": [script], "b/two": [full] }, guarded);
    for (const gate of ["content", "complete"] as const) {
      const { record } = await played(drain(chain.stream(ask, { gate })));
      expect(story(record)).toEqual(["a/one first won"]);
    }
  });

  it("goes on when its consumer pauses", async () => {
    const { chain } = bench({ "a/one": [paced("word ", 90, 30)], "b/two": [full] }, guarded);
    const stream = chain.stream(ask);
    const reader = stream.batches();
    for (let i = 0; i < 10; i++) {
      await played(reader.next());
      await vi.advanceTimersByTimeAsync(3_000);
    }
    while (!(await played(reader.next())).done);
    expect(story(await stream.record)).toEqual(["a/one first won"]);
  });

  it.each([
    { ms: 700, at: 4_020 },
    { ms: 700, at: 4_321 },
    { ms: 1_000, at: 4_321 },
    { ms: 5_000, at: 4_321 },
  ])("goes on when our own event loop is blocked for $ms ms at $at ms", async ({ ms, at }) => {
    let lost = 0;
    const clock: Clock = { ...systemClock, now: () => performance.now() + lost };
    const { chain } = bench({ "a/one": [paced("word ", 95, 100)], "b/two": [full] }, { ...guarded, clock });
    setTimeout(() => {
      lost += ms;
    }, at);
    const { record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual(["a/one first won"]);
  });
});
