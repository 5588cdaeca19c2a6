import type { ChainStream } from "../../src/answer-stream.js";
import type { AuditRecord } from "../../src/record.js";
import type { Part } from "../../src/types.js";

export const FINISH: Part = { type: "finish", reason: "stop", model: "m" };
export const textPart = (text: string): Part => ({ type: "text", text });

type Batch = readonly Part[] | Error | Promise<readonly Part[]>;

/** A chain's stream that gives what it is told to, and notes what is done to it. */
export function scriptedStream(batches: readonly Batch[]) {
  const seen = { asked: 0, cancelled: 0 };
  const aborted = new Error("the stream was cancelled");
  let abort = (_: Error) => {};
  const gone = new Promise<never>((_, reject) => {
    abort = reject;
  });
  gone.catch(() => {});
  const stream = {
    record: Promise.resolve({ callId: "c", outcome: "ok", attempts: [{ n: 1 }] } as unknown as AuditRecord),
    async *batches() {
      for (const batch of batches) {
        seen.asked++;
        if (seen.cancelled > 0) throw aborted;
        if (batch instanceof Error) throw batch;
        yield await Promise.race([batch, gone]);
      }
    },
    cancel() {
      seen.cancelled++;
      abort(aborted);
    },
  } as unknown as ChainStream;
  return { stream, seen, aborted };
}
