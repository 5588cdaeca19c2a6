import type { Clock } from "./types.js";

const TICK_MS = 500;
/** A timer later than this means that our own event loop was blocked: data may be waiting unread. */
export const LATE_MS = 250;
/** The longest gap that may go unnoticed. */
export const BLIND_MS = TICK_MS + LATE_MS;
/** How long such data gets to be read, before the upstream is blamed for its absence. */
export const UNREAD_MS = 50;

/** Knows how long our own event loop was blocked while anybody wanted to know. */
export class LagMeter {
  readonly #clock: Clock;
  #users = 0;
  #timer: unknown;
  #dueAt = Number.POSITIVE_INFINITY;
  #lostMs = 0;
  #gaps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts to measure, unless it does so already. Each needs an `end`. */
  begin(): void {
    if (this.#users++ === 0) this.#arm();
  }

  end(): void {
    if (this.#users === 0 || --this.#users > 0) return;
    this.#clock.clearTimeout(this.#timer);
    this.#book();
  }

  /** Milliseconds lost so far, at least; never falls. The gap that `now` lies in counts although no timer has told of it. */
  lostMs(now = this.#clock.now()): number {
    return this.#lostMs + this.#late(now);
  }

  /** Milliseconds lost so far, at most: a gap may have begun right behind the tick before it. */
  mostLostMs(now = this.#clock.now()): number {
    const late = this.#late(now);
    return this.#lostMs + late + (late > 0 ? this.#gaps + 1 : this.#gaps) * TICK_MS;
  }

  #late(now: number): number {
    const late = now - this.#dueAt;
    return late > LATE_MS ? late : 0;
  }

  #arm(): void {
    this.#dueAt = this.#clock.now() + TICK_MS;
    this.#timer = this.#clock.setTimeout(() => {
      this.#book();
      this.#arm();
    }, TICK_MS);
  }

  #book(): void {
    const late = this.#late(this.#clock.now());
    if (late > 0) this.#gaps++;
    this.#lostMs += late;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }
}
