import type { FailureClass, FailureScope } from "../types.js";
import type { Evidence } from "./evidence.js";

/** What a server's answer means. */
export interface Diagnosis {
  class: FailureClass;
  scope: FailureScope;
  tier?: "free";
}

/** One error answer, prepared for the rules. */
export interface Case {
  evidence: Evidence;
  /** HTTP status, or the one the body states. */
  status: number | undefined;
  /** All messages, in lower case, at most 4 KiB. */
  text: string;
  /** An upstream provider gave this error, OpenRouter only passed it on. */
  upstream: boolean;
}

const SCOPES: Readonly<Record<FailureClass, FailureScope>> = {
  rate_limit: "model",
  overloaded: "model",
  server_error: "model",
  network: "provider",
  timeout: "model",
  stream_interrupted: "model",
  empty_response: "model",
  invalid_response: "model",
  context_length: "model",
  content_filter: "request",
  auth: "account",
  payment: "account",
  not_found: "model",
  unsupported: "model",
  invalid_request: "request",
  aborted: "request",
  deadline: "request",
  unknown: "model",
};

export function as(name: FailureClass, scope: FailureScope = SCOPES[name]): Diagnosis {
  return { class: name, scope };
}

/** Auth and payment of an upstream provider's own key say nothing about the account at OpenRouter. */
export function asOwner(name: "auth" | "payment", { evidence, text }: Case): Diagnosis {
  const foreign = evidence.providerName !== undefined && !text.includes("openrouter.ai/settings");
  return as(name, foreign ? "provider" : "account");
}

export const FREE_TIER: Diagnosis = { class: "rate_limit", scope: "account", tier: "free" };
