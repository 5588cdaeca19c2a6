import type { Clock } from "../../src/types.js";

export interface SteppedClock extends Clock {
  /** Timers that are set. */
  readonly pending: number;
  /** Moves time on and fires what falls due, in order. */
  advance(ms: number): void;
}

/** A clock that stands still until it is told to go on: virtual time beside real sockets. */
export function steppedClock(wall = Date.UTC(2026, 5, 1)): SteppedClock {
  let time = 1_000;
  const timers = new Map<object, { at: number; callback: () => void }>();
  return {
    now: () => time,
    wall: () => wall + time,
    setTimeout(callback, ms) {
      const timer = {};
      timers.set(timer, { at: time + ms, callback });
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as object),
    get pending() {
      return timers.size;
    },
    advance(ms) {
      const until = time + ms;
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
        if (!next) break;
        const [timer, { at, callback }] = next;
        timers.delete(timer);
        time = Math.max(time, at);
        callback();
      }
      time = until;
    },
  };
}
