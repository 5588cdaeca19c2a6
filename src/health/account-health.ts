import type { Failure, FailureClass } from "../types.js";

interface Block {
  class: FailureClass;
  since: number;
  until: number;
  stated: boolean;
}

/** What all calls together know of one key. Times are monotonic ms. */
export class AccountHealth {
  #all: Block | undefined;
  /** Of `:free` models alone. */
  #free: Block | undefined;
  #strikes = 0;
  /** When the first of them came. */
  #struckAt = 0;

  /** A failure that speaks for the whole key, or for its free tier. */
  block(
    { class: name, tier }: Failure,
    stated: number | undefined,
    guessMs: (strikes: number) => number,
    now: number,
  ): void {
    if (this.#strikes === 0) this.#struckAt = now;
    const block = {
      class: name,
      since: now,
      until: now + (stated ?? guessMs(this.#strikes++)),
      stated: stated !== undefined,
    };
    if (tier === "free") this.#free = later(this.#free, block);
    else this.#all = later(this.#all, block);
  }

  /** A paid answer shows that key and account are well again; a free one only that the free tier is. */
  answered(free: boolean, startedAt: number): void {
    if (startedAt >= this.#struckAt) this.#strikes = 0;
    const block = free ? this.#free : this.#all;
    // What was learnt later stands.
    if (block && block.since > startedAt) return;
    if (free) this.#free = undefined;
    else this.#all = undefined;
  }

  blocked(free: boolean, now: number): Block | undefined {
    const blocks = [this.#all, free ? this.#free : undefined].filter((block) => block && block.until > now);
    return blocks.reduce((a, b) => later(a, b), undefined);
  }
}

function later(a: Block | undefined, b: Block | undefined): Block | undefined {
  return a && b ? (b.until > a.until ? b : a) : (a ?? b);
}
