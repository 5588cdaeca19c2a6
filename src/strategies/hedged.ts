import { OptionsError } from "../errors.js";
import type { Strategy } from "../vitals.js";
import { laneCount, optionsOf, orderOf, toolNames } from "./check.js";

export interface HedgedOptions {
  /** Milliseconds without content after which the next target starts too. With `afterQuantile`: the least such time. */
  afterMs?: number;
  /** The same as a quantile, 0 to 1, of the running target's own times to first content. Default 0.95, unless `afterMs` is set. */
  afterQuantile?: number;
  /** Lanes under way at once. Default 2. */
  max?: number;
  /** Decides the order. Default `sequential()`. */
  order?: Strategy;
  /** Names of tools that must not be asked for twice: calls that offer one are not hedged. */
  exceptTools?: readonly string[];
}

/** Fewer times than these say nothing about a quantile. */
const MIN_SAMPLES = 20;

/**
 * Starts the next target beside the running one when that has shown no content for a while; the first content wins.
 * Extra requests draw on `budget.hedgeRatio`. With `afterQuantile` alone nothing is hedged before 20 times are known.
 *
 * @throws OptionsError
 */
export function hedged(options: HedgedOptions = {}): Strategy {
  const { afterMs } = optionsOf("hedged", options);
  const order = orderOf("hedged().order", options.order);
  const afterQuantile = options.afterQuantile ?? (afterMs === undefined ? 0.95 : undefined);
  if (afterMs !== undefined && !(Number.isFinite(afterMs) && afterMs >= 0))
    throw new OptionsError(`hedged().afterMs must be >= 0 (milliseconds), got ${afterMs}`);
  if (afterQuantile !== undefined && !(afterQuantile > 0 && afterQuantile < 1))
    throw new OptionsError(`hedged().afterQuantile must be between 0 and 1, got ${afterQuantile}`);
  const max = laneCount("hedged().max", options.max ?? 2);
  const once = toolNames("hedged().exceptTools", options.exceptTools);
  return {
    name: order.name === "sequential" ? "hedged" : `hedged(${order.name})`,
    ...(order.targetIds && { targetIds: order.targetIds }),
    order: (targets, view) => order.order(targets, view),
    hedgeDelay({ inFlight, running, health, call }) {
      if (inFlight >= max || call.tools.some((tool) => once.has(tool))) return Number.POSITIVE_INFINITY;
      if (afterQuantile === undefined) return afterMs!;
      const vitals = health(running.at(-1)!);
      const quantile = vitals.samples < MIN_SAMPLES ? undefined : vitals.quantile(afterQuantile);
      if (quantile === undefined) return afterMs ?? Number.POSITIVE_INFINITY;
      return Math.max(quantile, afterMs ?? 0);
    },
  };
}
