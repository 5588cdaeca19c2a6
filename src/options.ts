import { AsyncResource } from "node:async_hooks";
import type { BreakerOptions, GuardConfig } from "./admission/guard.js";
import { DEFAULT_BREAKER } from "./breaker.js";
import { type BudgetConfig, DEFAULT_BUDGET } from "./budget.js";
import { type CatalogueOptions, Catalogues } from "./catalogue/catalogues.js";
import { ClockWithin, systemClock } from "./clock.js";
import { defined } from "./defined.js";
import { OptionsError } from "./errors.js";
import { errorWords } from "./explanation.js";
import { createHealth, type Health } from "./health/health.js";
import { LagMeter } from "./lag.js";
import { defaultLogger, harmless, type Logger, silentLogger } from "./logger.js";
import type { Price } from "./model-facts.js";
import { toWireOptions } from "./model-options.js";
import type { Telemetry } from "./observer.js";
import { checkOptions } from "./option-check.js";
import type { TargetPath } from "./option-error.js";
import type { AuditSink } from "./record.js";
import { resolvePolicy } from "./retry.js";
import { sequential } from "./strategies/sequential.js";
import { Observers } from "./telemetry/observers.js";
import type {
  AttemptTimeouts,
  Clock,
  Concurrency,
  Provider,
  RecoveryMode,
  RetryOptions,
  Target,
  Throughput,
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
  /** USD per million tokens; in place of what the catalogue says. */
  price?: Price;
  minTokensPerSecond?: Throughput | number | false;
  maxConcurrent?: Partial<Concurrency> | number | false;
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
  /**
   * Default true: what one network read brings of the text is one part, so that a stream that is behind catches up in few
   * steps. `false`: one part for each event of the wire.
   */
  coalesce?: boolean;
  /** Leaves a target alone that keeps failing. */
  breaker?: Partial<BreakerOptions> | false;
  /** Bounds retries and hedges, per target. */
  budget?: Partial<BudgetConfig> | false;
  /** Calls at each target at once; one more waits for up to `waitMs` (1 000 ms), then asks the next target. */
  maxConcurrent?: Partial<Concurrency> | number | false;
  /** What is known of targets; share one between chains. Default: this chain's own. */
  health?: Health;
  /** A stream slower than this over `windowMs` (10 000 ms) is a timeout. Off by default. */
  minTokensPerSecond?: Throughput | number | false;
  /** USD that one call may cost, failed attempts included. Holds where prices are known. */
  maxCostUsd?: number;
  /** Skips fallbacks that are dearer than the first target. Holds where prices are known. */
  neverDearerThan?: "primary";
  /** Where windows, prices and capabilities of models come from. Default: the provider's own list, loaded in the background. */
  catalogue?: CatalogueOptions | false;
  audit?: AuditSink | AuditSink[];
  /** Sees the events of every call, such as `openTelemetry()` of `@aigne/open-router/telemetry`. */
  telemetry?: Telemetry | Telemetry[];
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
export interface ChainConfig extends GuardConfig {
  readonly targets: readonly Target[];
  /** Of the targets, each once. */
  readonly providers: ReadonlySet<Provider>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly totalMs: number | false;
  readonly consumerMs: number | false;
  readonly maxRetryAfterMs: number;
  readonly strategy: Strategy;
  readonly recovery: RecoveryMode;
  readonly coalesce: boolean;
  readonly sinks: readonly AuditSink[];
  readonly observers: Observers;
  /** What may be shown of an error that somebody else's code threw. */
  readonly words: (error: unknown) => string;
  readonly logger: Logger;
  readonly labels: Readonly<Record<string, string>>;
  readonly maxCostUsd?: number;
  readonly neverDearerThan?: "primary";
  readonly catalogues: Catalogues;
  readonly lag: LagMeter;
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
/** How long a call waits for room at a target before it goes on to the next. */
export const DEFAULT_ROOM_WAIT_MS = 1_000;
/** Long enough for providers that send in bursts. */
export const DEFAULT_THROUGHPUT_WINDOW_MS = 10_000;

/** @throws OptionsError that names the first wrong option and its value. */
export function parseOptions(
  options: FallbackChainOptions,
  targetPath: TargetPath = (i) => `targets[${i}]`,
): ChainConfig {
  checkOptions(options, targetPath);
  const clocks = { ...DEFAULT_TIMEOUTS, ...defined(options.timeouts) };
  const targets = resolveTargets(options, targetPath);
  const strategy = options.strategy ?? sequential();
  checkTargetIds(strategy, targets);
  const clock = options.clock ?? systemClock;
  const logger = options.logger === false ? silentLogger : harmless(options.logger ?? defaultLogger());
  // What serves all calls is its builder's: it must not keep the context of the call that set it going.
  const builder = new AsyncResource("FallbackChain");
  const own = new ClockWithin(clock, (action) => builder.runInAsyncScope(action));
  const providers = new Set(targets.map(({ provider }) => provider));
  const words = (error: unknown) => errorWords(error, providers);
  return {
    targets,
    providers,
    body: toWireOptions(options.modelOptions),
    totalMs: clocks.totalMs,
    consumerMs: clocks.consumerMs,
    maxRetryAfterMs:
      options.maxRetryAfterMs === false
        ? Number.POSITIVE_INFINITY
        : (options.maxRetryAfterMs ?? DEFAULT_MAX_RETRY_AFTER_MS),
    strategy,
    recovery: options.recovery ?? "restart",
    coalesce: options.coalesce ?? true,
    sinks: options.audit === undefined ? [] : [options.audit].flat(),
    observers: new Observers([options.telemetry ?? []].flat(), logger, words),
    words,
    logger,
    labels: { ...options.labels },
    breaker: options.breaker !== false && breakerOf(options.breaker),
    budget: options.budget !== false && { ...DEFAULT_BUDGET, ...defined(options.budget) },
    health: options.health ?? createHealth(),
    ...(options.maxCostUsd !== undefined && { maxCostUsd: options.maxCostUsd }),
    ...(options.neverDearerThan && { neverDearerThan: options.neverDearerThan }),
    catalogues: new Catalogues(options.catalogue, targets, clock, logger),
    lag: new LagMeter(own),
    clock,
    random: options.random ?? Math.random,
  };
}

function breakerOf(options: Partial<BreakerOptions> | undefined): BreakerOptions {
  const { openMs = DEFAULT_BREAKER.openMs, maxOpenMs = DEFAULT_BREAKER.maxOpenMs } = options ?? {};
  return {
    ...DEFAULT_BREAKER,
    slowMs: false,
    whenAllOpen: "try-best",
    ...defined(options),
    openMs,
    maxOpenMs: Math.max(openMs, maxOpenMs),
  };
}

/** A misspelt weight would otherwise be a target that is never asked first. */
function checkTargetIds({ name, targetIds = [] }: Strategy, targets: readonly Target[]): void {
  const unknown = targetIds.find((id) => targets.every((target) => target.id !== id));
  if (unknown === undefined) return;
  const ids = targets.map(({ id }) => JSON.stringify(id)).join(", ");
  throw new OptionsError(
    `strategy ${name} names the target ${JSON.stringify(unknown)}, which is none of ${ids}`,
  );
}

function throughputOf(value: Throughput | number | false | undefined): Throughput | undefined {
  if (value === undefined || value === false) return undefined;
  return typeof value === "number" ? { rate: value, windowMs: DEFAULT_THROUGHPUT_WINDOW_MS } : value;
}

function concurrencyOf(value: Partial<Concurrency> | number | false | undefined): Concurrency | undefined {
  if (value === undefined || value === false) return undefined;
  const { limit, waitMs = DEFAULT_ROOM_WAIT_MS } = typeof value === "number" ? { limit: value } : value;
  return { limit: limit!, waitMs };
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
    const throughput = throughputOf(own.minTokensPerSecond ?? options.minTokensPerSecond);
    const concurrency = concurrencyOf(own.maxConcurrent ?? options.maxConcurrent);
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
      ...(own.price && { price: own.price }),
      ...(throughput && { minTokensPerSecond: throughput }),
      ...(concurrency && { maxConcurrent: concurrency }),
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
