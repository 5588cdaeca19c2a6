import type { FallbackChainErrorCode } from "./errors.js";
import type { Skip, SkipReason } from "./record.js";
import type { Failure, FailureClass } from "./types.js";

/** What the reader of an error can do next, where there is something to do. */
const ADVICE: Partial<Record<FailureClass, string>> = {
  auth: "Check the API key; a fallback with a key of its own would have been asked.",
  payment:
    "Add credits or raise the key's limit; a fallback with an account of its own would have been asked.",
  content_filter: 'Change the prompt, or set retry.content_filter.then to "next" to ask another model.',
  invalid_request: "Change the request: another model would refuse it too.",
  context_length: "Shorten the prompt, or add a fallback with a larger context window.",
  not_found: "Check the model's name and the base URL.",
  network: "Check the network and the base URL.",
  rate_limit: "Try again later, or add a fallback with another provider.",
};

/** The same where no target was asked, by the reason of the first. */
const ADMISSION_ADVICE: Partial<Record<SkipReason, string>> = {
  context_too_small: "Shorten the prompt, or add a fallback with a larger context window.",
  unsupported: "Add a fallback that supports what the request asks for.",
  too_dear: "Raise maxCostUsd, ask for fewer max_tokens, or add a cheaper fallback.",
  account_blocked: "Check the API key and the account's credits.",
  busy: "Raise maxConcurrent, or add a fallback.",
};

/** The message of a FallbackChainError: what ended the call, what was tried, what to do. */
export function errorText(
  code: FallbackChainErrorCode,
  call: {
    failure?: Failure;
    /** What a sink refused the call for. */
    refusal?: string;
    attempts: number;
    skipped: readonly Skip[];
    retryAfterMs?: number;
  },
): string {
  const { failure, refusal, attempts, skipped, retryAfterMs } = call;
  const tried = `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
  const parts = [`${headline(code)} after ${tried}`];
  if (refusal !== undefined) parts.push(refusal);
  else if (failure && (code === "aborted" || code === "deadline")) parts.push(failure.message);
  else if (failure)
    parts.push(
      `${failure.class}${failure.status === undefined ? "" : ` (${failure.status})`}: ${failure.message}`,
    );
  else if (skipped.length > 0)
    parts.push(
      `no target was admitted (${skipped.map((skip) => `${skip.target}: ${skip.reason}`).join(", ")})`,
    );
  let text = parts.join(": ");
  if (!/[.!?…]$/.test(text)) text += ".";
  if (retryAfterMs !== undefined) {
    const seconds = Math.ceil(retryAfterMs / 1000);
    text += seconds > 0 ? ` Worth trying again in ${seconds} s.` : " Worth trying again now.";
  }
  const [refused] = attempts === 0 ? skipped : [];
  const found = failure ? ADVICE[failure.class] : refused && ADMISSION_ADVICE[refused.reason];
  // A refusal says itself what to do: what else would have stood in the way has not.
  const isAdvised = code !== "aborted" && code !== "deadline" && refusal === undefined;
  const advice = isAdvised ? found : undefined;
  return advice ? `${text} ${advice}` : text;
}

function headline(code: FallbackChainErrorCode): string {
  switch (code) {
    case "exhausted":
      return "Every target failed";
    case "stopped":
      return "The call was stopped";
    case "deadline":
      return "The call ended";
    case "aborted":
      return "The call was aborted";
    case "interrupted":
      return "The stream died";
  }
}
