import type { Clock } from "./types.js";

/**
 * Notices a consumer that has left without saying so: parts wait, and nobody has asked for them for `ms`. One timer
 * that looks when it fires, since parts come and go far more often than consumers leave.
 */
export class ConsumerWatch {
  readonly #clock: Clock;
  readonly #ms: number | false;
  readonly #left: (ms: number) => void;
  #waitingSince: number | undefined;
  #timer: unknown;
  #stopped = false;

  constructor(clock: Clock, ms: number | false, left: (ms: number) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#left = left;
  }

  /** Parts wait for the consumer. */
  waiting(): void {
    if (this.#ms === false || this.#stopped) return;
    this.#waitingSince = this.#clock.now();
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), this.#ms);
  }

  /** The consumer has come for them. */
  pulled(): void {
    this.#waitingSince = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waitingSince = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#waitingSince === undefined || this.#ms === false) return;
    const leftMs = this.#waitingSince + this.#ms - this.#clock.now();
    if (leftMs > 0) this.#timer = this.#clock.setTimeout(() => this.#look(), leftMs);
    else this.#left(this.#ms);
  }
}
