import type { Played } from "./play.js";

/** What a run has come by, in words: properties that hold of little say little. */
export function reached({ calls, seen }: Played): string[] {
  const words: string[] = [];
  for (const { outcome, record, spec } of calls) {
    words.push(`${spec.reader}: ${outcome}`);
    if (!record) continue;
    words.push(record.error ? `code ${record.error.code}` : "ok");
    if (record.recovery) words.push(`${record.recovery.mode}, ${record.outcome}`);
    for (const { reason } of record.skipped) words.push(`skipped: ${reason}`);
    for (const { why, outcome, failure, maxTokens } of record.attempts) {
      words.push(`${why} ${outcome}`);
      if (failure) words.push(`failed: ${failure.class}`);
      if (failure?.phase) words.push(`clock: ${failure.phase}`);
      if (maxTokens) words.push("a smaller max_tokens");
    }
  }
  for (const { prefix, act } of seen) if (prefix !== undefined) words.push(`a continuation ${act.resume}`);
  return words;
}

/** Every ten thousand runs come by each of these at least thirty times. */
export const EXPECTED: readonly string[] = [
  ...["answered", "failed"].flatMap((how) =>
    ["reads", "completes", "is slow"].map((who) => `${who}: ${how}`),
  ),
  ...["breaks off", "stops", "never comes"].map((who) => `${who}: left`),
  ...["exhausted", "stopped", "deadline", "aborted", "interrupted"].map((code) => `code ${code}`),
  ...["restart, ok", "restart, failed", "continue, ok", "continue, failed"],
  ...[
    "breaker_open",
    "cooling_down",
    "account_blocked",
    "context_too_small",
    "unsupported",
    "too_dear",
    "deadline",
    "budget",
    "busy",
  ].map((reason) => `skipped: ${reason}`),
  ...["first", "retry", "failover", "hedge", "recovery"].flatMap((why) =>
    ["won", "failed", "cancelled"].map((how) => `${why} ${how}`),
  ),
  ...[
    "rate_limit",
    "overloaded",
    "server_error",
    "network",
    "timeout",
    "stream_interrupted",
    "empty_response",
    "invalid_response",
    "context_length",
    "content_filter",
    "auth",
    "payment",
    "not_found",
    "unsupported",
    "invalid_request",
  ].map((name) => `failed: ${name}`),
  ...["connect", "first_token", "idle", "throughput"].map((phase) => `clock: ${phase}`),
  "a smaller max_tokens",
  ...["goes on", "repeats the end", "begins anew", "refuses"].map((how) => `a continuation ${how}`),
];
