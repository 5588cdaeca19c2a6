import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import pTimeout from "p-timeout";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { patientTimersOf, systemClock } from "../../src/clock.js";

const block = (ms: number) => {
  for (const since = performance.now(); performance.now() - since < ms; );
};

describe("a patient timer", () => {
  const timers = patientTimersOf(systemClock);
  const wait = (ms: number) => {
    const waiting = { isOver: false };
    timers.setTimeout(() => {
      waiting.isOver = true;
    }, ms);
    return waiting;
  };

  it("leaves what takes four turns of a loop that was blocked its four turns", async () => {
    const waiting = wait(100);
    block(110);
    for (let turns = 0; turns < 4; turns++) {
      await turn();
      expect(waiting.isOver).toBe(false);
      // As long as a part: each turn finds one over.
      block(25);
    }
    await vi.waitFor(() => expect(waiting.isOver).toBe(true));
  });

  it("takes two turns at least, and leaves an endless wait alone", async () => {
    const waiting = wait(1);
    block(5);
    await turn();
    expect(waiting.isOver).toBe(false);
    const endless = pTimeout(turn("done"), { milliseconds: Number.POSITIVE_INFINITY, customTimers: timers });
    expect(await endless).toBe("done");
  });

  describe("where nothing is blocked", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("takes as long as it is told, unless it is cleared", () => {
      fc.assert(
        fc.property(fc.nat({ max: 1_000 }), fc.nat({ max: 1_000 }), (ms, clearedAt) => {
          const since = Date.now();
          let at: number | undefined;
          const timer = timers.setTimeout(() => {
            at = Date.now() - since;
          }, ms);
          vi.advanceTimersByTime(clearedAt);
          timers.clearTimeout(timer);
          vi.runAllTimers();
          expect(at).toBe(clearedAt < ms ? undefined : ms);
        }),
      );
    });
  });
});
