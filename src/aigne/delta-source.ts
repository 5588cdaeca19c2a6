import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import type { ChainStream } from "../answer-stream.js";
import type { Part } from "../types.js";
import type { Deltas } from "./deltas.js";

type Chunk = AgentResponseChunk<ChatModelOutput>;

const noop = () => {};

/** The chain's stream as AIGNE's deltas; pulled, so that a reader who stops reading slows the upstream down. */
export class DeltaSource {
  /** Settles as the chain's stream does, once it has been read to its end. */
  readonly ended: Promise<void>;
  /** What `summary` gave. */
  summarised: Chunk | undefined;
  readonly #stream: ChainStream;
  readonly #batches: AsyncIterator<readonly Part[]>;
  readonly #deltas: Deltas;
  #cancelled = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(stream: ChainStream, deltas: Deltas) {
    this.#stream = stream;
    this.#batches = stream.batches();
    this.#deltas = deltas;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(noop);
    // A call that ends while nobody reads has ended all the same: hooks and guards wait to hear of it.
    void stream.record.then(({ outcome }) => {
      if (outcome !== "ok") void this.read();
    });
  }

  /** The next deltas, at least one; undefined when there are no more, and `ended` tells why. */
  async read(): Promise<readonly Chunk[] | undefined> {
    try {
      for (;;) {
        const { done, value: parts } = await this.#batches.next();
        if (done) break;
        const finished = parts.at(-1)?.type === "finish";
        const chunks = this.#deltas.push(parts, finished ? await this.#stream.record : undefined);
        if (chunks.length > 0) return chunks;
      }
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
    return undefined;
  }

  /** Delta by delta. */
  deltas(): ReadableStream<Chunk> {
    return new ReadableStream(
      {
        pull: async (controller) => {
          const chunks = await this.read();
          if (chunks) for (const chunk of chunks) controller.enqueue(chunk);
          else {
            await this.ended;
            controller.close();
          }
        },
        cancel: () => this.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  /** All that others have read, in one delta, once there is no more; then the error that it ended with. */
  async *summary(): AsyncGenerator<Chunk> {
    await this.ended.catch(noop);
    // To a reader who has left nothing is handed on, and AIGNE would wait for that before it looks for the error.
    if (!this.#cancelled) this.summarised = this.#deltas.summary();
    if (this.summarised) yield this.summarised;
    await this.ended;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#stream.cancel();
  }
}
