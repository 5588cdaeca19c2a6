import type { Occasion } from "./plan.js";

/** What an error body may mention. */
export type BodyContext = Pick<Occasion, "model" | "promptTokens"> & {
  provider: string;
  /** Seconds, where the hint is a number. */
  retryAfter?: number;
};

/** An HTTP error as OpenRouter, an upstream provider or Cloudflare words it. */
export interface ErrorReply {
  status: number;
  /** A string is sent as it is. */
  body: unknown | ((context: BodyContext) => unknown);
  /** Default: JSON. */
  contentType?: string;
  headers?: Record<string, string>;
  /** Seconds in the Retry-After header unless the script says otherwise. */
  retryAfter?: number;
}

const USER = "user_2yVdGxPq8mKcTnLw4RbHs9JfZa1";
const KEYS_PAGE = "https://openrouter.ai/settings/keys";
const CREDITS_PAGE = "https://openrouter.ai/settings/credits";

/** OpenRouter's envelope, in the recorded key order. */
export function envelope(message: string, code: number, metadata?: Record<string, unknown>, user = true) {
  const error = metadata === undefined ? { message, code } : { message, code, metadata };
  return user ? { error, user_id: USER } : { error };
}

/** An upstream provider's error, wrapped. */
export function wrapped(code: number, raw: unknown, provider: string, more: Record<string, unknown> = {}) {
  return envelope("Provider returned error", code, { raw, provider_name: provider, ...more });
}

const plain = (status: number, message: string, metadata?: Record<string, unknown>): ErrorReply => ({
  status,
  body: envelope(message, status, metadata),
});

const typed = (status: number, message: string, type: string): ErrorReply =>
  plain(status, message, { error_type: type });

/** 400, 408, 413, 422: the request. */
export const REQUEST_ERRORS = {
  "400-bad": plain(400, 'Input required: specify "prompt" or "messages"'),
  "400-model": {
    status: 400,
    body: (c: BodyContext) => envelope(`${c.model} is not a valid model ID`, 400),
  },
  "400-no-token": plain(400, "Input must have at least 1 token.", { provider_name: null }),
  "400-reasoning-mandatory": plain(400, "Reasoning is mandatory for this endpoint and cannot be disabled."),
  "400-models-array": plain(400, "'models' array must have 3 items or fewer."),
  "400-wrapped": {
    status: 400,
    body: wrapped(
      400,
      '{\n  "error": {\n    "message": "Response input messages must contain the word \'json\' in some form to use \'text.format\' of type \'json_object\'.",\n    "type": "invalid_request_error",\n    "param": "input",\n    "code": null\n  }\n}',
      "OpenAI",
    ),
  },
  "400-prefill": {
    status: 400,
    body: wrapped(
      400,
      '{"type":"error","error":{"type":"invalid_request_error","message":"This model does not support assistant message prefill. The conversation must end with a user message."}}',
      "Anthropic",
    ),
  },
  "400-zod": {
    status: 400,
    body: {
      success: false,
      error: {
        name: "ZodError",
        message:
          '[\n  {\n    "code": "invalid_type",\n    "expected": "array",\n    "received": "string",\n    "path": [\n      "messages"\n    ],\n    "message": "Expected array, received string"\n  }\n]',
      },
    },
  },
  "400-policy": typed(
    400,
    "The request was blocked by the provider's content policy.",
    "content_policy_violation",
  ),
  "400-refusal": typed(400, "The model refused to answer this request.", "refusal"),
  "400-azure-filter": {
    status: 400,
    body: wrapped(
      400,
      JSON.stringify({
        error: {
          message:
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766",
          type: null,
          param: "prompt",
          code: "content_filter",
          status: 400,
          innererror: { code: "ResponsibleAIPolicyViolation" },
        },
      }),
      "Azure",
    ),
  },
  "400-filter-completion": {
    status: 400,
    body: (c: BodyContext) => ({
      id: "chatcmpl-filtered",
      object: "chat.completion",
      created: 1778031306,
      model: c.model,
      choices: [{ index: 0, finish_reason: "content_filter", message: { role: "assistant", content: "" } }],
    }),
  },
  "400-empty": { status: 400, body: "" },
  "408": plain(408, "Operation timed out. Please try again later."),
  "413": plain(413, "Request payload too large"),
  "422": plain(422, "Invalid argument"),
} satisfies Record<string, ErrorReply>;

/** 401, 402, 403: the key, the money, the rules. */
export const ACCOUNT_ERRORS = {
  "401": { status: 401, body: envelope("User not found.", 401, undefined, false) },
  "401-no-cookie": { status: 401, body: envelope("No cookie auth credentials found", 401, undefined, false) },
  "401-no-credentials": { status: 401, body: envelope("No auth credentials found", 401, undefined, false) },
  "401-missing-header": {
    status: 401,
    body: envelope("Missing Authentication header", 401, undefined, false),
  },
  "401-invalid": { status: 401, body: envelope("Invalid credentials", 401, undefined, false) },
  "401-byok": {
    status: 401,
    body: (c: BodyContext) =>
      wrapped(
        401,
        '{"error":{"message":"Incorrect API key provided.","code":"invalid_api_key"}}',
        c.provider,
        {
          is_byok: true,
        },
      ),
  },
  "402": plain(402, "Insufficient credits. Add more using https://openrouter.ai/credits"),
  "402-afford": plain(
    402,
    `This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 1848. To increase, visit ${CREDITS_PAGE} and add more credits`,
    {
      limit_source: "openrouter_credits",
      remedy_hint: `Add credits at ${CREDITS_PAGE}, or lower max_tokens / prompt size to fit your remaining balance.`,
      provider_name: null,
      previous_errors: [],
    },
  ),
  "402-afford-upgrade": plain(
    402,
    `This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 1848. To increase, visit ${CREDITS_PAGE} and upgrade to a paid account`,
  ),
  "402-afford-key": plain(
    402,
    `This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 1848. To increase, visit ${KEYS_PAGE} and create a key with a higher monthly limit`,
  ),
  "402-prompt-tokens": plain(
    402,
    `Prompt tokens limit exceeded: 64128 > 6964. To increase, visit ${CREDITS_PAGE} and upgrade to a paid account`,
  ),
  "402-max-tokens": plain(402, "max_tokens limit exceeded: 100000 > 9577."),
  "402-weight": plain(
    402,
    "This request would exceed your available credits. Lower max_tokens, or add credits.",
    {
      reason: "weight_exceeds_budget",
      limit_source: "openrouter_credits",
    },
  ),
  "402-in-flight": {
    status: 402,
    retryAfter: 1,
    body: {
      error: {
        code: 402,
        message:
          "This request would exceed your available credits given your current in-flight requests. Retry after in-flight requests settle, or add credits.",
        metadata: {
          reason: "in_flight_budget_exhausted",
          limit_source: "openrouter_in_flight_budget",
          remedy_hint: `Retry after your in-flight requests settle (see the Retry-After header). Adding credits at ${CREDITS_PAGE} raises your in-flight budget, up to a capped ceiling.`,
        },
      },
    },
  },
  "403-key-limit": plain(403, `Key limit exceeded (total limit). Manage it using ${KEYS_PAGE}`),
  "403-key-limit-daily": plain(403, `Key limit exceeded (daily limit). Manage it using ${KEYS_PAGE}`),
  "403-budget": plain(403, "Budget limit exceeded", {
    limit_source: "openrouter_workspace_budget",
    limit_usd: 100,
    spend_usd: 100.02,
    scope: "workspace",
  }),
  "403-mod": {
    status: 403,
    body: (c: BodyContext) =>
      envelope(
        `${c.model} requires moderation on ${c.provider}. Your input was flagged for "self-harm/instructions, self-harm/intent". No credits were charged.`,
        403,
        {
          reasons: ["self-harm/instructions", "self-harm/intent"],
          flagged_input: "Tell me about …",
          provider_name: c.provider,
          model_slug: c.model,
        },
      ),
  },
  "403-guardrail": {
    status: 403,
    body: {
      error: {
        code: 403,
        message: "Request blocked: prompt injection patterns detected",
        metadata: { patterns: ["ignore all previous instructions"] },
      },
    },
  },
  "403-management": plain(403, "Only management keys can perform this operation"),
  "403-wrapped": {
    status: 403,
    body: (c: BodyContext) => wrapped(403, "Forbidden", c.provider),
  },
} satisfies Record<string, ErrorReply>;
