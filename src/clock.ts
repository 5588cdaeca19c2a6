import type { Clock } from "./types.js";

/** Node fires a timer of 2³¹ ms or more after 1 ms. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** A delay that setTimeout keeps: NaN and negatives become 0, anything too long 2³¹−1. */
export function clampDelay(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_DELAY_MS) : 0;
}

/** ECMAScript's last moment, in Unix ms. */
const LAST_MOMENT = 8.64e15;

let lastSecond = Number.NaN;
/** Up to the milliseconds. */
let ofSecond = "";

/** ISO 8601 of Unix ms. Many fall into one second, and formatting takes longer than most of what it is for. */
export function isoOf(wall: number): string {
  // A date cuts a fraction off towards 1970.
  if (!Number.isInteger(wall) || wall >= LAST_MOMENT) return new Date(wall).toISOString();
  const second = Math.floor(wall / 1_000);
  const ms = wall - second * 1_000;
  if (second !== lastSecond) {
    ofSecond = new Date(wall).toISOString().slice(0, -4);
    lastSecond = second;
  }
  return `${ofSecond}${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}Z`;
}

/** Reads globalThis at each call, so that fake timers installed later are obeyed. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, clampDelay(ms)),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** The same clock, whose timers fire `within` a context, whoever moves it on. */
export class ClockWithin implements Clock {
  readonly #clock: Clock;
  readonly #within: (action: () => void) => void;

  constructor(clock: Clock, within: (action: () => void) => void) {
    this.#clock = clock;
    this.#within = within;
  }

  now(): number {
    return this.#clock.now();
  }

  wall(): number {
    return this.#clock.wall();
  }

  setTimeout(callback: () => void, ms: number): unknown {
    return this.#clock.setTimeout(() => this.#within(callback), ms);
  }

  clearTimeout(timer: unknown): void {
    this.#clock.clearTimeout(timer);
  }
}

/** Into how many parts a patient timer's time is divided, where it has as many milliseconds; never fewer than two. */
const PARTS = 5;

/**
 * The `customTimers` that p-timeout takes. Their time runs in parts, and each takes a turn of the loop: while our own
 * loop was blocked, what is waited for may have come, or may have some turns to go, and is seen in the turns between.
 */
export function patientTimersOf(clock: Clock) {
  return {
    setTimeout: ((callback: () => void, ms: number) => {
      const part = ms < 2 ? ms / 2 : Math.ceil(ms / PARTS);
      const timer: { id?: unknown } = {};
      const wait = (left: number) => {
        const isLast = left <= part;
        timer.id = clock.setTimeout(isLast ? callback : () => wait(left - part), isLast ? left : part);
      };
      wait(ms);
      return timer;
    }) as unknown as typeof setTimeout,
    // p-timeout clears also what it has not set: an endless wait has no timer.
    clearTimeout: ((timer: { id: unknown } | undefined) => {
      if (timer) clock.clearTimeout(timer.id);
    }) as unknown as typeof clearTimeout,
  };
}
