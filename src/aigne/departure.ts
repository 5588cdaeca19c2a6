import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import type { DeltaSource } from "./delta-source.js";
import { PulledStream } from "./pulled-stream.js";

type Chunk = AgentResponseChunk<ChatModelOutput>;

/** Under this key `invoke` hands `process` the departure of its caller. */
export const DEPARTURE = Symbol("departure");

/** Takes word of a reader who leaves past AIGNE, whose own streams tell nobody of it. */
export class Departure {
  /** Whoever called has left. */
  left = false;
  /** A subclass may ask for several answers at once. */
  readonly #sources: DeltaSource[] = [];

  attach(source: DeltaSource): void {
    this.#sources.push(source);
    if (this.left) source.cancel();
  }

  /** AIGNE's stream, for whoever may leave it. */
  watch(aigne: ReadableStream<Chunk>): ReadableStream<Chunk> {
    const reader = aigne.getReader();
    return PulledStream.of<Chunk>({
      next: async () => {
        const { done, value } = await reader.read();
        return done ? { done, value: undefined } : { done, value };
      },
      cancel: async (reason) => {
        this.left = true;
        for (const source of this.#sources) source.cancel();
        await reader.cancel(reason);
      },
    });
  }
}
