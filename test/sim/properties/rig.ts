import {
  adaptive,
  type FallbackChainOptions,
  hedged,
  type Price,
  race,
  type Strategy,
  sequential,
  type TargetOptions,
  weighted,
} from "../../../src/chain.js";
import { seeded } from "../../../src/seeded.js";
import { MODELS, type Order, type Scenario, type TargetSpec } from "./scenario.js";
import type { Stage } from "./stage.js";

const PRICES: Record<TargetSpec["price"], Price | undefined> = {
  none: undefined,
  low: { input: 0.5, output: 2 },
  high: { input: 3, output: 15, cacheRead: 0.3 },
  tiered: { input: 1, output: 5, tiers: [{ minInputTokens: 60, input: 2, output: 9 }] },
  "per request": { input: 0, output: 0, request: 0.002 },
};

export function optionsOf(scenario: Scenario, index: number, stage: Stage): FallbackChainOptions {
  const { recovery, breaker, budget, retries, goesOn, maxRetryAfterMs, totalMs, consumerMs } = scenario;
  const targets = scenario.targets.map((each): TargetOptions => {
    const { contextWindow, maxOutputTokens, firstTokenMs, maxConcurrent } = each;
    const price = PRICES[each.price];
    return {
      model: MODELS[each.model]!,
      provider: stage.providers[each.provider]!,
      ...(contextWindow !== undefined && { contextWindow }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(price && { price }),
      // Chains that share their health need not agree on it.
      ...(maxConcurrent && { maxConcurrent: { ...maxConcurrent, limit: maxConcurrent.limit + index } }),
      ...(each.minTokensPerSecond && { minTokensPerSecond: { rate: 5, windowMs: 2_000 } }),
      ...(firstTokenMs !== undefined && { timeouts: { firstTokenMs } }),
    };
  });
  return {
    targets,
    strategy: strategyOf(scenario, index),
    recovery,
    breaker,
    budget,
    retry: {
      ...Object.fromEntries(Object.entries(retries).map(([name, count]) => [name, { retries: count }])),
      ...(goesOn && { invalid_request: { then: "next" }, content_filter: { then: "next" } }),
    },
    maxRetryAfterMs,
    timeouts: { totalMs, consumerMs },
    ...(scenario.maxCostUsd !== undefined && { maxCostUsd: scenario.maxCostUsd }),
    ...(scenario.neverDearer && { neverDearerThan: "primary" }),
    catalogue: false,
    logger: false,
    random: seeded(scenario.seed + index),
  };
}

function strategyOf({ strategy, targets, seed }: Scenario, index: number): Strategy {
  const first = MODELS[targets[0]!.model]!;
  const orders: Record<Order, () => Strategy> = {
    given: sequential,
    weighted: () => weighted({ weights: { [first]: 2 }, seed: seed + index }),
    latency: () => adaptive({ by: "latency", explore: 0.3 }),
    cost: () => adaptive({ by: "cost" }),
    success: () => adaptive({ by: "success" }),
  };
  switch (strategy.kind) {
    case "ordered":
      return orders[strategy.order]();
    case "hedged": {
      const { afterMs, afterQuantile, max } = strategy;
      return hedged({
        max,
        order: orders[strategy.order](),
        ...(afterMs !== undefined && { afterMs }),
        ...(afterQuantile !== undefined && { afterQuantile }),
      });
    }
    case "race": {
      const { max } = strategy;
      return race({ order: orders[strategy.order](), ...(max !== undefined && { max }) });
    }
    case "somebody's own":
      return {
        name: "own",
        order(all) {
          switch (strategy.order) {
            case "given":
              return all;
            case "reversed in place":
              return (all as (typeof all)[number][]).reverse();
            case "twice":
              return [...all, ...all];
            case "copies":
              return all.map((each) => ({ ...each }));
            case "none":
              return [];
            case "throws":
              throw new Error("a bug in order()");
          }
        },
        hedgeDelay() {
          if (strategy.delay === "throws") throw new Error("a bug in hedgeDelay()");
          return strategy.delay === "never" ? Number.POSITIVE_INFINITY : strategy.delay;
        },
      };
  }
}

/** Lanes that the strategy allows at once. */
export function mostLanes({ strategy, targets }: Scenario): number {
  if (strategy.kind === "ordered") return 1;
  if (strategy.kind === "hedged") return strategy.max;
  if (strategy.kind === "race") return strategy.max ?? targets.length;
  return strategy.delay === "never" || strategy.delay === "throws" ? 1 : targets.length;
}

/** Of all targets that the request may have been for. */
export function pricesOf({ targets }: Scenario, provider: string, model: string): Price[] {
  return targets
    .filter((each) => MODELS[each.model] === model && `p${each.provider}` === provider)
    .flatMap(({ price }) => PRICES[price] ?? []);
}
