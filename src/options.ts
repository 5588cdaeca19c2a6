import { systemClock } from "./clock.js";
import { defined } from "./defined.js";
import { OptionsError } from "./errors.js";
import { defaultLogger, type Logger, silentLogger } from "./logger.js";
import { toWireOptions } from "./model-options.js";
import { checkOptions, type TargetPath } from "./option-check.js";
import type { AuditSink } from "./record.js";
import { resolvePolicy } from "./retry.js";
import { sequential } from "./strategies/sequential.js";
import type {
  AttemptTimeouts,
  Clock,
  Provider,
  RecoveryMode,
  RetryOptions,
  Target,
  Timeouts,
} from "./types.js";
import type { Strategy } from "./vitals.js";

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
  /** The longest Retry-After worth waiting for; 5 000 ms. `false`: as long as the deadline allows. */
  maxRetryAfterMs?: number | false;
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

/** @throws OptionsError that names the first wrong option and its value. */
export function parseOptions(
  options: FallbackChainOptions,
  targetPath: TargetPath = (i) => `targets[${i}]`,
): ChainConfig {
  checkOptions(options, targetPath);
  const clocks = { ...DEFAULT_TIMEOUTS, ...defined(options.timeouts) };
  return {
    targets: resolveTargets(options, targetPath),
    body: toWireOptions(options.modelOptions),
    totalMs: clocks.totalMs,
    consumerMs: clocks.consumerMs,
    maxRetryAfterMs:
      options.maxRetryAfterMs === false
        ? Number.POSITIVE_INFINITY
        : (options.maxRetryAfterMs ?? DEFAULT_MAX_RETRY_AFTER_MS),
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
    const timeouts = { ...DEFAULT_TIMEOUTS, ...defined(port.timeouts), ...set };
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
