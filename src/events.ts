import type { AuditAttempt, CallStart, Cost, Skip } from "./record.js";
import type { Failure, FinishReason, Target, Usage, Verdict } from "./types.js";
import type { BreakerPhase } from "./vitals.js";

/** Everything that happens in a call, in order; log, record and metrics are folds over it. `at` is monotonic ms. */
export type ChainEvent =
  | { type: "call.started"; at: number; start: CallStart }
  | { type: "target.skipped"; at: number; skip: Skip }
  | {
      type: "attempt.started";
      at: number;
      wall: number;
      n: number;
      target: Target;
      why: AuditAttempt["why"];
      omitted: readonly string[];
      maxTokens?: AuditAttempt["maxTokens"];
    }
  | { type: "attempt.headers"; at: number; n: number; status: number }
  | { type: "attempt.first_content"; at: number; n: number }
  | { type: "attempt.meta"; at: number; n: number; model?: string; generationId?: string; servedBy?: string }
  | { type: "attempt.usage"; at: number; n: number; usage: Usage }
  /** Told just before the attempt's end. */
  | { type: "attempt.cost"; at: number; n: number; cost: Cost }
  | { type: "attempt.failed"; at: number; n: number; failure: Failure; verdict: Verdict }
  | { type: "attempt.cancelled"; at: number; n: number; reason: "lost" | "aborted" | "deadline" }
  | { type: "attempt.won"; at: number; n: number; finishReason: FinishReason }
  /** By what this call's attempts have shown; other calls change breakers too. */
  | { type: "breaker.changed"; at: number; target: Target; phase: BreakerPhase }
  | { type: "recovery"; at: number; n: number; mode: "restart" | "continue"; failure: Failure }
  | {
      type: "call.finished";
      at: number;
      outcome: "ok" | "failed" | "aborted";
      code?: string;
      failure?: Failure;
    };

export type Emit = (event: ChainEvent) => void;

/** An event before it is stamped. */
export type Untimed<E> = E extends ChainEvent ? Omit<E, "at"> : never;

/** In place, since whoever emits an event has made it for that alone. */
export function stamped(event: Untimed<ChainEvent>, at: number): ChainEvent {
  const whole = event as ChainEvent;
  whole.at = at;
  return whole;
}
