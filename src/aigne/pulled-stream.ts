import { AsyncResource } from "node:async_hooks";
import { setImmediate } from "node:timers";
import { Turns } from "../turns.js";

/** What a stream is pulled from: asked for one value at a time. */
export interface Pulled<T> {
  next(): Promise<IteratorResult<T, undefined>>;
  /** The next value, when it is there already. */
  ready?(): T | undefined;
  /** Resolves when it is worth to ask `arrived`; undefined: `next` has to be asked. */
  soon?(): Promise<void> | undefined;
  /** The next value, when it has come. */
  arrived?(): T | undefined;
  cancel(reason: unknown): void | Promise<void>;
}

/**
 * A ReadableStream that is never read ahead of its reader. Whoever iterates it asks the source itself and is spared what a
 * web stream takes for each chunk, which is more than all the rest of a chunk's way; for any other use it is what it extends.
 */
export class PulledStream<T> extends ReadableStream<T> {
  // One field: Node 20 gives each web stream a shape of its own, and every field added to it is another new one.
  readonly #use: Use<T>;

  /** Of nothing: it is to be given a source before it is read. */
  private constructor() {
    const use: Use<T> = {
      source: undefined as never,
      controller: undefined as never,
      begun: false,
      iterated: false,
    };
    super(
      {
        start(controller) {
          use.controller = controller;
        },
        pull: async (controller) => {
          use.begun = true;
          const { done, value } = await use.source.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => {
          use.begun = true;
          return use.source.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
    this.#use = use;
  }

  static of<T>(source: Pulled<T>): PulledStream<T> {
    return PulledStream.#over(source, new PulledStream<T>());
  }

  /** By the stream that was made beforehand, if any. It may be old in V8's sense: the source has to let go of what it keeps. */
  static prepared<T>(source: Pulled<T>): PulledStream<T> {
    const stream = (spare ?? new PulledStream()) as PulledStream<T>;
    spare = undefined;
    return PulledStream.#over(source, stream);
  }

  static #over<T>(source: Pulled<T>, stream: PulledStream<T>): PulledStream<T> {
    stream.#use.source = source;
    return stream;
  }

  /**
   * Makes one beforehand, in a moment, when nobody waits for anything but the network: it is the dearest of all that a
   * call is made of in AIGNE's part.
   */
  static prepare(): void {
    if (spare || isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      // Its promises keep the context in which they were made, which is not to be that of somebody's request.
      spare = maker.runInAsyncScope(() => new PulledStream());
    });
  }

  override values(options?: { preventCancel?: boolean }): ReturnType<ReadableStream<T>["values"]> {
    const use = this.#use;
    this.#lockInEarnest();
    if (use.begun || super.locked) return super.values(options);
    use.begun = true;
    use.iterated = true;
    const iteration = new Iteration(use.source, use.controller, {
      cancel: (reason) => (use.reader ? use.reader.cancel(reason) : super.cancel(reason)),
      release: () => {
        use.iterated = false;
        use.reader?.releaseLock();
        use.reader = undefined;
      },
      preventCancel: options?.preventCancel === true,
    });
    return iteration as unknown as ReturnType<ReadableStream<T>["values"]>;
  }

  override [Symbol.asyncIterator](options?: { preventCancel?: boolean }) {
    return this.values(options);
  }

  override get locked(): boolean {
    return this.#use.iterated || super.locked;
  }

  override getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
  override getReader(): ReadableStreamDefaultReader<T>;
  override getReader(options?: { mode?: "byob" }): Reader<T>;
  override getReader(options?: { mode?: "byob" }): Reader<T> {
    this.#lockInEarnest();
    return super.getReader(options as never);
  }

  override tee(): [ReadableStream<T>, ReadableStream<T>] {
    this.#lockInEarnest();
    return super.tee();
  }

  override pipeTo(...args: Parameters<ReadableStream<T>["pipeTo"]>): Promise<void> {
    this.#lockInEarnest();
    return super.pipeTo(...args);
  }

  override pipeThrough<R>(...args: PipeThrough<R, T>): ReadableStream<R> {
    this.#lockInEarnest();
    return super.pipeThrough(...args);
  }

  override cancel(reason?: unknown): Promise<void> {
    this.#lockInEarnest();
    return super.cancel(reason);
  }

  /** Whoever iterates holds the stream, but takes no reader for it until somebody else asks: that takes as long as half a call. */
  #lockInEarnest(): void {
    if (this.#use.iterated) this.#use.reader ??= super.getReader();
  }
}

let spare: PulledStream<unknown> | undefined;
let isDue = false;
const maker = new AsyncResource("PulledStream");

type Reader<T> = ReadableStreamDefaultReader<T> | ReadableStreamBYOBReader;
type PipeThrough<R, T> = [
  transform: { readable: ReadableStream<R>; writable: WritableStream<T> },
  options?: Parameters<ReadableStream<T>["pipeTo"]>[1],
];

interface Use<T> {
  source: Pulled<T>;
  controller: ReadableStreamDefaultController<T>;
  /** It has been read or cancelled, so that it may keep a chunk whose reader did not wait for it, or be over. */
  begun: boolean;
  iterated: boolean;
  reader?: ReadableStreamDefaultReader<T> | undefined;
}

/** What an iteration does to its stream. */
interface Held {
  cancel(reason: unknown): Promise<void>;
  release(): void;
  preventCancel: boolean;
}

/** Asks the source while its stream is locked, and leaves the stream as its own iterator would. */
class Iteration<T> {
  readonly #source: Pulled<T>;
  readonly #controller: ReadableStreamDefaultController<T>;
  readonly #held: Held;
  readonly #turns = new Turns();
  #ended = false;
  readonly #ask = () => this.#next();

  constructor(source: Pulled<T>, controller: ReadableStreamDefaultController<T>, held: Held) {
    this.#source = source;
    this.#controller = controller;
    this.#held = held;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#turns.free && !this.#ended) {
      const value = this.#source.ready?.();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    }
    return this.#turns.take(this.#ask);
  }

  return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    return this.#turns.take(() => this.#return(value));
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    try {
      if (this.#ended) return { done: true, value: undefined };
      const soon = this.#source.soon?.();
      if (soon) {
        await soon;
        const value = this.#source.arrived?.();
        if (value !== undefined) return { done: false, value };
      }
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
      this.#turns.done();
    }
  }

  async #return(value: unknown): Promise<IteratorResult<T, unknown>> {
    try {
      if (this.#ended) return { done: true, value };
      const cancelled = this.#held.preventCancel ? undefined : this.#held.cancel(value);
      this.#end();
      await cancelled;
      return { done: true, value };
    } finally {
      this.#turns.done();
    }
  }

  #end(): void {
    this.#ended = true;
    this.#held.release();
  }
}

// An iterator like others, which on later versions of Node can be disposed of.
Object.setPrototypeOf(
  Iteration.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)),
);
