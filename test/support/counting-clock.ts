import { clampDelay } from "../../src/clock.js";
import type { Clock } from "../../src/types.js";

export interface CountingClock extends Clock {
  /** Timers that were set and have neither fired nor been cleared. */
  readonly pending: number;
}

/** Real time that knows which of its timers are still set. */
export function countingClock(): CountingClock {
  const timers = new Set<NodeJS.Timeout>();
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    setTimeout(callback, ms) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        callback();
      }, clampDelay(ms));
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer) {
      clearTimeout(timer as NodeJS.Timeout);
      timers.delete(timer as NodeJS.Timeout);
    },
    get pending() {
      return timers.size;
    },
  };
}
