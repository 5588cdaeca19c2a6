import { type Answer, AnswerFold } from "../answer.js";
import type { ChainStream } from "../answer-stream.js";
import { FallbackChainError } from "../errors.js";
import type { AuditRecord } from "../record.js";
import { LiveView } from "./live-view.js";
import { PlainView } from "./plain-view.js";
import type { Terminal } from "./terminal.js";
import type { View } from "./view.js";

/** How a call ended: `answer` without `error`, or what came of it until the error. */
export interface Outcome {
  answer: Answer;
  record: AuditRecord;
  error?: FallbackChainError;
}

export function viewOn(terminal: Terminal): View {
  return terminal.live ? new LiveView(terminal) : new PlainView(terminal);
}

/** Shows a call from beginning to end. Throws what is no outcome of a call, such as an OptionsError. */
export async function follow(stream: ChainStream, view: View): Promise<Outcome> {
  const fold = new AnswerFold();
  let error: FallbackChainError | undefined;
  try {
    for await (const batch of stream.batches()) {
      fold.add(batch);
      for (const part of batch) view.part(part);
    }
  } catch (caught) {
    if (!FallbackChainError.is(caught)) throw caught;
    error = caught;
  } finally {
    view.close();
  }
  const record = await stream.record;
  view.end(record, error);
  return { answer: fold.answer, record, ...(error && { error }) };
}
