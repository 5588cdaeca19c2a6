import type { ChainStream } from "../../src/answer-stream.js";
import type { AuditRecord } from "../../src/record.js";
import type { Part } from "../../src/types.js";
import { arriving } from "./arriving.js";

export const FINISH: Part = { type: "finish", reason: "stop", model: "m" };
export const textPart = (text: string): Part => ({ type: "text", text });

const isLast = (parts: readonly Part[]) => parts.at(-1)?.type === "finish";

export type Batch = readonly Part[] | Error | Promise<readonly Part[]>;

/** A chain's stream that gives what it is told to, and notes what is done to it. `arrives`: it can be waited for as a chain's own. */
export function scriptedStream(batches: readonly Batch[], { arrives = true } = {}) {
  const seen = { asked: 0, cancelled: 0 };
  const aborted = new Error("the stream was cancelled");
  let end = (_: AuditRecord["outcome"]) => {};
  let abort = (_: Error) => {};
  const record = new Promise<AuditRecord>((resolve) => {
    end = (outcome) => resolve({ callId: "c", outcome, attempts: [{ n: 1 }] } as unknown as AuditRecord);
  });
  let over: Error | undefined;
  const gone = new Promise<never>((_, reject) => {
    abort = (error) => {
      over ??= error;
      reject(error);
    };
  });
  gone.catch(() => {});
  async function* read() {
    for (const batch of batches) {
      seen.asked++;
      if (over) throw over;
      if (batch instanceof Error) {
        end("failed");
        throw batch;
      }
      const parts = await Promise.race([batch, gone]);
      if (isLast(parts)) end("ok");
      yield parts;
    }
  }
  const stream = {
    record,
    batches: () => (arrives ? arriving(read(), isLast) : read()),
    stillRead() {},
    cancel() {
      seen.cancelled++;
      end("aborted");
      abort(aborted);
    },
  } as unknown as ChainStream;
  /** As a chain's stream that nobody reads ends all the same. */
  const die = (error: Error) => {
    end("failed");
    abort(error);
  };
  return { stream, seen, aborted, die };
}
