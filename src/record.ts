import type { ChatRequest, Failure, Usage } from "./types.js";
import type { BreakerPhase } from "./vitals.js";

export type SkipReason =
  | "breaker_open"
  | "cooling_down"
  | "account_blocked"
  | "context_too_small"
  | "unsupported"
  | "too_dear"
  | "deadline"
  | "budget"
  | "busy";

/** A target passed over before a request was spent on it; or that was not hedged, or not asked again, for want of budget. */
export interface Skip {
  target: string;
  model: string;
  reason: SkipReason;
  /** The numbers behind the reason, such as `{ window: 8192, needed: 12000 }`. */
  detail?: Record<string, number | string>;
}

export interface Cost {
  usd: number;
  /** True when reckoned from tokens and a price; false when the wire said it. */
  estimated: boolean;
}

/** One HTTP request that left the process. Times in milliseconds; `startedAt` is an ISO 8601 instant. */
export interface AuditAttempt {
  n: number;
  target: string;
  model: string;
  provider: string;
  why: "first" | "retry" | "failover" | "hedge" | "recovery";
  startedAt: string;
  /** From the attempt's start to response headers. */
  headersMs?: number;
  /** From the attempt's start to its first content. */
  firstContentMs?: number;
  durationMs: number;
  outcome: "won" | "failed" | "cancelled";
  failure?: Failure;
  verdict?: "retry" | "next" | "stop";
  /** The wait before the retry that followed. */
  waitMs?: number;
  usage?: Usage;
  cost?: Cost;
  /** The model as it named itself on the wire. */
  servedModel?: string;
  /** The upstream provider as the wire named it. */
  servedBy?: string;
  generationId?: string;
  /** Request keys this provider does not support, left out of the body. */
  omitted?: string[];
  /** `max_tokens` as sent, where window or money left room for fewer than were asked for (absent: no limit was asked for). */
  maxTokens?: { asked?: number; sent: number };
}

/** A breaker that changed by what an attempt of the call showed; `atMs` is milliseconds since the call's start. */
export interface BreakerChange {
  target: string;
  phase: BreakerPhase;
  atMs: number;
}

export interface Caller {
  contextId?: string;
  userId?: string;
  sessionId?: string;
}

/** What is known when a call begins. */
export interface CallStart {
  v: 1;
  callId: string;
  startedAt: string;
  strategy: string;
  streamed: boolean;
  labels: Record<string, string>;
  caller: Caller;
  /** Target ids, in the order the strategy gave. */
  targets: string[];
  /** SHA-256 of the request, hex. */
  requestDigest: string;
}

/** One call, whole: plain JSON without prompt, answer or key. */
export interface AuditRecord extends Omit<CallStart, "targets"> {
  durationMs: number;
  outcome: "ok" | "failed" | "aborted";
  answeredBy?: {
    target: string;
    /** As it named itself on the wire. */
    model: string;
    requestedModel: string;
    provider: string;
    servedBy?: string;
    generationId?: string;
    /** `n` of the attempt that answered. */
    attempt: number;
  };
  attempts: AuditAttempt[];
  /** A target may be in `attempts`, too: passed over, and asked when nobody else was left. */
  skipped: Skip[];
  /** Of the answer only; what failed attempts used is in `attempts`. */
  usage?: Usage;
  /** Of the whole call, failed and cancelled attempts included, as far as wire or prices tell. */
  cost?: Cost;
  /** How often, and how, a stream that died after content was shown was recovered. */
  recovery?: { mode: "restart" | "continue"; count: number };
  /** Changes of breakers that this call's attempts brought about, in order; those of other calls are in theirs. */
  breakers?: BreakerChange[];
  /** Why the call failed: the error's code and the class that ended it. */
  error?: { code: string; class: string };
}

/** What was asked, and what was answered so far: for sinks whose user wants it kept. */
export interface CallContent {
  /** A copy at each look. */
  readonly request: ChatRequest;
  /** The text that was shown. */
  readonly text: string;
}

/**
 * Where records go. A method that throws, rejects or hangs is logged and counted, and never changes a call; but for
 * an AuditRefusal of `start`, which ends it before any request is sent.
 * `start` is awaited for at most 250 ms before the first request leaves.
 */
export interface AuditSink {
  start?(call: CallStart, content?: CallContent): void | Promise<void>;
  attempt?(entry: AuditAttempt & { callId: string }): void;
  write(record: AuditRecord, content?: CallContent): void | Promise<void>;
  flush?(): Promise<void>;
  close?(): Promise<void>;
}
