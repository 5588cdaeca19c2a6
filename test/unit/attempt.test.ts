import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Attempt } from "../../src/attempt.js";
import type { AttemptInit } from "../../src/attempt-init.js";
import { systemClock } from "../../src/clock.js";
import { classify } from "../../src/failure.js";
import { LagMeter } from "../../src/lag.js";
import { parseOptions } from "../../src/options.js";
import { answer, type Script, scripted } from "../../src/providers/scripted.js";
import type { Clock, Provider } from "../../src/types.js";
import { arriving } from "../support/arriving.js";

let lost = 0;
const clock: Clock = { ...systemClock, now: () => performance.now() + lost };

beforeEach(() => {
  lost = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function attempt(script: Script, lag: LagMeter, more: Partial<AttemptInit> = {}): Attempt {
  const inner = scripted({ script: { "a/one": [script] } });
  const provider: Provider = {
    ...inner,
    open: async (request, context) => arriving((await inner.open(request, context))[Symbol.asyncIterator]()),
  };
  const [target] = parseOptions({ targets: ["a/one"], provider, timeouts: { firstTokenMs: 3_000 } }).targets;
  return new Attempt({
    id: "call-1",
    n: 1,
    target: target!,
    why: "first",
    request: { model: "a/one", messages: [] },
    omitted: [],
    timeouts: target!.timeouts,
    gate: "complete",
    coalesce: true,
    check: () => undefined,
    continues: false,
    clock,
    lag,
    emit: () => {},
    explain: classify,
    redact: (text) => text,
    onContent: () => {},
    around: (open) => open(),
    ...more,
  });
}

describe("an attempt and time lost to our own event loop", () => {
  it("knows what was lost while it ran, and nothing of before or after", async () => {
    const lag = new LagMeter(clock);
    lag.begin();
    lost += 5_000;
    await vi.advanceTimersByTimeAsync(500);
    expect(lag.lostMs()).toBe(5_000);

    const one = attempt([1_000, ...answer("Hello.")], lag);
    const opened = one.open();
    expect(one.lostMs).toBe(0);
    await vi.advanceTimersByTimeAsync(600);
    lost += 1_500;
    expect(one.lostMs).toBe(1_100);
    await vi.advanceTimersByTimeAsync(400);
    expect(await opened).toEqual([{ type: "text", text: "Hello." }]);
    expect(one.lostMs).toBe(1_500);

    lost += 2_000;
    await vi.advanceTimersByTimeAsync(500);
    expect(one.lostMs).toBe(1_500);
    lag.end();
  });

  it.each([
    ["fails", { headersMs: 0, steps: [10_000] } as Script, (one: Attempt) => one.open()],
    ["is cancelled", { headersMs: 0, steps: [10_000] } as Script, async (one: Attempt) => one.cancel("lost")],
    ["is cancelled twice", [10_000], async (one: Attempt) => [one.cancel("lost"), one.cancel("aborted")]],
    ["answers", answer("Hello."), (one: Attempt) => one.open()],
  ])("measures until it ends: it %s", async (_, script, end) => {
    const lag = new LagMeter(clock);
    const one = attempt(script, lag);
    expect(vi.getTimerCount()).toBeGreaterThanOrEqual(2);
    const ended = end(one).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(3_000);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
    expect(one.lostMs).toBe(0);
  });

  it("tells of the loss when a clock ends it, in whatever order the late timers fire", async () => {
    for (const before of [true, false]) {
      const lag = new LagMeter(clock);
      if (before) lag.begin();
      const one = attempt({ headersMs: 0, steps: [10_000] }, lag);
      const failed = one.open().catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(2_999);
      lost += 4_000;
      await vi.advanceTimersByTimeAsync(100);
      expect(await failed).toMatchObject({ failure: { class: "timeout", phase: "first_token" } });
      expect(one.lostMs).toBeGreaterThan(3_000);
      if (before) lag.end();
    }
  });
});

it("fails for what goes wrong with a part that has arrived, as for one that was read", async () => {
  const bug = new Error("a bug");
  const usage = { type: "usage", usage: { inputTokens: 1, outputTokens: 1 } } as const;
  const one = attempt(["a", [{ type: "text", text: "b" }, usage], "c"], new LagMeter(clock), {
    gate: "content",
    emit: ({ type }) => {
      if (type === "attempt.usage") throw bug;
    },
  });
  expect(await one.open()).toEqual([{ type: "text", text: "a" }]);
  await new Promise<void>((wake) => void one.wait(wake));
  expect(one.arrived()).toBeUndefined();
  await expect(one.next()).rejects.toMatchObject({ failure: { message: "unexpected error (Error)" } });
});
