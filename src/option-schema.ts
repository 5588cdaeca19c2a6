import { z } from "zod";
import { DEFAULT_BREAKER } from "./breaker.js";
import { Health } from "./health/health.js";
import { FAILURE_CLASSES } from "./retry.js";
import type { Clock, Provider } from "./types.js";

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const must = <T>(check: (value: unknown) => boolean, message: string) => z.custom<T>(check, message);
const isRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCallable = (value: unknown, key: string) =>
  isRecord(value) && typeof (value as Record<string, unknown>)[key] === "function";

const amount = (what: string) =>
  must<number>((value) => isNumber(value) && value >= 0, `must be >= 0 (${what})`);
const count = must<number>(
  (value) => Number.isInteger(value) && (value as number) >= 1,
  "must be a whole number >= 1",
);
const countOrNever = must<number>(
  (value) => value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1),
  "must be a whole number >= 1, or Infinity to turn the rule off",
);
const share = must<number>((value) => isNumber(value) && value >= 0 && value <= 1, "must be between 0 and 1");
const positiveMs = must<number>((value) => isNumber(value) && value > 0, "must be > 0 (milliseconds)");
const clockMs = must<number | false>(
  (value) => value === false || (isNumber(value) && value > 0),
  "must be > 0 (milliseconds), or false to turn it off",
);
const delayMs = must<number>((value) => isNumber(value) && value >= 0, "must be >= 0 (milliseconds)");
const tokens = must<number>(
  (value) => Number.isInteger(value) && (value as number) > 0,
  "must be a whole number > 0 (tokens)",
);
const name = must<string>(
  (value) => typeof value === "string" && value.trim() !== "",
  "must be a non-empty string",
);
const record = must<Record<string, unknown>>(isRecord, "must be an object");
const provider = must<Provider>(
  (value) => isCallable(value, "open"),
  "must be a provider, such as openRouter({ … }) or openAICompatible({ … }); routing preferences go into modelOptions.provider",
)
  .refine((port) => typeof port.name === "string", "must have name, a string")
  .refine((port) => isRecord(port.supports), "must have supports, an object")
  // Not read: the account of a provider may hang on an environment that is loaded later.
  .refine((port) => "account" in port, "must have account, a string: equal ones share a key");
const throughput = z
  .union([
    must<number>((value) => isNumber(value) && value > 0, "must be > 0 (tokens per second), or false"),
    must<false>((value) => value === false, "must be > 0 (tokens per second), or false"),
    z.strictObject({
      rate: must<number>((value) => isNumber(value) && value > 0, "must be > 0 (tokens per second)"),
      windowMs: positiveMs,
    }),
  ])
  .optional();
const concurrency = z
  .union([
    must<number>(
      (value) => Number.isInteger(value) && (value as number) >= 1,
      "must be a whole number >= 1, or false",
    ),
    must<false>((value) => value === false, "must be a whole number >= 1, or false"),
    z.strictObject({ limit: count, waitMs: delayMs.optional() }),
  ])
  .optional();
const perMillion = amount("USD per million tokens");
const prices = {
  input: perMillion,
  output: perMillion,
  cacheRead: perMillion.optional(),
  cacheWrite: perMillion.optional(),
  request: amount("USD per request").optional(),
  image: amount("USD per image").optional(),
};
const price = z
  .strictObject({
    ...prices,
    tiers: z
      .array(
        z
          .strictObject({ ...prices, minInputTokens: amount("tokens") })
          .partial({ input: true, output: true }),
      )
      .optional(),
  })
  .optional();
const breaker = z
  .strictObject({
    ratio: must<number>((value) => isNumber(value) && value > 0 && value <= 1, "must be > 0 and <= 1"),
    minCalls: countOrNever,
    windowMs: positiveMs,
    consecutive: countOrNever,
    openMs: positiveMs,
    maxOpenMs: positiveMs,
    slowMs: clockMs,
    whenAllOpen: must(
      (value) => value === "try-best" || value === "fail-fast",
      'must be "try-best" or "fail-fast"',
    ),
  })
  .partial()
  .refine(
    ({ openMs = DEFAULT_BREAKER.openMs, maxOpenMs }) => maxOpenMs === undefined || openMs <= maxOpenMs,
    { message: `must be >= openMs (default ${DEFAULT_BREAKER.openMs})`, path: ["maxOpenMs"] },
  );
const budget = z.strictObject({ ratio: share, reserve: amount("requests"), hedgeRatio: share }).partial();
const off = must<false>((value) => value === false, "must be an object of options, or false");
const attemptClocks = { connectMs: clockMs, firstTokenMs: clockMs, idleMs: clockMs, attemptMs: clockMs };
const rule = z
  .strictObject({
    retries: must<number>(
      (value) => Number.isInteger(value) && (value as number) >= 0,
      "must be a whole number >= 0",
    ),
    minDelayMs: delayMs,
    maxDelayMs: delayMs,
    factor: must<number>((value) => isNumber(value) && value >= 1, "must be >= 1"),
    jitter: must(
      (value) => value === "full" || value === "equal" || value === false,
      'must be "full", "equal" or false',
    ),
    then: must((value) => value === "next" || value === "stop", 'must be "next" or "stop"'),
  })
  .partial();
const retry = z.strictObject(Object.fromEntries(FAILURE_CLASSES.map((key) => [key, rule]))).partial();
const target = z.union([
  name,
  z.strictObject({
    model: name,
    provider: provider.optional(),
    modelOptions: record.optional(),
    timeouts: z.strictObject(attemptClocks).partial().optional(),
    retry: retry.optional(),
    contextWindow: tokens.optional(),
    maxOutputTokens: tokens.optional(),
    price,
    minTokensPerSecond: throughput,
    maxConcurrent: concurrency,
    id: name.optional(),
  }),
]);
/** Checked one by one, since a list may be one sink that is an array. */
export const sinkSchema = must(
  (value) => isCallable(value, "write"),
  "must be an audit sink (an object with write(record))",
);
export const telemetrySchema = must(
  (value) => isCallable(value, "call"),
  "must be a telemetry (an object with call(start)), such as openTelemetry()",
);
function isHttpUrl(value: unknown): boolean {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, username, password, search } = new URL(value);
  return /^https?:$/.test(protocol) && username === "" && password === "" && search === "";
}

/** The options of FallbackChain, as a user may write them. */
export const optionSchema = z.strictObject({
  targets: z.array(target, { message: "must be a list of models" }).min(1, "must name at least one model"),
  provider: provider.optional(),
  modelOptions: record.optional(),
  timeouts: z
    .strictObject({ ...attemptClocks, totalMs: clockMs, consumerMs: clockMs })
    .partial()
    .optional(),
  retry: retry.optional(),
  maxRetryAfterMs: must<number | false>(
    (value) => value === false || (isNumber(value) && value >= 0),
    "must be >= 0 (milliseconds), or false for no limit",
  ).optional(),
  strategy: must(
    (value) => isCallable(value, "order") && isCallable(value, "hedgeDelay"),
    "must be a strategy, such as sequential()",
  ).optional(),
  recovery: must(
    (value) => value === "restart" || value === "continue" || value === "fail",
    'must be "restart", "continue" or "fail"',
  ).optional(),
  coalesce: must((value) => typeof value === "boolean", "must be true or false").optional(),
  breaker: z.union([off, breaker]).optional(),
  budget: z.union([off, budget]).optional(),
  maxConcurrent: concurrency,
  health: must((value) => value instanceof Health, "must come from createHealth()").optional(),
  minTokensPerSecond: throughput,
  maxCostUsd: amount("USD").optional(),
  neverDearerThan: must((value) => value === "primary", 'must be "primary"').optional(),
  catalogue: z
    .union([
      off,
      z
        .strictObject({
          url: must<string>(
            isHttpUrl,
            "must be an absolute http or https URL without user, password or query",
          ),
          refreshMs: positiveMs,
        })
        .partial(),
    ])
    .optional(),
  audit: must(
    (value) => Array.isArray(value) || isCallable(value, "write"),
    "must be an audit sink or a list of them",
  ).optional(),
  telemetry: must(
    (value) => Array.isArray(value) || isCallable(value, "call"),
    "must be a telemetry, such as openTelemetry(), or a list of them",
  ).optional(),
  logger: must(
    (value) => value === false || isCallable(value, "warn"),
    "must be a pino logger or false",
  ).optional(),
  labels: z.record(must<string>((value) => typeof value === "string", "must be a string")).optional(),
  clock: must<Clock>((value) => isCallable(value, "now"), "must be a Clock").optional(),
  random: must<() => number>((value) => typeof value === "function", "must be a function").optional(),
});
