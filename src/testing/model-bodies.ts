import { type BodyContext, type ErrorReply, envelope } from "./bodies.js";

const ROUTING = "https://openrouter.ai/docs/guides/routing/provider-selection";
const PRIVACY = "https://openrouter.ai/settings/privacy";

/** The bodies of 2026-08: no `code`, and what is (not) available said apart. */
function availability(
  status: number,
  type: string,
  message: (c: BodyContext) => string,
  detail: (c: BodyContext) => { code: string; retryable: boolean } & Record<string, unknown>,
  metadata?: Record<string, unknown>,
): ErrorReply {
  return {
    status,
    body: (c: BodyContext) => {
      const { code, retryable, ...rest } = detail(c);
      return {
        error: {
          message: message(c),
          error_type: type,
          http_status: status,
          availability: {
            code,
            retryable,
            ...(c.retryAfter !== undefined && retryable ? { retry_after: c.retryAfter } : {}),
            requested_models: [c.model],
            ...rest,
            docs_url: `https://openrouter.ai/docs/errors#${code}`,
          },
          ...(metadata === undefined ? {} : { metadata }),
        },
      };
    },
  };
}

const notFound = (message: (c: BodyContext) => string, metadata?: Record<string, unknown>): ErrorReply => ({
  status: 404,
  body: (c: BodyContext) => envelope(message(c), 404, metadata),
});

/** 400, 403, 404, 429, 503: the model and who may serve it. */
export const MODEL_ERRORS = {
  "400-model-availability": availability(
    400,
    "invalid_request",
    (c) => `${c.model} is not a valid model ID`,
    () => ({ code: "model_not_found", retryable: false }),
  ),
  "403-region": availability(
    403,
    "permission_denied",
    (c) => `${c.model} is not available in your region.`,
    () => ({ code: "region_restricted", retryable: false, excluded_by: ["geo"] }),
  ),
  "404-endpoints": notFound((c) => `No endpoints found for ${c.model}.`),
  "404-tools": notFound(
    () =>
      `No endpoints found that support tool use. Try disabling "question". To learn more about provider routing, visit: ${ROUTING}`,
  ),
  "404-tool-choice": notFound(
    () =>
      `No endpoints found that support the provided 'tool_choice' value. To learn more about provider routing, visit: ${ROUTING}`,
  ),
  "404-image": notFound(() => "No endpoints found that support image input"),
  "404-providers": notFound(() => "No allowed providers are available for the selected model.", {
    available_providers: ["openai", "azure"],
    requested_providers: ["together"],
  }),
  "404-data-policy": notFound(
    () => `No endpoints found matching your data policy (Free model training). Configure: ${PRIVACY}`,
    {
      routing_funnel: [{ step: "Initial Endpoints", endpoint_count: 1 }],
      failed_routing_step: "Filter by Data Policy",
    },
  ),
  "404-guardrail": notFound(
    () =>
      `No endpoints available matching your guardrail restrictions and data policy. Configure: ${PRIVACY}`,
  ),
  "404-route": { status: 404, body: envelope("Not Found", 404, undefined, false) },
  "404-privacy": availability(
    404,
    "not_found",
    (c) => `No endpoints for ${c.model} match your data policy (zero data retention). Adjust at ${PRIVACY}.`,
    () => ({
      code: "privacy_restricted",
      retryable: false,
      affected_providers: ["openai", "azure"],
      excluded_by: ["data_policy:zdr"],
    }),
  ),
  "404-deprecated": availability(
    404,
    "not_found",
    () => "Quasar Alpha was a stealth model, revealed on April 14th as an early testing version of GPT-4.1.",
    () => ({ code: "model_deprecated", retryable: false, fallback_models: ["openai/gpt-4.1"] }),
  ),
  "404-context": availability(
    404,
    "not_found",
    (c) => `No endpoints for ${c.model} can serve a request of this length.`,
    () => ({ code: "constraint_filtered", retryable: false, excluded_by: ["context_length"] }),
  ),
  "404-free-ended": availability(
    404,
    "not_found",
    (c) => `The free variant of ${c.model} has ended.`,
    () => ({ code: "free_variant_ended", retryable: false }),
  ),
  "429-capacity": {
    ...availability(
      429,
      "rate_limit_exceeded",
      (c) => `All providers for ${c.model} are at capacity. Retry after ${c.retryAfter ?? 40} seconds.`,
      () => ({
        code: "capacity_exhausted",
        retryable: true,
        affected_providers: ["anthropic", "amazon-bedrock", "google-vertex"],
        fallback_models: ["anthropic/claude-haiku-4.5"],
      }),
      {
        previous_errors: [
          { provider: "anthropic", code: "capacity_exhausted", status: 429 },
          { provider: "amazon-bedrock", code: "capacity_exhausted", status: 429 },
        ],
      },
    ),
    retryAfter: 40,
  },
  "503-unavailable": availability(
    503,
    "provider_overloaded",
    (c) => `${c.model} is temporarily unavailable.`,
    () => ({ code: "temporarily_unavailable", retryable: true }),
  ),
} satisfies Record<string, ErrorReply>;
