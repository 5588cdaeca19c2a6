import type { Dispatcher } from "undici";
import { ArrivalIterator } from "../arrivals.js";
import { type Reply, type ReplyHeaders, rawReplyHeaders } from "./exchange.js";
import { oversized, RESPONSE_LIMIT } from "./sse.js";
import { undici } from "./undici.js";

/** Bytes that may wait for their reader before the socket is read no further; as many as undici's own streams hold. */
export const HIGH_WATER_MARK = 64 * 1024;

const DONE = { done: true, value: undefined } as const;

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Takes one response from undici and gives its bytes to one reader: with each read all that have come. undici's own
 * handler puts a Node stream between, which costs more than the rest of a small read. This is the older of the two
 * interfaces for handlers, the one that undici's own `request` has too: its clients call it without a wrapper.
 */
export class Receiver extends ArrivalIterator<Uint8Array> implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | null | undefined;
  #head: Waiting<Reply> | undefined;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #mayPause = false;
  #paused = false;
  #complete = false;
  #closed = false;
  #failure: { error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #abort: ((error?: Error) => void) | undefined;
  #resume: (() => void) | undefined;

  /** An abort of the signal counts until the head is in; from then on whoever reads has to call `destroy`. */
  constructor(signal: AbortSignal | null | undefined, head: Waiting<Reply>) {
    super();
    this.#signal = signal;
    this.#head = head;
    signal?.addEventListener("abort", this, { once: true });
    if (signal?.aborted) this.handleEvent();
  }

  handleEvent(): void {
    this.#close(this.#signal?.reason);
  }

  destroy(): void {
    this.#close(new (undici().errors.RequestAbortedError)());
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    if (this.#closed) abort(this.#failure?.error as Error);
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    this.#resume = resume;
    const parsed = rawReplyHeaders(headers);
    this.#mayPause = isKeptAlive(parsed);
    this.#takeHead()?.resolve({
      status,
      headers: parsed,
      body: this,
      destroy: () => this.destroy(),
      isComplete: () => this.#complete,
    });
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > RESPONSE_LIMIT) this.#close(oversized("the response", RESPONSE_LIMIT));
    // Until somebody asks: a dispatcher of somebody else's may give what it has in hand all the same.
    else if (this.#mayPause && this.#size >= HIGH_WATER_MARK) this.#paused = true;
    this.#notify();
    return !this.#paused;
  }

  onComplete(): void {
    this.#complete = true;
    this.#notify();
  }

  onError(error: Error): void {
    this.#failure ??= { error };
    this.#takeHead()?.reject(error);
    this.#notify();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    // Not before somebody asks for more: until then it is better kept by the socket than here, in many small pieces.
    if (this.#isStopped) {
      this.#paused = false;
      this.#resume?.();
    }
    await new Promise<void>((resolve) => void this.wait(resolve));
    const value = this.arrived();
    if (value) return { done: false, value };
    if (this.#failure) throw this.#failure.error;
    return DONE;
  }

  get #isStopped(): boolean {
    return this.#paused && this.#chunks.length === 0 && !this.#complete && !this.#failure;
  }

  /** `wake` is to go on in a later turn: a socket read that brings several chunks gives them one after another. */
  wait(wake: () => void): boolean {
    // Reading on may run what is not ours, which has to be in the context of the call, as `next` is.
    if (this.#isStopped) return false;
    if (this.#chunks.length > 0 || this.#complete || this.#failure) wake();
    else this.#wake = wake;
    return true;
  }

  arrived(): Uint8Array | undefined {
    const chunks = this.#chunks;
    if (chunks.length === 0) return undefined;
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, this.#size);
    // Emptied, not replaced: see docs/decisions/young-and-old.md.
    chunks.length = 0;
    this.#size = 0;
    return bytes;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.destroy();
    return DONE;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #takeHead(): Waiting<Reply> | undefined {
    const head = this.#head;
    this.#head = undefined;
    this.#signal?.removeEventListener("abort", this);
    return head;
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#chunks.length = 0;
    this.#failure ??= { error };
    // Before the connection is there, undici knows nothing of an end and says nothing.
    this.#takeHead()?.reject(error);
    this.#abort?.(error);
    this.#notify();
  }
}

/**
 * Whether the connection outlives the reply. Where it may not, undici 7 throws where nobody can catch it when the connection
 * ends while its parser stands still: such a reply is taken in as it comes.
 */
function isKeptAlive({ connection = "", "transfer-encoding": coding = "" }: ReplyHeaders): boolean {
  if (/\bclose\b/i.test(connection)) return false;
  // Without either it may be HTTP/1.0.
  return /\bkeep-alive\b/i.test(connection) || /\bchunked\s*$/i.test(coding);
}
