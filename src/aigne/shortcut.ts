import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import type { DeltaSource } from "./delta-source.js";
import { type Pulled, PulledStream } from "./pulled-stream.js";

type Chunk = AgentResponseChunk<ChatModelOutput>;
type Said = Awaited<ReturnType<ReadableStreamDefaultReader<Chunk>["read"]>>;

/** Under this key `invoke` hands `process` its shortcut. */
export const SHORTCUT = Symbol("shortcut");

/**
 * The way of deltas from `process` to whoever called `invoke`, past AIGNE: there each would go through two web streams and a
 * merge, which takes longer than to receive it. AIGNE gets the same answer as one delta when it has ended, judges it, calls its
 * hooks and counts its tokens as ever; what it then says of its own (a hook's output, a retry, an error) follows here.
 */
export class Shortcut implements Pulled<Chunk> {
  /** Whoever called has left. */
  cancelled = false;
  readonly #direct: boolean;
  #aigne!: ReadableStreamDefaultReader<Chunk>;
  /** What AIGNE says next. */
  #saying: Promise<Said> | undefined;
  /** In the order attached; a subclass may ask for several answers at once. */
  #sources: DeltaSource[] = [];
  /** The last of them, until it has given all. */
  #open: DeltaSource | undefined;
  #ahead: Promise<readonly Chunk[] | undefined> | undefined;
  #onSource: (() => void) | undefined;
  #chunks: readonly Chunk[] = [];
  #taken = 0;

  /** Not `direct`: every delta goes through AIGNE, for the sake of what somebody has put in its way. */
  constructor({ direct }: { direct: boolean }) {
    this.#direct = direct;
  }

  /** Returns what AIGNE is to read of an answer; it may ask for another one after that. */
  attach(source: DeltaSource): ReadableStream<Chunk> | AsyncGenerator<Chunk> {
    this.#sources.push(source);
    if (this.cancelled) source.cancel();
    if (!this.#direct) return source.deltas();
    this.#open = source;
    // The first at once: AIGNE is to hear of a call that fails although nobody reads.
    this.#ahead = source.read();
    this.#onSource?.();
    return source.summary();
  }

  /** The stream for whoever called, beside the one that AIGNE gave. */
  join(aigne: ReadableStream<Chunk>): ReadableStream<Chunk> {
    this.#aigne = aigne.getReader();
    return new PulledStream(this);
  }

  async next(): Promise<IteratorResult<Chunk, undefined>> {
    for (;;) {
      const { [this.#taken]: chunk } = this.#chunks;
      if (chunk) {
        this.#taken++;
        return { done: false, value: chunk };
      }
      if (this.#open) await this.#refill(this.#open);
      else {
        const said = await this.#hear();
        if (said?.done) return { done: true, value: undefined };
        // Only the very same: should AIGNE ever hand on a copy, it says once more, as JSON, what was said already.
        if (said && said.value !== this.#sources.at(-1)?.summarised)
          return { done: false, value: said.value };
      }
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.cancelled = true;
    for (const source of this.#sources) source.cancel();
    await this.#aigne.cancel(reason);
  }

  async #refill(source: DeltaSource): Promise<void> {
    const chunks = await (this.#ahead ?? source.read());
    this.#ahead = undefined;
    this.#chunks = chunks ?? [];
    this.#taken = 0;
    if (!chunks) this.#open = undefined;
  }

  /** What AIGNE says next; undefined when an answer begins instead. */
  async #hear(): Promise<Said | undefined> {
    this.#saying ??= this.#aigne.read();
    const begun = new Promise<undefined>((resolve) => {
      this.#onSource = () => resolve(undefined);
    });
    try {
      const said = await Promise.race([this.#saying, begun]);
      if (said) this.#saying = undefined;
      if (said?.done) this.#forget();
      return said;
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  /** In Node 20 web streams outlive every young collection, and with them all that they lead to. */
  #forget(): void {
    this.#sources = [];
    this.#chunks = [];
  }
}
