import type { Random } from "./random.js";

const MIN_BLOCK_MS = 20_000;
const MAX_BLOCK_MS = 40_000;

/** A target's fate: blocks of 20 to 40 s, each of them down with probability `p`, whatever came before. */
export class Outages {
  readonly #p: number;
  readonly #random: Random;
  #until: number;
  #down: boolean;

  constructor(p: number, random: Random) {
    this.#p = p;
    this.#random = random;
    this.#down = random() < p;
    // Targets must not change in step at the start.
    this.#until = random() * MAX_BLOCK_MS;
  }

  /** `now` never goes back. */
  down(now: number): boolean {
    while (now >= this.#until) {
      this.#until += MIN_BLOCK_MS + this.#random() * (MAX_BLOCK_MS - MIN_BLOCK_MS);
      this.#down = this.#random() < this.#p;
    }
    return this.#down;
  }
}
