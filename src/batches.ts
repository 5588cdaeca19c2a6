import { AnswerParts } from "./answer-parts.js";
import { ArrivalIterator } from "./arrivals.js";
import type { Call } from "./call.js";
import type { ConsumerWatch } from "./consumer-watch.js";
import type { Committed } from "./lane.js";
import { Turns } from "./turns.js";
import type { Part } from "./types.js";

/** The answer of a call, one array per network read. What is done to read it is done in the context of the call's caller. */
export class Batches extends ArrivalIterator<readonly Part[]> {
  readonly #call: Call;
  readonly #parts: AnswerParts;
  readonly #leave: () => void;
  readonly #turns = new Turns();
  readonly #ask = () => this.#parts.next();
  readonly #next = () => this.#turns.take(this.#ask);
  readonly #arrived = () => this.#parts.arrived();

  /** `leave` ends the call. */
  constructor(call: Call, first: Promise<Committed>, watch: ConsumerWatch, leave: () => void) {
    super();
    this.#call = call;
    this.#parts = new AnswerParts(call, first, watch, () => this.#turns.done());
    this.#leave = leave;
  }

  next(): Promise<IteratorResult<readonly Part[]>> {
    return this.#call.within(this.#next);
  }

  wait(wake: () => void): boolean {
    return this.#turns.free && this.#parts.wait(wake);
  }

  arrived(): readonly Part[] | undefined {
    return this.#call.within(this.#arrived);
  }

  return(): Promise<IteratorResult<readonly Part[]>> {
    // At once, and not when the read that is pending has ended.
    this.#leave();
    return this.#turns.take(() => this.#parts.leave());
  }
}
