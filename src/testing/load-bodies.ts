import { type BodyContext, type ErrorReply, envelope, wrapped } from "./bodies.js";

const plain = (status: number, message: string, metadata?: Record<string, unknown>): ErrorReply => ({
  status,
  body: envelope(message, status, metadata),
});

const upstreamPool = (retryAfter?: number): ErrorReply => ({
  status: 429,
  ...(retryAfter === undefined ? {} : { retryAfter }),
  body: (c: BodyContext) =>
    wrapped(
      429,
      `${c.model} is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits: https://openrouter.ai/settings/integrations`,
      c.provider,
      {
        is_byok: false,
        provider_error_code: "rate_limit_exceeded",
        limit_source: "upstream_provider_shared_pool",
        remedy_hint: "Retry shortly, or add your own key to accumulate your rate limits.",
        ...(c.retryAfter === undefined
          ? {}
          : {
              retry_after_seconds: c.retryAfter,
              retry_after_seconds_raw: c.retryAfter,
              headers: { "Retry-After": String(c.retryAfter) },
            }),
      },
    ),
});

// The recorded reset lies in the past by now, and a past reset is no hint: the next midnight (UTC) is sent instead.
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const nextReset = (periodMs: number) => String((Math.floor(Date.now() / periodMs) + 1) * periodMs);

const limits = (limit: number, periodMs: number) => ({
  "X-RateLimit-Limit": String(limit),
  "X-RateLimit-Remaining": "0",
  "X-RateLimit-Reset": nextReset(periodMs),
});

const daily = (message: string, limit: number): ErrorReply => ({
  status: 429,
  body: () =>
    envelope(message, 429, {
      headers: limits(limit, DAY_MS),
      limit_source: "openrouter_free_tier_daily",
      remedy_hint:
        "Wait for the daily reset (see X-RateLimit-Reset), or purchase credits to raise your free-model daily limit.",
      provider_name: null,
    }),
});

/** A page as Cloudflare puts it before a server that does not answer. */
export function cloudflarePage(status: number, title: string): string {
  return `<!DOCTYPE html>
<!--[if lt IE 7]> <html class="no-js ie6 oldie" lang="en-US"> <![endif]-->
<html class="no-js" lang="en-US">
<head>
<title>openrouter.ai | ${status}: ${title}</title>
<meta charset="UTF-8" />
</head>
<body>
<div id="cf-wrapper"><div id="cf-error-details"><h1>
<span class="inline-block">${title}</span>
<span class="code-label">Error code ${status}</span>
</h1></div></div>
</body>
</html>
`;
}

const CLOUDFLARE = { Server: "cloudflare", "CF-RAY": "9a1b2c3d4e5f6789-FRA" };
const page = (status: number, title: string): ErrorReply => ({
  status,
  body: cloudflarePage(status, title),
  contentType: "text/html; charset=UTF-8",
  headers: CLOUDFLARE,
});
const text = (status: number, code: number): ErrorReply => ({
  status,
  body: `error code: ${code}`,
  contentType: "text/plain; charset=UTF-8",
  headers: CLOUDFLARE,
});

/** 429 and 5xx: too much, or broken. */
export const LOAD_ERRORS = {
  "429-ra": upstreamPool(1),
  "429-ra-60": upstreamPool(60),
  "429-upstream-pool": upstreamPool(),
  "429-daily": daily(
    "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
    50,
  ),
  "429-daily-high-balance": daily("Rate limit exceeded: free-models-per-day-high-balance. ", 1000),
  "429-per-minute": {
    status: 429,
    body: () =>
      envelope("Rate limit exceeded: free-models-per-min. ", 429, {
        headers: limits(20, MINUTE_MS),
        limit_source: "openrouter_free_tier_per_minute",
        provider_name: null,
      }),
  },
  "429-admission": {
    ...plain(429, "OpenRouter could not verify available credits for this request in time. Retry shortly.", {
      limit_source: "openrouter_admission_control",
    }),
    retryAfter: 10,
  },
  "429-wrapped": {
    status: 429,
    body: (c: BodyContext) => wrapped(429, "Too Many Requests", c.provider),
  },
  "429-bare": plain(429, "Rate limit exceeded"),
  "429-bedrock": {
    status: 429,
    body: () => wrapped(429, "Too many tokens, please wait before trying again", "Amazon Bedrock"),
  },
  "429-token-minute": plain(429, "Rate limit reached: token limit exceeded for this minute"),
  "429-1015": text(429, 1015),
  "500": plain(500, "Internal Server Error"),
  "502": {
    status: 502,
    body: (c: BodyContext) => wrapped(502, "Bad Gateway", c.provider),
  },
  "502-text": text(502, 502),
  "502-html": page(502, "Bad gateway"),
  "503": plain(503, "Service temporarily unavailable"),
  "503-overloaded": plain(503, "Service temporarily unavailable", { error_type: "provider_overloaded" }),
  "503-routing": plain(503, "There is no available model provider that meets your routing requirements"),
  "504": plain(504, "The upstream provider did not answer in time.", { error_type: "timeout" }),
  "520-html": page(520, "Web server is returning an unknown error"),
  "522-html": page(522, "Connection timed out"),
  "524": plain(524, "Request timed out. Please try again later."),
  "524-text": text(524, 524),
  "529": plain(529, "Provider returned error"),
  "529-anthropic": {
    status: 529,
    body: wrapped(
      529,
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011CUnXexample"}',
      "Anthropic",
    ),
  },
} satisfies Record<string, ErrorReply>;
