import type { AnswerCheck } from "./answer-check.js";
import type { Emit } from "./events.js";
import type { LagMeter } from "./lag.js";
import type { AuditAttempt } from "./record.js";
import type { AttemptTimeouts, Clock, Failure, Signal, Target, WireRequest } from "./types.js";

/** `content`: text is shown as it comes. `complete`: nothing is shown before the whole answer has passed its check. */
export type Gate = "content" | "complete";

export interface AttemptInit {
  id: string;
  n: number;
  target: Target;
  why: AuditAttempt["why"];
  request: WireRequest;
  omitted: readonly string[];
  /** `max_tokens` as sent, where it is not what was asked for. */
  maxTokens?: AuditAttempt["maxTokens"];
  timeouts: AttemptTimeouts;
  gate: Gate;
  /** What one read brings of the text is one part. */
  coalesce: boolean;
  check: AnswerCheck;
  /** The request ends with the text shown so far, to be continued. */
  continues: boolean;
  clock: Clock;
  lag: LagMeter;
  emit: Emit;
  /** Classifies, and removes secrets and echoes. */
  explain: (signal: Signal) => Failure;
  /** Removes the provider's secrets. */
  redact: (text: string) => string;
  onContent: () => void;
  /** Runs what sends the request; calls it once. */
  around: <T>(open: () => T) => T;
}
