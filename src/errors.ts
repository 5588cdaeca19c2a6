import type { AuditAttempt, AuditRecord, Skip } from "./record.js";
import type { Failure, Signal } from "./types.js";

/** A wrong option. The message names the option's path and the value it got. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
}

/** What a provider throws: raw evidence, classified by the chain. Never shown to the caller. */
export class SignalError extends Error {
  override readonly name = "SignalError";
  readonly signal: Signal;

  constructor(signal: Signal) {
    super(signal.kind);
    this.signal = signal;
  }
}

/** An attempt or a wait that was ended from outside. Never shown to the caller. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";

  constructor(reason: string) {
    super(reason);
  }
}

/** No attempt was let in. Never shown to the caller. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const REFUSAL = Symbol.for("@aigne/open-router/AuditRefusal");

/** What an audit sink's `start` throws to end the call before any request is sent; its other errors change no call. */
export class AuditRefusal extends Error {
  override readonly name = "AuditRefusal";

  constructor(message: string) {
    super(message);
    Object.defineProperty(this, REFUSAL, { value: true });
  }

  /** True for this error from any copy of the package. */
  static is(value: unknown): value is AuditRefusal {
    return typeof value === "object" && value !== null && REFUSAL in value;
  }
}

/** How a call without an answer ended. */
export type FallbackChainErrorCode = "exhausted" | "stopped" | "deadline" | "aborted" | "interrupted";

/** One attempt as the error lists it. */
export interface FailedAttempt {
  model: string;
  provider: string;
  outcome: AuditAttempt["outcome"];
  failure?: Failure;
  startedAt: string;
  durationMs: number;
}

export interface FallbackChainErrorInit {
  code: FallbackChainErrorCode;
  message: string;
  record: AuditRecord;
  /** The failure that ended the call. */
  failure?: Failure;
  /** What ended it, where no request was sent. */
  refusal?: AuditRefusal;
  retryAfterMs?: number;
  partial?: string;
}

const BRAND = Symbol.for("@aigne/open-router/FallbackChainError");

/**
 * The only error a call ends with. It lists every attempt, and holds no key and no prompt.
 *
 * `code`: `exhausted` (every target failed), `stopped` (a failure that another model would not mend),
 * `deadline` (`totalMs`), `aborted` (the caller left), `interrupted` (a stream died and `recovery` is "fail").
 */
export class FallbackChainError extends Error {
  override readonly name = "FallbackChainError";
  readonly code: FallbackChainErrorCode;
  readonly attempts: FailedAttempt[];
  /** Targets passed over; one of them may be in `attempts`, too. */
  readonly skipped: Skip[];
  /** Milliseconds until it is worth trying again, as far as servers have said or breakers and cool-downs tell. */
  readonly retryAfterMs?: number;
  /** HTTP status of the failure that ended the call; 503 when no target was admitted. */
  readonly status?: number;
  /** The text shown before the stream died. */
  readonly partial?: string;
  readonly callId: string;
  readonly record: AuditRecord;

  constructor(init: FallbackChainErrorInit) {
    const { failure, record, refusal } = init;
    const cause = failure ? new AttemptError(failure) : refusal;
    super(init.message, cause && { cause });
    this.code = init.code;
    this.callId = record.callId;
    this.record = record;
    this.skipped = record.skipped;
    this.attempts = record.attempts.map(({ model, provider, outcome, failure, startedAt, durationMs }) => ({
      model,
      provider,
      outcome,
      ...(failure && { failure }),
      startedAt,
      durationMs,
    }));
    if (init.retryAfterMs !== undefined) this.retryAfterMs = init.retryAfterMs;
    if (init.partial !== undefined) this.partial = init.partial;
    const status = failure ? failure.status : 503;
    if (status !== undefined) this.status = status;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for this error from any copy of the package. */
  static is(value: unknown): value is FallbackChainError {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** The `cause` of a FallbackChainError: the failure that ended the call, as an Error. */
export class AttemptError extends Error {
  override readonly name = "AttemptError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.class}: ${failure.message}`);
    this.failure = failure;
  }
}
