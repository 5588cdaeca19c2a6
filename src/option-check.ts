import { z } from "zod";
import { OptionsError } from "./errors.js";
import { redact } from "./redaction.js";
import { FAILURE_CLASSES } from "./retry.js";
import type { Clock, Provider } from "./types.js";

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const must = <T>(check: (value: unknown) => boolean, message: string) => z.custom<T>(check, message);
const isRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isCallable = (value: unknown, key: string) =>
  isRecord(value) && typeof (value as Record<string, unknown>)[key] === "function";

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
  .refine((port) => isRecord(port.supports), "must have supports, an object");
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
    id: name.optional(),
  }),
]);
const sink = must(
  (value) => isCallable(value, "write"),
  "must be an audit sink (an object with write(record))",
);
const schema = z.strictObject({
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
  audit: must(
    (value) => Array.isArray(value) || isCallable(value, "write"),
    "must be an audit sink or a list of them",
  ).optional(),
  logger: must(
    (value) => value === false || isCallable(value, "warn"),
    "must be a pino logger or false",
  ).optional(),
  labels: z.record(must<string>((value) => typeof value === "string", "must be a string")).optional(),
  clock: must<Clock>((value) => isCallable(value, "now"), "must be a Clock").optional(),
  random: must<() => number>((value) => typeof value === "function", "must be a function").optional(),
});

/** Where a target stands in the user's own options. */
export type TargetPath = (index: number) => string;

/** @throws OptionsError that names the first wrong option and its value. */
export function checkOptions(options: { audit?: unknown }, targetPath: TargetPath): void {
  const result = schema.safeParse(options);
  if (!result.success) throw wrong(result.error, options, targetPath);
  if (!Array.isArray(options.audit)) return;
  const sinks = z.array(sink).safeParse(options.audit);
  if (!sinks.success) throw wrong(sinks.error, options.audit, targetPath, "audit");
}

function wrong(error: z.ZodError, input: unknown, targetPath: TargetPath, prefix = ""): OptionsError {
  const issue = deepest(error.issues[0]!);
  const path = pathText(issue.path, targetPath, prefix);
  if (issue.code === "unrecognized_keys") {
    const where = path === "" ? "" : `${path}.`;
    return new OptionsError(
      `${where}${issue.keys[0]} is not an option here, got ${show(at(input, [...issue.path, issue.keys[0]!]), issue.keys[0])}`,
    );
  }
  const message =
    issue.code === "invalid_type"
      ? `must be ${issue.expected === "array" ? "a list" : `an ${issue.expected}`}`
      : issue.message;
  return new OptionsError(`${path} ${message}, got ${show(at(input, issue.path))}`);
}

/** Of a union, the branch that came furthest into the value is the one the user meant. */
function deepest(issue: z.ZodIssue): z.ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const issues = issue.unionErrors.flatMap((error) => error.issues).map(deepest);
  return issues.reduce((a, b) => (b.path.length > a.path.length || b.code === "unrecognized_keys" ? b : a));
}

function pathText(path: readonly (string | number)[], targetPath: TargetPath, prefix: string): string {
  if (path[0] === "targets" && typeof path[1] === "number") return join(targetPath(path[1]), path.slice(2));
  return join(prefix, path);
}

function join(start: string, path: readonly (string | number)[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, start);
}

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key],
    value,
  );
}

/** What may be said of a value: a key that was put in the wrong place must not end up in a log. */
function show(value: unknown, name = ""): string {
  if (/key|token|secret|password|auth|credential/i.test(name)) return "a value that is not shown";
  if (typeof value === "string") {
    const text = redact(value, { secrets: [] });
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
