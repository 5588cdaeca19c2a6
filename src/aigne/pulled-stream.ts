/** What a stream is pulled from: asked for one value at a time. */
export interface Pulled<T> {
  next(): Promise<IteratorResult<T, undefined>>;
  cancel(reason: unknown): void | Promise<void>;
}

/**
 * A ReadableStream that is never read ahead of its reader. Whoever iterates it asks the source itself and is spared what a
 * web stream takes for each chunk, which is more than all the rest of a chunk's way; for any other use it is what it extends.
 */
export class PulledStream<T> extends ReadableStream<T> {
  readonly #source: Pulled<T>;
  readonly #controller: ReadableStreamDefaultController<T>;
  /** It has been read or cancelled, so that it may keep a chunk whose reader did not wait for it, or be over. */
  #begun = false;

  constructor(source: Pulled<T>) {
    let controller!: ReadableStreamDefaultController<T>;
    super(
      {
        start(own) {
          controller = own;
        },
        pull: async () => {
          this.#begun = true;
          const { done, value } = await source.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => {
          this.#begun = true;
          return source.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
    this.#source = source;
    this.#controller = controller;
  }

  override values(options?: { preventCancel?: boolean }): ReturnType<ReadableStream<T>["values"]> {
    if (this.#begun) return super.values(options);
    const iterator = new Iteration(
      this.getReader(),
      this.#source,
      this.#controller,
      options?.preventCancel === true,
    );
    this.#begun = true;
    return iterator as unknown as ReturnType<ReadableStream<T>["values"]>;
  }

  override [Symbol.asyncIterator](options?: { preventCancel?: boolean }) {
    return this.values(options);
  }
}

/** Holds the stream locked while it asks the source, and leaves the stream as its own iterator would. */
class Iteration<T> {
  readonly #reader: ReadableStreamDefaultReader<T>;
  readonly #source: Pulled<T>;
  readonly #controller: ReadableStreamDefaultController<T>;
  readonly #preventCancel: boolean;
  #last: Promise<unknown> = Promise.resolve();
  /** How often it was asked without an answer yet. */
  #asked = 0;
  #ended = false;

  constructor(
    reader: ReadableStreamDefaultReader<T>,
    source: Pulled<T>,
    controller: ReadableStreamDefaultController<T>,
    preventCancel: boolean,
  ) {
    this.#reader = reader;
    this.#source = source;
    this.#controller = controller;
    this.#preventCancel = preventCancel;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return this.#inTurn(() => this.#next());
  }

  return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    return this.#inTurn(() => this.#return(value));
  }

  /** Whoever asks again before the last answer is there waits for it. */
  #inTurn<R>(ask: () => Promise<R>): Promise<R> {
    const answer = this.#asked++ === 0 ? ask() : this.#last.then(ask, ask);
    this.#last = answer;
    return answer;
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    try {
      if (this.#ended) return { done: true, value: undefined };
      const result = await this.#source.next();
      if (result.done) {
        this.#controller.close();
        this.#end();
      }
      return result;
    } catch (error) {
      this.#controller.error(error);
      this.#end();
      throw error;
    } finally {
      this.#asked--;
    }
  }

  async #return(value: unknown): Promise<IteratorResult<T, unknown>> {
    try {
      if (this.#ended) return { done: true, value };
      const cancelled = this.#preventCancel ? undefined : this.#reader.cancel(value);
      this.#end();
      await cancelled;
      return { done: true, value };
    } finally {
      this.#asked--;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#reader.releaseLock();
  }
}

// An iterator like others, which on later versions of Node can be disposed of.
Object.setPrototypeOf(
  Iteration.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)),
);
