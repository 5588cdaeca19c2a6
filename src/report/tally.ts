import type { AuditRecord, Cost } from "../record.js";
import type { Outcomes, Rate, Spent, Tokens } from "./report.js";

export function rateOf(count: number, of: number): Rate {
  return { rate: of === 0 ? null : count / of, count, of };
}

export function noOutcomes(): Outcomes {
  return { total: 0, ok: 0, failed: 0, aborted: 0, unknown: 0, open: 0 };
}

export function countOutcome(outcomes: Outcomes, outcome: AuditRecord["outcome"] | "unknown" | "open"): void {
  outcomes.total++;
  outcomes[outcome]++;
}

export function nothingSpent(): Spent {
  return { usd: 0, estimatedUsd: 0, unknown: 0 };
}

export function spend(spent: Spent, cost: Cost | undefined): void {
  if (!cost) spent.unknown++;
  else {
    spent.usd += cost.usd;
    if (cost.estimated) spent.estimatedUsd += cost.usd;
  }
}

export function noTokens(): Tokens {
  return {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadInputTokens: 0,
    cacheCreationInputTokens: 0,
    reasoningTokens: 0,
  };
}

export function addTokens(tokens: Tokens, usage: Partial<Tokens> | undefined): void {
  if (!usage) return;
  for (const key of Object.keys(tokens) as (keyof Tokens)[]) tokens[key] += usage[key] ?? 0;
}

/** The value under a key, made when there is none. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make(key);
    map.set(key, value);
  }
  return value;
}
