import type { Call } from "./call.js";
import { ConsumerWatch } from "./consumer-watch.js";
import { type AttemptError, Cancelled } from "./errors.js";
import type { Committed } from "./lane.js";
import type { AuditRecord } from "./record.js";
import { Seam } from "./recovery.js";
import type { ContentPart, Part } from "./types.js";

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
  #read = false;

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
        if (!this.#read) this.#watch.waiting();
      },
      // A stream that nobody reads must end, and be recorded, all the same.
      (error) => call.fail(error),
    );
  }

  cancel(): void {
    this.#call.abort({ kind: "aborted", message: "the stream was cancelled" });
  }

  batches(): AsyncIterableIterator<readonly Part[]> {
    const parts = this.#parts();
    const iterator: AsyncIterableIterator<readonly Part[]> = {
      next: () => parts.next(),
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
    let waiting: Part[] = [];
    const iterator: AsyncIterableIterator<Part> = {
      async next() {
        while (waiting.length === 0) {
          const { done, value } = await batches.next();
          if (done) return { done, value: undefined };
          waiting = value.toReversed();
        }
        return { done: false, value: waiting.pop() as Part };
      },
      return: () => batches.return?.() as Promise<IteratorResult<Part>>,
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async *#parts(): AsyncGenerator<readonly Part[], undefined> {
    const call = this.#call;
    this.#read = true;
    this.#watch.pulled();
    try {
      let current = await this.#first;
      let seam: Seam | undefined;
      let parts: readonly Part[] = current.head;
      for (;;) {
        if (parts.length > 0) {
          call.show(parts);
          this.#watch.waiting();
          yield parts;
          this.#watch.pulled();
          if (call.settled) throw new Cancelled("settled");
        }
        const { attempt } = current;
        if (attempt.done) break;
        let read: readonly ContentPart[];
        try {
          read = await attempt.next();
          parts = seam ? seam.join(read, attempt.done) : read;
        } catch (error) {
          const next = await call.recover(current, error);
          seam = next.attempt.continues ? new Seam(call.shown) : undefined;
          parts = seam ? seam.join(next.head, next.attempt.done) : [restart(attempt.n, error), ...next.head];
          current = next;
        }
      }
      yield call.won(current.attempt);
    } catch (error) {
      throw call.fail(error);
    }
  }
}

/** `recover` lets only the failures of attempts pass. */
function restart(attempt: number, error: unknown): Part {
  return { type: "restart", attempt, failure: (error as AttemptError).failure };
}
