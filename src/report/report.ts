/**
 * What a journal, or any other heap of records, says in numbers: plain JSON. Times are milliseconds, moments ISO 8601, money US
 * dollars, rates 0 to 1; `null` is a figure that nothing was there to make from. Lists are sorted, most first.
 */
export interface Report {
  v: 1;
  /** First and last start of a call; null without calls. */
  period: { from: string; to: string } | null;
  calls: Outcomes;
  rates: Rates;
  /** Who answered the calls that ended ok. */
  answeredBy: Answerer[];
  /** Streams that died after content was shown. */
  streamRecoveries: StreamRecoveries;
  /** Calls, whole: of those that ended ok, failed or aborted. */
  durationMs: Quantiles;
  failures: FailureCell[];
  targets: TargetReport[];
  skips: SkipCell[];
  breakers: BreakerReport[];
  cost: CostReport;
  /** Only when asked for. */
  byLabel?: {
    label: string;
    /** At most 1,000. */
    values: LabelReport[];
    /** Values beyond. */
    leftOut: number;
  };
  series: Series;
}

export interface Outcomes {
  total: number;
  ok: number;
  failed: number;
  aborted: number;
  /** Their process died before they ended. */
  unknown: number;
  /** Begun, and not ended where the journal ends. */
  open: number;
}

/** A rate with what it was made from. */
export interface Rate {
  rate: number | null;
  count: number;
  of: number;
}

export interface Rates {
  /** Calls that ended ok, of those that ended ok or failed. */
  success: Rate;
  /** Calls that asked more than one target, of those that asked any. */
  failover: Rate;
  /**
   * Answered calls that another target answered than the one asked first, or the one asked first when another had been passed over
   * before it (not told of strategies that hedge: there the other may have come after).
   */
  fallback: Rate;
  /** Answered calls, of those whose first attempt failed. */
  recovery: Rate;
}

export interface Answerer {
  target: string;
  /** As it named itself on the wire. */
  model: string;
  calls: number;
  /** Of all answered calls, 0 to 1. */
  share: number;
}

export interface StreamRecoveries {
  /** Calls with at least one. */
  calls: number;
  /** Of these, the ones that ended ok. */
  answered: number;
  restarts: number;
  continuations: number;
}

/** Exact, nearest rank. */
export interface Quantiles {
  count: number;
  p50: number | null;
  p90: number | null;
  p99: number | null;
  max: number | null;
}

/** Failed attempts of one class at one target. */
export interface FailureCell {
  class: string;
  target: string;
  attempts: number;
  /** Of these attempts, the ones whose call was answered nevertheless. */
  answered: number;
}

export interface Tokens {
  inputTokens: number;
  outputTokens: number;
  cacheReadInputTokens: number;
  cacheCreationInputTokens: number;
  reasoningTokens: number;
}

export interface Spent {
  usd: number;
  /** The part of `usd` that was reckoned from tokens and prices. */
  estimatedUsd: number;
  /** Attempts whose cost nobody knows, which are not in `usd`. */
  unknown: number;
}

export interface TargetReport {
  target: string;
  attempts: number;
  won: number;
  failed: number;
  cancelled: number;
  /** Won, of won and failed: losing a race says nothing about a target. */
  success: Rate;
  /** Calls that it answered. */
  answered: number;
  /** From an attempt's start to its first content. */
  firstContentMs: Quantiles;
  /** Whole attempts that won. */
  attemptMs: Quantiles;
  usage: Tokens;
  cost: Spent;
}

export interface SkipCell {
  reason: string;
  target: string;
  skips: number;
}

export interface BreakerReport {
  target: string;
  opened: number;
  halfOpened: number;
  closed: number;
  /** The last one told. */
  last: BreakerPhaseName;
  /** At most 1,000, the latest ones, oldest first. */
  changes: { at: string; phase: BreakerPhaseName }[];
}

export type BreakerPhaseName = "open" | "half_open" | "closed";

export interface CostReport {
  total: Spent;
  byTarget: { target: string; cost: Spent }[];
  /** Of attempts that did not win: the price of failing, hedging and being cancelled. */
  resilience: Spent & { attempts: number; share: number | null };
}

export interface LabelReport {
  /** null: calls without the label. */
  value: string | null;
  calls: Outcomes;
  success: Rate;
  failover: Rate;
  fallback: Rate;
  durationMs: Quantiles;
  cost: Spent;
}

/**
 * Figures over time, in at most 200 buckets, each counted by the moment its call began. Every array of numbers has one place per
 * bucket.
 */
export interface Series {
  /** Start of the first bucket, ms since 1970. */
  fromMs: number;
  /** Width of a bucket. */
  stepMs: number;
  buckets: number;
  calls: number[];
  /** Calls that failed. */
  errors: number[];
  aborted: number[];
  /** Unknown ends and calls still open. */
  unfinished: number[];
  costUsd: number[];
  /** Of attempts that did not win. */
  resilienceUsd: number[];
  answeredBy: { target: string; calls: number[] }[];
  failures: { class: string; attempts: number[] }[];
  firstContentMs: { target: string; p50: (number | null)[]; p99: (number | null)[] }[];
}
