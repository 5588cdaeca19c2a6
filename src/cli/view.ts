import type { FallbackChainError } from "../errors.js";
import type { AuditAttempt, AuditRecord, CallStart, Skip } from "../record.js";
import type { Part } from "../types.js";

export interface StartedAttempt {
  n: number;
  target: string;
}

/** Shows one call while it goes on. */
export interface View {
  start(call: CallStart): void;
  attemptStarted(attempt: StartedAttempt): void;
  attemptEnded(entry: AuditAttempt): void;
  targetSkipped(skip: Skip): void;
  part(part: Part): void;
  end(record: AuditRecord, error?: FallbackChainError): void;
  /** Ends timers, whatever happened. */
  close(): void;
}

const nothing = () => {};

/** For `--json`. */
export const noView: View = {
  start: nothing,
  attemptStarted: nothing,
  attemptEnded: nothing,
  targetSkipped: nothing,
  part: nothing,
  end: nothing,
  close: nothing,
};
