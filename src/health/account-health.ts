import type { Failure, FailureClass } from "../types.js";
import { graver } from "./target-health.js";

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
    if (tier === "free") this.#free = inForce(this.#free, block, now);
    else this.#all = inForce(this.#all, block, now);
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
    const all = this.#all && this.#all.until > now ? this.#all : undefined;
    return free && this.#free && this.#free.until > now ? inForce(all, this.#free, now) : all;
  }
}

function inForce(before: Block | undefined, found: Block, now: number): Block {
  return before && before.until > now ? graver(before, found) : found;
}
