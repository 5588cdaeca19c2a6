import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import type { ChainStream } from "../answer-stream.js";
import type { Deltas } from "./deltas.js";

/**
 * The chain's stream as AIGNE reads it: pulled, never pushed, so that a consumer who stops reading is noticed by the
 * chain and slows the upstream down; cancelling it closes the upstream.
 */
export function answerSource(
  stream: ChainStream,
  deltas: Deltas,
): ReadableStream<AgentResponseChunk<ChatModelOutput>> {
  const batches = stream.batches();
  return new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          const { done, value: parts } = await batches.next();
          if (done) return controller.close();
          const finished = parts.at(-1)?.type === "finish";
          const chunks = deltas.push(parts, finished ? await stream.record : undefined);
          for (const chunk of chunks) controller.enqueue(chunk);
          // A pull that brings nothing would not be repeated.
          if (chunks.length > 0) return;
        }
      },
      cancel() {
        stream.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The same stream, with its cancellation told to `onCancel`: AIGNE's own streams keep it to themselves. */
export function cancellable<T>(source: ReadableStream<T>, onCancel: () => void): ReadableStream<T> {
  const reader = source.getReader();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        onCancel();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
