import type { FailureClass } from "../types.js";

/**
 * Codes and types that decide by themselves, whoever sends them: OpenRouter's `error_type`, and what OpenAI, Anthropic,
 * Google, Azure, Bedrock, Moonshot, DashScope and llama.cpp put into `code`, `type` or `status`. In lower case.
 */
const DECISIVE: ReadonlyMap<string, FailureClass> = new Map([
  ...entries(
    "rate_limit",
    "rate_limit_exceeded rate_limit_error too_many_requests resource_exhausted throttlingexception",
  ),
  ...entries(
    "overloaded",
    "provider_overloaded overloaded_error overloaded engine_overloaded engine_overloaded_error",
  ),
  ...entries("overloaded", "unavailable service_unavailable serviceunavailableexception model_overloaded"),
  ...entries(
    "timeout",
    "timeout timeout_error deadline_exceeded gateway_timeout request_timeout modeltimeoutexception",
  ),
  ...entries(
    "context_length",
    "context_length_exceeded model_context_window_exceeded exceed_context_size_error",
  ),
  ...entries("context_length", "request_too_large payload_too_large string_too_long string_above_max_length"),
  ...entries(
    "content_filter",
    "content_policy_violation refusal content_filter responsibleaipolicyviolation",
  ),
  ...entries("content_filter", "data_inspection_failed datainspectionfailed"),
  ...entries("auth", "authentication authentication_error invalid_api_key api_key_invalid unauthenticated"),
  ...entries("payment", "payment_required insufficient_quota billing_error billing_not_active"),
  ...entries("payment", "billing_hard_limit_reached insufficient_credits"),
  ...entries("not_found", "model_not_found not_found_error deploymentnotfound model_not_available"),
  ...entries("unsupported", "max_tokens_exceeded token_limit_exceeded image_too_large image_too_small"),
  ...entries(
    "unsupported",
    "unsupported_image_format image_download_failed unsupported_parameter unsupported_value",
  ),
  ...entries("unsupported", "unsupported_model unsupported_country_region_territory"),
]);

/** Codes that say no more than an HTTP status does; they stand in for a missing one. In lower case. */
const IMPLIED_STATUS: ReadonlyMap<string, number> = new Map([
  ["invalid_request", 400],
  ["invalid_request_error", 400],
  ["invalid_prompt", 400],
  ["invalid_argument", 400],
  ["invalid_image", 400],
  ["image_not_found", 400],
  ["badrequesterror", 400],
  ["zoderror", 400],
  ["failed_precondition", 400],
  ["permission_denied", 403],
  ["permission_error", 403],
  ["not_found", 404],
  ["notfounderror", 404],
  ["precondition_failed", 412],
  ["unprocessable", 422],
  ["api_error", 500],
  ["server", 500],
  ["unmapped", 500],
  ["server_error", 500],
  ["internal", 500],
  ["internal_error", 500],
  ["internal_server_error", 500],
  ["internalserverexception", 500],
  ["provider_unavailable", 502],
]);

function entries(name: FailureClass, codes: string): [string, FailureClass][] {
  return codes.split(" ").map((code) => [code, name]);
}

export function classOfCode(code: string | undefined): FailureClass | undefined {
  return code === undefined ? undefined : DECISIVE.get(code.toLowerCase());
}

export function statusOfCode(code: string | undefined): number | undefined {
  return code === undefined ? undefined : IMPLIED_STATUS.get(code.toLowerCase());
}
