import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.js";
import { LagMeter } from "../../src/lag.js";
import { EventLoop } from "../support/event-loop.js";

function begun() {
  const loop = new EventLoop();
  const lag = new LagMeter(loop);
  lag.begin();
  return { loop, lag };
}

describe("the lag meter, in virtual time", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("loses nothing while only timers move the time", () => {
    const lag = new LagMeter(systemClock);
    lag.begin();
    for (const ms of [1, 499, 500, 750, 123_456.5]) {
      vi.advanceTimersByTime(ms);
      expect(lag.lostMs()).toBe(0);
      expect(lag.mostLostMs()).toBe(0);
    }
    lag.end();
  });

  it("keeps one timer for all its users, and none behind the last", () => {
    const lag = new LagMeter(systemClock);
    expect(vi.getTimerCount()).toBe(0);
    lag.begin();
    lag.begin();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1_700);
    expect(vi.getTimerCount()).toBe(1);
    lag.end();
    expect(vi.getTimerCount()).toBe(1);
    lag.end();
    expect(vi.getTimerCount()).toBe(0);
    lag.end();
    lag.begin();
    expect(vi.getTimerCount()).toBe(1);
    lag.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the lag meter, on a loop that is blocked", () => {
  it.each([
    { at: 0, block: 700, lost: 0, why: "no more than 250 ms late" },
    { at: 0, block: 750, lost: 0, why: "no more than 250 ms late" },
    { at: 0, block: 751, lost: 251, why: "late" },
    { at: 400, block: 700, lost: 600, why: "late" },
    { at: 1_100, block: 5_000, lost: 4_600, why: "late" },
  ])("counts $lost ms of a block of $block ms at $at ms: $why", ({ at, block, lost }) => {
    const { loop, lag } = begun();
    loop.run(at);
    loop.block(block);
    loop.run(at + block + 10_000);
    expect(lag.lostMs()).toBe(lost);
    expect(lag.mostLostMs()).toBe(lost === 0 ? 0 : lost + 500);
  });

  it("tells of a gap before its own timer has, and the same afterwards", () => {
    const { loop, lag } = begun();
    loop.run(100);
    loop.block(2_000);
    expect(lag.lostMs()).toBe(1_600);
    expect(lag.mostLostMs()).toBe(2_100);
    loop.run(2_100);
    expect(lag.lostMs()).toBe(1_600);
    expect(lag.mostLostMs()).toBe(2_100);
  });

  it("says the same to timers that are late with its own, whichever comes first", () => {
    const { loop, lag } = begun();
    const heard: number[] = [];
    loop.setTimeout(() => heard.push(lag.lostMs()), 499);
    loop.setTimeout(() => heard.push(lag.lostMs()), 501);
    loop.block(3_000);
    loop.run(3_000);
    expect(heard).toEqual([2_500, 2_500]);
  });

  it("adds gaps up, and never falls", () => {
    const { loop, lag } = begun();
    let before = 0;
    for (let i = 1; i <= 5; i++) {
      loop.block(1_500);
      expect(lag.lostMs()).toBeGreaterThanOrEqual(before);
      loop.run(loop.now());
      before = lag.lostMs();
      expect(before).toBe(i * 1_000);
    }
  });

  it("keeps the gap in which its last user ends, and counts nothing without users", () => {
    const { loop, lag } = begun();
    loop.block(2_500);
    lag.end();
    expect(loop.pending).toBe(0);
    loop.block(10_000);
    expect(lag.lostMs()).toBe(2_000);
    lag.begin();
    loop.run(loop.now() + 5_000);
    expect(lag.lostMs()).toBe(2_000);
    lag.end();
  });
});
