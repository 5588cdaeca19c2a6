import type { AgentResponseChunk, Message } from "@aigne/core";
import { mergeAgentResponseChunk } from "@aigne/core/utils/stream-utils.js";

type Chunk = AgentResponseChunk<Message>;

/** All that a stream gives, what it comes to, and the error that it ended with. */
export async function collect(
  stream: AsyncIterable<unknown>,
): Promise<{ chunks: Chunk[]; merged: Record<string, unknown>; error: unknown }> {
  const chunks: Chunk[] = [];
  const merged: Record<string, unknown> = {};
  let error: unknown;
  try {
    for await (const chunk of stream as AsyncIterable<Chunk>) {
      chunks.push(chunk);
      mergeAgentResponseChunk(merged as never, chunk);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { chunks, merged, error };
}

/** The texts of the text deltas, one by one. */
export function deltaTexts(chunks: readonly AgentResponseChunk<Message>[]): string[] {
  return chunks.flatMap((chunk) => {
    const text = "delta" in chunk ? (chunk.delta.text as { text?: string } | undefined)?.text : undefined;
    return text === undefined ? [] : [text];
  });
}
