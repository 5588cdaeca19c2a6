import type { Counter, Gauge, Histogram, Meter } from "@opentelemetry/api";
import { CALL_DURATION_BUCKETS, CHAIN_METRIC, DURATION_BUCKETS, METRIC } from "./gen-ai-names.js";

/** What is measured. Durations are in seconds, cost in USD. */
export interface Instruments {
  inferenceDuration: Histogram;
  timeToFirstChunk: Histogram;
  inputTokens: Counter;
  outputTokens: Counter;
  cacheReadTokens: Counter;
  cacheWriteTokens: Counter;
  reasoningTokens: Counter;
  callDuration: Histogram;
  attempts: Counter;
  failovers: Counter;
  skipped: Counter;
  breakerState: Gauge;
  cost: Counter;
}

export function instrumentsOf(meter: Meter): Instruments {
  const seconds = (name: string, description: string, buckets: number[]) =>
    meter.createHistogram(name, {
      description,
      unit: "s",
      advice: { explicitBucketBoundaries: buckets },
    });
  const tokens = (name: string, description: string) =>
    meter.createCounter(name, { description, unit: "{token}" });
  return {
    inferenceDuration: seconds(
      METRIC.inferenceDuration,
      "Duration of one attempt: one request to a model.",
      DURATION_BUCKETS,
    ),
    timeToFirstChunk: seconds(
      METRIC.timeToFirstChunk,
      "From the start of an attempt to its first content.",
      DURATION_BUCKETS,
    ),
    inputTokens: tokens(METRIC.inputTokens, "Input tokens, cached ones included."),
    outputTokens: tokens(METRIC.outputTokens, "Output tokens, reasoning included."),
    cacheReadTokens: tokens(METRIC.cacheReadTokens, "Input tokens served from a cache."),
    cacheWriteTokens: tokens(METRIC.cacheWriteTokens, "Input tokens written to a cache."),
    reasoningTokens: tokens(METRIC.reasoningTokens, "Output tokens spent on reasoning."),
    callDuration: seconds(
      CHAIN_METRIC.callDuration,
      "Duration of a call with all its attempts.",
      CALL_DURATION_BUCKETS,
    ),
    attempts: meter.createCounter(CHAIN_METRIC.attempts, {
      description: "Requests to models, by how they ended.",
      unit: "{attempt}",
    }),
    failovers: meter.createCounter(CHAIN_METRIC.failovers, {
      description: "Attempts at a target because another one had failed.",
      unit: "{attempt}",
    }),
    skipped: meter.createCounter(CHAIN_METRIC.skipped, {
      description: "Targets passed over, by reason.",
      unit: "{target}",
    }),
    breakerState: meter.createGauge(CHAIN_METRIC.breakerState, {
      description: "0 closed, 1 half open, 2 open, as last changed by a call of this process.",
    }),
    cost: meter.createCounter(CHAIN_METRIC.cost, {
      description: "USD spent, failed and cancelled attempts included, as far as wire or prices tell.",
      unit: "{USD}",
    }),
  };
}
