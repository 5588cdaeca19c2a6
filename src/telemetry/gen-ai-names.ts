/**
 * Every name that leaves through OpenTelemetry, in one place.
 *
 * Source of the `gen_ai.*` names, of the buckets and of what an attribute means:
 * https://github.com/open-telemetry/semantic-conventions-genai, status Development,
 * docs/gen-ai/client-inference.md as of commit 024a4f944a1291fcb627c9c47da69e79868dd15e (spans, durations) and
 * docs/gen-ai/gen-ai-token-metrics.md as of commit 066d4a7f356f8600de6f10c42874626ab88692fb (tokens).
 * These names are not in the stable conventions any more and may still change: a newer commit means a look at this file.
 * `error.type`, `http.*` and `server.*` are stable: https://github.com/open-telemetry/semantic-conventions, v1.44.0.
 */

/** The instrumentation scope. */
export const SCOPE = "@aigne/open-router";

/** The value of `gen_ai.operation.name`. */
export const CHAT = "chat";

/** The value of `gen_ai.token.modality`: the wire does not break usage down. */
export const UNKNOWN_MODALITY = "unknown";

/** The finish reason that stands for one that was expected and did not come. */
export const NO_FINISH = "error";

export const ATTRIBUTE = {
  operation: "gen_ai.operation.name",
  provider: "gen_ai.provider.name",
  conversation: "gen_ai.conversation.id",
  requestModel: "gen_ai.request.model",
  requestStream: "gen_ai.request.stream",
  requestMaxTokens: "gen_ai.request.max_tokens",
  responseModel: "gen_ai.response.model",
  responseId: "gen_ai.response.id",
  finishReasons: "gen_ai.response.finish_reasons",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  modality: "gen_ai.token.modality",
  errorType: "error.type",
  resendCount: "http.request.resend_count",
  statusCode: "http.response.status_code",
  serverAddress: "server.address",
  serverPort: "server.port",
} as const;

export const METRIC = {
  inferenceDuration: "gen_ai.client.inference.duration",
  timeToFirstChunk: "gen_ai.client.inference.time_to_first_chunk",
  inputTokens: "gen_ai.client.inference.usage.input_tokens",
  outputTokens: "gen_ai.client.inference.usage.output_tokens",
  cacheReadTokens: "gen_ai.client.inference.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.client.inference.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.client.inference.usage.reasoning.output_tokens",
} as const;

/** Seconds: the boundaries the convention advises for durations of an inference. */
export const DURATION_BUCKETS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/** Ours: the convention knows of no call that takes several inferences. */
export const CHAIN_ATTRIBUTE = {
  callId: "fallback_chain.call_id",
  strategy: "fallback_chain.strategy",
  streamed: "fallback_chain.streamed",
  targets: "fallback_chain.targets",
  /** `ok`, `failed`, `aborted` of a call; `won`, `failed`, `cancelled` of an attempt. */
  outcome: "fallback_chain.outcome",
  errorCode: "fallback_chain.error.code",
  answeredBy: "fallback_chain.answered_by",
  attempts: "fallback_chain.attempts",
  attempt: "fallback_chain.attempt",
  target: "fallback_chain.target",
  why: "fallback_chain.why",
  verdict: "fallback_chain.verdict",
  waitMs: "fallback_chain.wait_ms",
  cancelled: "fallback_chain.cancelled",
  scope: "fallback_chain.failure.scope",
  servedBy: "fallback_chain.served_by",
  costUsd: "fallback_chain.cost.usd",
  costEstimated: "fallback_chain.cost.estimated",
  reason: "fallback_chain.reason",
  /** Followed by the name of the number. */
  detail: "fallback_chain.detail",
  mode: "fallback_chain.recovery.mode",
  phase: "fallback_chain.breaker.phase",
} as const;

/** Events of the call's span. */
export const CHAIN_EVENT = {
  skipped: "fallback_chain.target_skipped",
  breaker: "fallback_chain.breaker_changed",
  recovery: "fallback_chain.recovery",
} as const;

export const CHAIN_METRIC = {
  callDuration: "fallback_chain.call.duration",
  attempts: "fallback_chain.attempts",
  failovers: "fallback_chain.failovers",
  skipped: "fallback_chain.skipped",
  breakerState: "fallback_chain.breaker.state",
  cost: "fallback_chain.cost",
} as const;

/** Seconds: a call may take as long as several inferences, by default up to 600 s. */
export const CALL_DURATION_BUCKETS = [...DURATION_BUCKETS, 163.84, 327.68, 655.36];

/** Values of the breaker's gauge. */
export const BREAKER_STATE = { closed: 0, half_open: 1, open: 2 } as const;
