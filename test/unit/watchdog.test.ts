import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.js";
import type { AttemptTimeouts, Clock } from "../../src/types.js";
import { Watchdog } from "../../src/watchdog.js";

const clocks: AttemptTimeouts = { connectMs: 100, firstTokenMs: 300, idleMs: 200, attemptMs: false };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(timeouts: Partial<AttemptTimeouts> = {}, clock: Clock = systemClock) {
  const fired: [string, number][] = [];
  const startedAt = performance.now();
  const dog = new Watchdog(clock, { ...clocks, ...timeouts }, (phase) =>
    fired.push([phase, performance.now() - startedAt]),
  );
  return { dog, fired };
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
      dog.content();
    }
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(fired).toEqual([["idle", 50 * 199 + 200]]);
  });

  it("stands still while nobody reads, and starts over with the next read", () => {
    const { dog, fired } = watch({ attemptMs: 100_000 });
    dog.headers();
    dog.content();
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
    dog.content();
    dog.finished();
    expect(vi.getTimerCount()).toBe(1);
    dog.stop();
    dog.content();
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
