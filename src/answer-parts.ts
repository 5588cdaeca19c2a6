import type { Arrivals } from "./arrivals.js";
import type { Call } from "./call.js";
import type { ConsumerWatch } from "./consumer-watch.js";
import { type AttemptError, Cancelled } from "./errors.js";
import type { Committed } from "./lane.js";
import { Seam } from "./recovery.js";
import type { ContentPart, Failure, Part } from "./types.js";

type Read = IteratorResult<readonly Part[], undefined>;

const DONE = { done: true, value: undefined } as const;

/**
 * The parts of the committed attempt, and of the one that takes over when it dies. A class and no generator, whose
 * machinery takes longer than the rest of a read that brings one event.
 */
export class AnswerParts implements Arrivals<readonly Part[]> {
  readonly #call: Call;
  readonly #first: Promise<Committed>;
  readonly #watch: ConsumerWatch;
  readonly #onRead: () => void;
  #current: Committed | undefined;
  #takeover: Takeover | undefined;
  #over = false;

  /** `onRead` is called at the end of each `next` and of `leave`. */
  constructor(call: Call, first: Promise<Committed>, watch: ConsumerWatch, onRead: () => void) {
    this.#call = call;
    this.#first = first;
    this.#watch = watch;
    this.#onRead = onRead;
  }

  /** Not to be asked again before its answer is there. */
  async next(): Promise<Read> {
    const call = this.#call;
    try {
      if (this.#over) return DONE;
      this.#watch.pulled();
      // The call may have ended while the consumer held the parts.
      if (this.#current && call.settled) throw new Cancelled("settled");
      for (;;) {
        const current: Committed = this.#current ?? (await this.#first);
        let parts: readonly Part[];
        if (!this.#current) {
          this.#current = current;
          parts = current.head;
        } else if (current.attempt.done) {
          this.#over = true;
          return { done: false, value: call.won(current.attempt) };
        } else {
          try {
            const read = await current.attempt.next();
            parts = this.#takeover?.take(read, current.attempt.done) ?? read;
          } catch (error) {
            parts = await this.#recover(current, error);
          }
        }
        // Or while a read was on its way here.
        if (call.settled) throw new Cancelled("settled");
        if (parts.length > 0) return { done: false, value: this.#shown(parts) };
      }
    } catch (error) {
      this.#over = true;
      throw call.fail(error);
    } finally {
      this.#onRead();
    }
  }

  /** Only while one and the same attempt goes on: all else takes its time. */
  wait(wake: () => void): boolean {
    const attempt = this.#current?.attempt;
    if (!attempt || attempt.done || this.#takeover || this.#over || this.#call.settled) return false;
    this.#watch.pulled();
    return attempt.wait(wake);
  }

  arrived(): readonly Part[] | undefined {
    if (this.#over || this.#call.settled) return undefined;
    const parts = this.#current?.attempt.arrived();
    // An observer may have ended the call when it was told what has come.
    return parts && parts.length > 0 && !this.#call.settled ? this.#shown(parts) : undefined;
  }

  #shown(parts: readonly Part[]): readonly Part[] {
    this.#call.show(parts);
    this.#watch.waiting();
    return parts;
  }

  async leave(): Promise<Read> {
    this.#over = true;
    this.#onRead();
    return DONE;
  }

  async #recover(died: Committed, error: unknown): Promise<readonly Part[]> {
    const next = await this.#call.recover(died, error);
    this.#takeover = new Takeover(this.#call, next, died.attempt.n, (error as AttemptError).failure);
    this.#current = next;
    return this.#takeover.take(next.head, next.attempt.done);
  }
}

/** The parts of an attempt that took over: after a restart, or joined to what was shown. */
class Takeover {
  readonly #call: Call;
  readonly #n: number;
  readonly #restart: Extract<Part, { type: "restart" }>;
  readonly #seam: Seam | undefined;
  #begun = false;

  constructor(call: Call, { attempt }: Committed, died: number, failure: Failure) {
    this.#call = call;
    this.#n = attempt.n;
    this.#restart = { type: "restart", attempt: died, failure };
    this.#seam = attempt.continues ? new Seam(call.shown) : undefined;
  }

  take(read: readonly ContentPart[], last: boolean): readonly Part[] {
    const { parts, anew } = this.#seam ? this.#seam.join(read, last) : { parts: read, anew: true };
    if (this.#begun || (parts.length === 0 && !last)) return parts;
    this.#begun = true;
    this.#call.recovered(this.#n, anew ? "restart" : "continue", this.#restart.failure);
    // A model that was to continue and began anew gives a whole answer of its own: nothing is spliced.
    return anew ? [this.#restart, ...parts] : parts;
  }
}
