import { z } from "zod";
import { systemClock } from "./clock.js";
import { OptionsError } from "./errors.js";
import { defaultLogger, type Logger, silentLogger } from "./logger.js";
import { toWireOptions } from "./model-options.js";
import type { AuditSink } from "./record.js";
import { FAILURE_CLASSES, resolvePolicy } from "./retry.js";
import { sequential } from "./strategies/sequential.js";
import type {
  AttemptTimeouts,
  Clock,
  Provider,
  RecoveryMode,
  RetryOptions,
  Strategy,
  Target,
  Timeouts,
} from "./types.js";

/** One entry of a chain. `id` defaults to `model` and names the target in records and strategies. */
export interface TargetOptions {
  model: string;
  provider?: Provider;
  modelOptions?: Record<string, unknown>;
  timeouts?: Partial<AttemptTimeouts>;
  retry?: RetryOptions;
  /** Tokens. */
  contextWindow?: number;
  /** Tokens; caps `max_tokens`. */
  maxOutputTokens?: number;
  id?: string;
}

/** What OpenRouterChatModel and FallbackChain have in common. */
export interface ResilienceOptions {
  timeouts?: Partial<Timeouts>;
  retry?: RetryOptions;
  /** The longest Retry-After worth waiting for; 5 000 ms. */
  maxRetryAfterMs?: number;
  strategy?: Strategy;
  recovery?: RecoveryMode;
  audit?: AuditSink | AuditSink[];
  logger?: Logger | false;
  labels?: Record<string, string>;
}

export interface FallbackChainOptions extends ResilienceOptions {
  targets: (string | TargetOptions)[];
  /** For targets that name none of their own. */
  provider?: Provider;
  /** For every target; a target's own and the request's win, key by key. */
  modelOptions?: Record<string, unknown>;
  /** Time and chance, replaceable for simulation. */
  clock?: Clock;
  random?: () => number;
}

/** Options with every default in place. */
export interface ChainConfig {
  readonly targets: readonly Target[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly totalMs: number | false;
  readonly consumerMs: number | false;
  readonly maxRetryAfterMs: number;
  readonly strategy: Strategy;
  readonly recovery: RecoveryMode;
  readonly sinks: readonly AuditSink[];
  readonly logger: Logger;
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 15_000,
  firstTokenMs: 30_000,
  idleMs: 20_000,
  attemptMs: false,
  totalMs: 600_000,
  consumerMs: 60_000,
};
/** Hidden reasoning is slow, and beside the last target there is nothing better to do. */
export const LAST_FIRST_TOKEN_MS = 120_000;
export const DEFAULT_MAX_RETRY_AFTER_MS = 5_000;

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
);
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
  maxRetryAfterMs: delayMs.optional(),
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
export function parseOptions(
  options: FallbackChainOptions,
  targetPath: TargetPath = (i) => `targets[${i}]`,
): ChainConfig {
  const result = schema.safeParse(options);
  if (!result.success) throw wrong(result.error, options, targetPath);
  if (Array.isArray(options.audit)) {
    const sinks = z.array(sink).safeParse(options.audit);
    if (!sinks.success) throw wrong(sinks.error, options.audit, targetPath, "audit");
  }
  const clocks = { ...DEFAULT_TIMEOUTS, ...defined(options.timeouts) };
  return {
    targets: resolveTargets(options, targetPath),
    body: toWireOptions(options.modelOptions),
    totalMs: clocks.totalMs,
    consumerMs: clocks.consumerMs,
    maxRetryAfterMs: options.maxRetryAfterMs ?? DEFAULT_MAX_RETRY_AFTER_MS,
    strategy: options.strategy ?? sequential(),
    recovery: options.recovery ?? "restart",
    sinks: options.audit === undefined ? [] : [options.audit].flat(),
    logger: options.logger === false ? silentLogger : (options.logger ?? defaultLogger()),
    labels: { ...options.labels },
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

function resolveTargets(options: FallbackChainOptions, targetPath: TargetPath): Target[] {
  const ids = new Set<string>();
  return options.targets.map((entry, index) => {
    const own: TargetOptions = typeof entry === "string" ? { model: entry } : entry;
    const port = own.provider ?? options.provider;
    if (!port)
      throw new OptionsError(`${targetPath(index)} has no provider: give it one, or give the chain one`);
    const set = { ...defined(options.timeouts), ...defined(own.timeouts) };
    const timeouts = { ...DEFAULT_TIMEOUTS, ...port.timeouts, ...set };
    const { connectMs, firstTokenMs, idleMs, attemptMs } = timeouts;
    return {
      id: unique(own.id ?? own.model, ids),
      model: own.model,
      provider: port,
      body: toWireOptions(own.modelOptions),
      timeouts: { connectMs, firstTokenMs, idleMs, attemptMs },
      lastFirstTokenMs:
        set.firstTokenMs !== undefined || firstTokenMs === false
          ? firstTokenMs
          : Math.max(firstTokenMs, LAST_FIRST_TOKEN_MS),
      retry: resolvePolicy(options.retry, own.retry),
      ...(own.contextWindow !== undefined && { contextWindow: own.contextWindow }),
      ...(own.maxOutputTokens !== undefined && { maxOutputTokens: own.maxOutputTokens }),
    };
  });
}

/** The same model may stand in a list twice; records must tell the two apart. */
function unique(id: string, taken: Set<string>): string {
  let candidate = id;
  for (let n = 2; taken.has(candidate); n++) candidate = `${id}#${n}`;
  taken.add(candidate);
  return candidate;
}

/** An option set to undefined is an option not set. */
function defined<T extends object>(options: T | undefined): Partial<T> {
  return Object.fromEntries(
    Object.entries(options ?? {}).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}

function wrong(error: z.ZodError, input: unknown, targetPath: TargetPath, prefix = ""): OptionsError {
  const issue = deepest(error.issues[0]!);
  const path = pathText(issue.path, targetPath, prefix);
  if (issue.code === "unrecognized_keys") {
    const where = path === "" ? "" : `${path}.`;
    return new OptionsError(
      `${where}${issue.keys[0]} is not an option here, got ${show(at(input, [...issue.path, issue.keys[0]!]))}`,
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

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
