import { TextDecoder } from "node:util";
import { ArrivalIterator } from "../arrivals.js";
import { SignalError } from "../errors.js";
import type { ProviderPart } from "../types.js";
import type { ChunkDecoder } from "./chunk.js";
import type { Reply } from "./exchange.js";
import { parse } from "./json.js";
import { oversized, RESPONSE_LIMIT, type SseDecoder } from "./sse.js";
import { thrownSignal } from "./thrown.js";

/**
 * Milliseconds that a response may take to end after `[DONE]`, in the background, so that its connection can be used
 * again. Servers send the last chunk together with `[DONE]`; a connection that stays open longer is closed.
 */
export const LINGER_MS = 50;

export interface PartStreamOptions {
  /** The body is one JSON document and no event stream. */
  json: boolean;
  /** Both of this reply alone. */
  events: SseDecoder;
  chunks: ChunkDecoder;
  /** Aborting it closes the connection. */
  signal: AbortSignal;
  /** Called once, when the answer is over or given up. */
  onClose(): void;
}

const DONE = { done: true, value: undefined } as const;
const noop = () => {};

/**
 * The answer as parts, one array per network read. A class and no generator, because `return()` and an abort must
 * close the connection at once, also while a read waits and before the first one.
 */
export class PartStream extends ArrivalIterator<readonly ProviderPart[]> {
  readonly #reply: Reply;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #arrivals: ArrivalIterator<Uint8Array> | undefined;
  readonly #options: PartStreamOptions;
  readonly #decoder: ChunkDecoder;
  readonly #sse: SseDecoder;
  /** Of a document: streams have no use for it, and it is dear to make. */
  #text: TextDecoder | undefined;
  #json: boolean | undefined;
  #document = "";
  #bytes = 0;
  #ended = false;
  #failure: SignalError | undefined;
  readonly #onAbort = () => this.#stop(new SignalError({ kind: "aborted" }));

  constructor(reply: Reply, options: PartStreamOptions) {
    super();
    this.#reply = reply;
    this.#options = options;
    this.#chunks = (reply.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    this.#arrivals = ArrivalIterator.of(this.#chunks);
    this.#decoder = options.chunks;
    this.#decoder.headers = reply.headers;
    this.#sse = options.events;
    this.#json = options.json ? true : undefined;
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  async next(): Promise<IteratorResult<readonly ProviderPart[]>> {
    while (!this.#ended) {
      const parts: ProviderPart[] = [];
      try {
        const { done, value } = await this.#chunks.next();
        // Stopped meanwhile: closing the connection is what ended the read.
        if (this.#ended) break;
        if (done) this.#end(parts);
        else this.#take(value, parts);
      } catch (error) {
        this.#fail(error);
      }
      if (parts.length > 0) return { done: false, value: parts };
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
    return DONE;
  }

  wait(wake: () => void): boolean {
    return !this.#ended && (this.#arrivals?.wait(wake) ?? false);
  }

  arrived(): readonly ProviderPart[] | undefined {
    const bytes = this.#ended ? undefined : this.#arrivals?.arrived();
    if (!bytes) return undefined;
    const parts: ProviderPart[] = [];
    try {
      this.#take(bytes, parts);
    } catch (error) {
      this.#fail(error);
    }
    return parts.length > 0 ? parts : undefined;
  }

  async return(): Promise<IteratorResult<readonly ProviderPart[]>> {
    this.#stop(undefined);
    return DONE;
  }

  #take(bytes: Uint8Array, parts: ProviderPart[]): void {
    this.#bytes += bytes.length;
    if (this.#bytes > RESPONSE_LIMIT) throw oversized("the response", RESPONSE_LIMIT);
    // Errors come as plain JSON under the type of an event stream, too.
    if (this.#json === undefined) this.#json = startsWithBrace(bytes);
    if (this.#json) {
      this.#text ??= new TextDecoder();
      this.#document += this.#text.decode(bytes, { stream: true });
    } else this.#events(this.#sse.feed(bytes), parts);
  }

  #events(events: ReturnType<SseDecoder["feed"]>, parts: ProviderPart[]): void {
    for (const { data, name } of events) {
      if (isDone(data)) {
        this.#decoder.end(parts);
        this.#close();
        void this.#linger();
        return;
      }
      this.#decoder.event(data, name, parts);
    }
  }

  #end(parts: ProviderPart[]): void {
    if (this.#bytes === 0) throw new SignalError({ kind: "empty", reasoning: false });
    if (this.#json) {
      this.#decoder.reply(this.#document + this.#text!.decode(), parts);
      this.#close();
      return;
    }
    // A last line without its end may be half of one.
    const whole = this.#sse.end().filter(({ data }) => isDone(data) || parse(data) !== undefined);
    this.#events(whole, parts);
    if (this.#ended) return;
    if (!this.#decoder.finished) {
      throw new SignalError({ kind: "eof", afterContent: this.#decoder.content });
    }
    this.#close();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#close();
    this.#reply.destroy();
    const failed = error instanceof SignalError ? error : undefined;
    if (failed?.signal.kind === "aborted") this.#failure = failed;
    // A connection that breaks after the finish reason loses no more than the usage. What the server says there, or
    // says unreadably, still counts: some send "stop" with every chunk.
    else if (this.#decoder.finished && !this.#decoder.resumed && !failed) return;
    else {
      this.#failure = failed ?? new SignalError(thrownSignal(error, this.#decoder.content));
    }
  }

  #stop(failure: SignalError | undefined): void {
    if (this.#ended) return;
    this.#close();
    this.#failure = failure;
    this.#reply.destroy();
  }

  #close(): void {
    this.#ended = true;
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#options.onClose();
  }

  async #linger(): Promise<void> {
    if (this.#reply.isComplete?.()) return;
    let over = false;
    // In a later phase: an event loop that was blocked runs its timers before it reads what has come meanwhile.
    const late = () => setImmediate(() => over || this.#reply.destroy());
    const timer = setTimeout(late, LINGER_MS);
    const rest = await this.#chunks.next().catch(noop);
    over = true;
    clearTimeout(timer);
    if (!rest?.done) this.#reply.destroy();
  }
}

function isDone(data: string): boolean {
  return !data.startsWith("{") && data.trim() === "[DONE]";
}

function startsWithBrace(bytes: Uint8Array): boolean | undefined {
  for (const byte of bytes) {
    if (byte === 0x7b) return true;
    // Space, tab, CR, LF
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) return false;
  }
  return undefined;
}
