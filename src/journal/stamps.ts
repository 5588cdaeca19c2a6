import type { Clock } from "../types.js";

/** When a line was told: wall time as ISO 8601, and milliseconds since the writer began. */
export interface Stamp {
  ts: string;
  mono: number;
}

export class Stamps {
  readonly #clock: Clock;
  readonly #beganAt: number;
  #wall = Number.NaN;
  #ts = "";

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#beganAt = clock.now();
  }

  next(): Stamp {
    const wall = this.#clock.wall();
    // Many lines fall into one millisecond, and formatting costs more than all else here.
    if (wall !== this.#wall) {
      this.#wall = wall;
      this.#ts = new Date(wall).toISOString();
    }
    return { ts: this.#ts, mono: Math.round((this.#clock.now() - this.#beganAt) * 1_000) / 1_000 };
  }
}
