import type { Failure, FailureClass } from "../types.js";

/** Classes that say that the target is not well. Not: what the caller, the request, the key or a quota is to blame for. */
const UNHEALTHY: ReadonlySet<FailureClass> = new Set([
  "overloaded",
  "server_error",
  "network",
  "timeout",
  "stream_interrupted",
  "empty_response",
  "invalid_response",
]);
/** Of an invalid answer: what one request may be to blame for. */
const ABOUT_REQUEST: ReadonlySet<string | undefined> = new Set(["schema", "tool_call"]);

/** Does the failure speak against the health of its target? */
export function isUnhealthy({ class: name, code, inner }: Failure): boolean {
  if (name === "invalid_response") return !ABOUT_REQUEST.has(code);
  // A quota that ran out in mid-answer is still a quota.
  if (name === "stream_interrupted")
    return inner === undefined || UNHEALTHY.has(inner) || inner === "unknown";
  return UNHEALTHY.has(name);
}
