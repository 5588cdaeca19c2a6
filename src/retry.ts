import { clampDelay } from "./clock.js";
import { defined } from "./defined.js";
import { isTlsFailure } from "./failure.js";
import type {
  Failure,
  FailureClass,
  ResolvedRule,
  RetryOptions,
  RetryPolicy,
  RetryRule,
  Verdict,
} from "./types.js";

/** An attempt with less time than this cannot answer. */
export const MIN_ATTEMPT_MS = 250;

const BACKOFF = { minDelayMs: 500, maxDelayMs: 8_000, factor: 2, jitter: "full" } as const;

const rule = (retries: number, lastRetries: number, then: "next" | "stop" = "next"): ResolvedRule => ({
  ...BACKOFF,
  retries,
  lastRetries,
  then,
  explicit: false,
});

/** Retries beside another target, retries as the last target, and what follows. */
export const DEFAULT_POLICY: RetryPolicy = {
  rate_limit: rule(2, 2),
  overloaded: rule(1, 2),
  server_error: rule(1, 2),
  network: rule(1, 2),
  timeout: rule(0, 0),
  stream_interrupted: rule(0, 1),
  empty_response: rule(0, 1),
  invalid_response: rule(0, 1),
  context_length: rule(0, 0),
  not_found: rule(0, 0),
  unsupported: rule(0, 0),
  unknown: rule(0, 0),
  auth: rule(0, 0),
  payment: rule(0, 0),
  content_filter: rule(0, 0, "stop"),
  invalid_request: rule(0, 0, "stop"),
  aborted: rule(0, 0, "stop"),
  deadline: rule(0, 0, "stop"),
};

export const FAILURE_CLASSES = Object.keys(DEFAULT_POLICY) as FailureClass[];

/** Classes whose failure only some targets can mend: with none of those left it ends the call. */
const SELECTIVE: ReadonlySet<FailureClass> = new Set(["auth", "payment", "context_length"]);

/** Lays users' rules over the defaults, later ones winning key by key. */
export function resolvePolicy(...layers: (RetryOptions | undefined)[]): RetryPolicy {
  const policy = { ...DEFAULT_POLICY } as { [K in FailureClass]: ResolvedRule };
  for (const layer of layers) {
    for (const name of FAILURE_CLASSES) {
      const own: Partial<RetryRule> = defined(layer?.[name]);
      policy[name] = {
        ...policy[name],
        ...own,
        ...(own.retries !== undefined && { lastRetries: own.retries, explicit: true }),
      };
    }
  }
  return policy;
}

/** Milliseconds before retry number `retries + 1`. */
export function backoff(rule: RetryRule, retries: number, random: () => number): number {
  const delay = Math.min(rule.minDelayMs * rule.factor ** retries, rule.maxDelayMs);
  if (rule.jitter === "full") return clampDelay(delay * random());
  if (rule.jitter === "equal") return clampDelay(delay / 2 + (delay / 2) * random());
  return clampDelay(delay);
}

export interface Situation {
  policy: RetryPolicy;
  /** Retries this target has had in this call. */
  retries: number;
  /** Milliseconds this target has spent waiting on Retry-After. */
  waitedMs: number;
  maxRetryAfterMs: number;
  /** Until the call's deadline. */
  remainingMs: number;
  /** No other target can be asked after this failure. */
  last: boolean;
  random: () => number;
}

/** What follows when the target is not asked again. */
export function giveUp(failure: Failure, { policy, last }: Pick<Situation, "policy" | "last">): Verdict {
  const stop = policy[failure.class].then === "stop" || (last && SELECTIVE.has(failure.class));
  return { do: stop ? "stop" : "next" };
}

/** Retry this target after a wait, go on to the next, or stop the call. */
export function judge(failure: Failure, situation: Situation): Verdict {
  const { policy, retries, waitedMs, last, remainingMs } = situation;
  const rule = policy[failure.class];
  const otherwise = giveUp(failure, situation);
  let allowed = last ? rule.lastRetries : rule.retries;
  // A certificate does not get better by asking again.
  if (!rule.explicit && isTlsFailure(failure)) allowed = 0;
  if (retries >= allowed) return otherwise;

  let waitMs: number;
  if (failure.retryAfterMs !== undefined) {
    if (waitedMs + failure.retryAfterMs > situation.maxRetryAfterMs) return otherwise;
    waitMs = failure.retryAfterMs;
  } else {
    if (failure.class === "rate_limit" && !last && !rule.explicit) return otherwise;
    waitMs = backoff(rule, retries, situation.random);
  }
  return waitMs + MIN_ATTEMPT_MS > remainingMs ? otherwise : { do: "retry", waitMs };
}
