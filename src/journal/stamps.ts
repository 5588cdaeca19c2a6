import { isoOf } from "../clock.js";
import type { Clock } from "../types.js";

/** When a line was told: wall time as ISO 8601, and milliseconds since the writer began. */
export interface Stamp {
  ts: string;
  mono: number;
}

export class Stamps {
  readonly #clock: Clock;
  readonly #beganAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganAt = clock.now();
  }

  next(): Stamp {
    const mono = Math.round((this.#clock.now() - this.#beganAt) * 1_000) / 1_000;
    return { ts: isoOf(this.#clock.wall()), mono };
  }
}
