import { soonOf } from "./arrivals.js";
import { Batches } from "./batches.js";
import type { Call } from "./call.js";
import { ConsumerWatch } from "./consumer-watch.js";
import { OptionsError } from "./errors.js";
import type { Committed } from "./lane.js";
import type { AuditRecord } from "./record.js";
import { Turns } from "./turns.js";
import type { Part } from "./types.js";

/** A call's answer as it comes. Iterate it once, by part or by batch. */
export interface ChainStream extends AsyncIterable<Part> {
  readonly callId: string;
  /** Always resolves, and has done so before the part `finish` is handed out. */
  readonly record: Promise<AuditRecord>;
  /** One array per network read, which is cheaper than part by part. */
  batches(): AsyncIterableIterator<readonly Part[]>;
  /** Tells `timeouts.consumerMs` that a batch is being taken, bit by bit: whoever asks for the next one tells it anyway. */
  stillRead(): void;
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

  stillRead(): void {
    this.#watch.waiting();
  }

  cancel(): void {
    this.#call.abort({ kind: "aborted", message: "the stream was cancelled" });
  }

  batches(): Batches {
    if (this.#taken)
      throw new OptionsError("a stream can be iterated once: make another call for another answer");
    this.#taken = true;
    return new Batches(this.#call, this.#first, this.#watch, () => this.cancel());
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Part> {
    const batches = this.batches();
    const turns = new Turns();
    let waiting: Part[] = [];
    const given = (): IteratorResult<Part> => {
      this.stillRead();
      return { done: false, value: waiting.pop() as Part };
    };
    const take = async (): Promise<IteratorResult<Part>> => {
      try {
        while (waiting.length === 0) {
          const soon = soonOf(batches);
          if (soon) await soon;
          const parts = soon && batches.arrived();
          const { done, value } = parts ? { value: parts } : await batches.next();
          if (done) return { done, value: undefined };
          waiting = value.toReversed();
        }
        return given();
      } finally {
        turns.done();
      }
    };
    const leave = async (): Promise<IteratorResult<Part>> => {
      try {
        waiting = [];
        await batches.return();
        return { done: true, value: undefined };
      } finally {
        turns.done();
      }
    };
    const iterator: AsyncIterableIterator<Part> = {
      // In turn: of two that wait for a batch at once, the second would overwrite what the first left of its own.
      next: () => (turns.free && waiting.length > 0 ? Promise.resolve(given()) : turns.take(take)),
      return: () => {
        // At once, and in turn: a read that is pending has not come to its end, and says so.
        this.cancel();
        return turns.take(leave);
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
