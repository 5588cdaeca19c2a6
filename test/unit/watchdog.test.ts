import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.js";
import { LagMeter } from "../../src/lag.js";
import type { AttemptTimeouts, Clock, ProviderPart } from "../../src/types.js";
import { Watchdog } from "../../src/watchdog.js";
import { EventLoop } from "../support/event-loop.js";

const clocks: AttemptTimeouts = { connectMs: 100, firstTokenMs: 300, idleMs: 200, attemptMs: false };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const said: ProviderPart[] = [{ type: "text", text: "word" }];

function watch(timeouts: Partial<AttemptTimeouts> = {}, clock: Clock = systemClock) {
  const fired: [string, number][] = [];
  const startedAt = performance.now();
  const lag = new LagMeter(clock);
  const dog = new Watchdog(clock, lag, { ...clocks, ...timeouts }, ({ phase }) =>
    fired.push([phase, performance.now() - startedAt]),
  );
  return { dog, fired, lag };
}

describe("the watchdog", () => {
  it("fires the connect clock, unless headers have come", () => {
    const one = watch();
    vi.advanceTimersByTime(100);
    expect(one.fired).toEqual([["connect", 100]]);
    const two = watch();
    vi.advanceTimersByTime(99);
    two.dog.headers();
    vi.advanceTimersByTime(201);
    expect(two.fired).toEqual([["first_token", 300]]);
  });

  it("moves to the idle clock with the first content, and starts it over with each further one", () => {
    const { dog, fired } = watch();
    dog.headers();
    for (let i = 0; i < 50; i++) {
      vi.advanceTimersByTime(199);
      dog.content(said);
    }
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(fired).toEqual([["idle", 50 * 199 + 200]]);
  });

  it("stands still while nobody reads, and starts over with the next read", () => {
    const { dog, fired } = watch({ attemptMs: 100_000 });
    dog.headers();
    dog.content(said);
    dog.paused();
    vi.advanceTimersByTime(5_000);
    dog.reading();
    vi.advanceTimersByTime(199);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(fired).toEqual([["idle", 5_200]]);
  });

  it("keeps no more than one timer, and none once stopped", () => {
    const { dog } = watch({ attemptMs: 5_000 });
    dog.headers();
    dog.content(said);
    dog.finished();
    expect(vi.getTimerCount()).toBe(1);
    dog.stop();
    dog.content(said);
    dog.reading();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not blame the upstream at once for time that our own blocked event loop lost", () => {
    let lost = 0;
    const clock: Clock = { ...systemClock, now: () => performance.now() + lost };
    const { fired } = watch({}, clock);
    lost = 30_000;
    vi.advanceTimersByTime(100);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(fired).toHaveLength(1);
  });

  it("runs without any clock when all are off", () => {
    const off = { connectMs: false, firstTokenMs: false, idleMs: false, attemptMs: false } as const;
    watch(off);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the watchdog beside a meter of the event loop", () => {
  function blocked(timeouts: Partial<AttemptTimeouts>) {
    const loop = new EventLoop();
    const lag = new LagMeter(loop);
    lag.begin();
    const fired: [string, number][] = [];
    const dog = new Watchdog(loop, lag, { ...clocks, ...timeouts }, ({ phase }) =>
      fired.push([phase, loop.now()]),
    );
    return { loop, dog, fired };
  }

  it("lets data be read that waited through a block, although its own timer is in time", () => {
    const { loop, dog, fired } = blocked({ firstTokenMs: 2_000, connectMs: false, idleMs: 500 });
    loop.run(100);
    loop.arrives(1_500, () => dog.content(said));
    loop.block(1_900);
    loop.run(2_100);
    expect(fired).toEqual([]);
    loop.run(9_000);
    expect(fired).toEqual([["idle", 2_500]]);
  });

  it("gives no more than that grace, once for what was lost", () => {
    const { loop, fired } = blocked({ firstTokenMs: 3_000, connectMs: false });
    loop.run(100);
    loop.block(1_900);
    loop.run(9_000);
    expect(fired).toEqual([["first_token", 3_050]]);
  });

  it("gives none again for the same loss", () => {
    const { loop, dog, fired } = blocked({ firstTokenMs: 3_000, connectMs: false, idleMs: 1_000 });
    loop.run(100);
    dog.content(said);
    loop.block(1_500);
    loop.run(1_640);
    dog.content(said);
    loop.run(9_000);
    expect(fired).toEqual([["idle", 2_640]]);
  });
});
