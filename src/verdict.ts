import type { Admission } from "./admission/admission.js";
import type { Guard, Pass } from "./admission/guard.js";
import type { Attempt } from "./attempt.js";
import { afterOverflow } from "./context-window.js";
import type { Lane } from "./lane.js";
import { askedTokens, leastTokens } from "./request.js";
import { giveUp, judge } from "./retry.js";
import type { Failure, FailureClass, Verdict } from "./types.js";

/** A failure of these kinds says that the text may not be continued, rather than that the target is bad. */
const REFUSES_PREFIX: ReadonlySet<FailureClass> = new Set([
  "invalid_request",
  "unsupported",
  "empty_response",
]);

export interface VerdictView {
  admission: Admission;
  guard: Guard;
  pass: Pass;
  maxRetryAfterMs: number;
  remainingMs: number;
  random: () => number;
  /** The target would be asked again, and its budget is spent. */
  onNoBudget: () => void;
}

/** What follows a failed attempt: the rules of its class, within what breaker and budget allow. Counts a retry. */
export function verdictOf(lane: Lane, attempt: Attempt, failure: Failure, view: VerdictView): Verdict {
  const { admission, guard, pass } = view;
  const { target } = lane;
  const last = !admission.hasNext({ target, failure });
  const left = !last || admission.hasResort({ target, failure });
  const otherwise = giveUp(failure, { policy: target.retry, last: !left });
  const again = mended(lane, attempt, failure);
  const verdict: Verdict = again
    ? { do: "retry", waitMs: 0 }
    : judge(failure, {
        policy: target.retry,
        retries: lane.retries,
        waitedMs: lane.waitedMs,
        maxRetryAfterMs: view.maxRetryAfterMs,
        remainingMs: view.remainingMs,
        last,
        random: view.random,
      });
  if (verdict.do !== "retry") return otherwise;
  // A probe asks whether the target is well, and has its answer.
  // Nor is one asked whose breaker this very failure opens: a wait would end at a closed door.
  if (pass.probe || guard.opens(pass, failure)) return otherwise;
  if (!guard.takeRetry(target, failure.class)) {
    view.onNoBudget();
    return otherwise;
  }
  again?.();
  if (!again) lane.retries++;
  if (failure.retryAfterMs !== undefined) lane.waitedMs += verdict.waitMs;
  return verdict;
}

/** What can be changed about the request, so that the same target may take it after all. */
function mended(lane: Lane, attempt: Attempt, failure: Failure): (() => void) | undefined {
  // An empty continuation says nothing against the target either: it may have had nothing to add.
  if (attempt.continues && REFUSES_PREFIX.has(failure.class)) {
    return () => {
      lane.prefixRefused = true;
    };
  }
  if (failure.class !== "context_length" || lane.maxTokens !== undefined) return undefined;
  const { limitTokens, neededTokens, outputTokens } = failure;
  const asked = askedTokens(attempt.request);
  // Nothing was asked for: the server's own measure is its affair, and another target may have a better one.
  if (asked === undefined) return undefined;
  const tokens = afterOverflow({ asked, limitTokens, neededTokens, outputTokens });
  return tokens === undefined || tokens < leastTokens(attempt.request)
    ? undefined
    : () => {
        lane.maxTokens = tokens;
      };
}
