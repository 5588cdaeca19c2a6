import type { Call } from "./call.js";
import { ConsumerWatch } from "./consumer-watch.js";
import { type AttemptError, Cancelled, OptionsError } from "./errors.js";
import type { Committed } from "./lane.js";
import type { AuditRecord } from "./record.js";
import { Seam } from "./recovery.js";
import type { ContentPart, Failure, Part } from "./types.js";

/** A call's answer as it comes. Iterate it once, by part or by batch. */
export interface ChainStream extends AsyncIterable<Part> {
  readonly callId: string;
  /** Always resolves, and has done so before the part `finish` is handed out. */
  readonly record: Promise<AuditRecord>;
  /** One array per network read, which is cheaper than part by part. */
  batches(): AsyncIterableIterator<readonly Part[]>;
  /** Ends the call and closes its sockets; the reader gets an error of code `aborted`. */
  cancel(): void;
}

/** Reads the committed attempt, and the one that takes over when it dies. */
export class AnswerStream implements ChainStream {
  readonly callId: string;
  readonly record: Promise<AuditRecord>;
  readonly #call: Call;
  readonly #first: Promise<Committed>;
  readonly #watch: ConsumerWatch;
  #taken = false;

  constructor(call: Call, consumerMs: number | false) {
    this.callId = call.id;
    this.record = call.record;
    this.#call = call;
    this.#watch = new ConsumerWatch(call.clock, consumerMs, (ms) =>
      call.abort({
        kind: "aborted",
        message: `nobody has read the stream for ${ms} ms (timeouts.consumerMs)`,
      }),
    );
    void call.record.then(() => this.#watch.stop());
    this.#first = call.begin();
    this.#first.then(
      () => {
        if (!this.#taken) this.#watch.waiting();
      },
      // A stream that nobody reads must end, and be recorded, all the same.
      (error) => call.fail(error),
    );
  }

  cancel(): void {
    this.#call.abort({ kind: "aborted", message: "the stream was cancelled" });
  }

  batches(): AsyncIterableIterator<readonly Part[]> {
    if (this.#taken)
      throw new OptionsError("a stream can be iterated once: make another call for another answer");
    this.#taken = true;
    const { within } = this.#call;
    const parts = this.#parts();
    const iterator: AsyncIterableIterator<readonly Part[]> = {
      next: () => within(() => parts.next()),
      // A generator's own return() would wait for the read that is pending.
      return: () => {
        this.cancel();
        return parts.return(undefined);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Part> {
    const batches = this.batches();
    const watch = this.#watch;
    let waiting: Part[] = [];
    let last: Promise<unknown> | undefined;
    let reads = 0;
    const given = (): IteratorResult<Part> => {
      // Whoever takes a part is still there, although the next batch is not asked for yet.
      watch.waiting();
      return { done: false, value: waiting.pop() as Part };
    };
    const take = async (): Promise<IteratorResult<Part>> => {
      try {
        while (waiting.length === 0) {
          const { done, value } = await batches.next();
          if (done) return { done, value: undefined };
          waiting = value.toReversed();
        }
        return given();
      } finally {
        reads--;
      }
    };
    const iterator: AsyncIterableIterator<Part> = {
      next() {
        if (reads === 0 && waiting.length > 0) return Promise.resolve(given());
        // In turn: of two that wait for a batch at once, the second would overwrite what the first left of its own.
        const read = reads++ > 0 && last ? last.then(take, take) : take();
        last = read;
        return read;
      },
      return: () => batches.return?.() as Promise<IteratorResult<Part>>,
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async *#parts(): AsyncGenerator<readonly Part[], undefined> {
    const call = this.#call;
    this.#watch.pulled();
    try {
      let current = await this.#first;
      let takeover: Takeover | undefined;
      let parts: readonly Part[] = current.head;
      for (;;) {
        // The call may have ended while a read was on its way here, or while the consumer held the parts.
        if (call.settled) throw new Cancelled("settled");
        if (parts.length > 0) {
          call.show(parts);
          this.#watch.waiting();
          yield parts;
          this.#watch.pulled();
          if (call.settled) throw new Cancelled("settled");
        }
        const { attempt } = current;
        if (attempt.done) break;
        try {
          const read = await attempt.next();
          parts = takeover ? takeover.take(read, attempt.done) : read;
        } catch (error) {
          const next = await call.recover(current, error);
          takeover = new Takeover(call, next, attempt.n, (error as AttemptError).failure);
          parts = takeover.take(next.head, next.attempt.done);
          current = next;
        }
      }
      yield call.won(current.attempt);
    } catch (error) {
      throw call.fail(error);
    }
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
