import { OptionsError } from "../errors.js";
import type { Target } from "../types.js";
import { type OrderView, onlyAfterFailure, type Strategy } from "../vitals.js";
import { optionsOf, share } from "./check.js";

export interface AdaptiveOptions {
  /** What counts: time to first content, price of this call, or share of attempts that succeed. Default "latency". */
  by?: "latency" | "cost" | "success";
  /** Share of calls whose first target is drawn from the others, so that one that has become better is found. Default 0.05. */
  explore?: number;
}

/** Figures of fewer attempts are no reason to leave the given order. */
const MIN_SAMPLES = 3;
/** So much better must a target be to be preferred to one before it: near ties keep the given order. */
const CLEARLY = 0.9;

/** Lower is better; undefined while nothing is known. */
const SCORES: Record<
  "latency" | "cost" | "success",
  (target: Target, view: OrderView) => number | undefined
> = {
  latency(target, view) {
    const { firstContentMs, successRate = 1, samples } = view.health(target);
    if (samples < MIN_SAMPLES) return undefined;
    if (firstContentMs === undefined) {
      // One that only fails has no time to first content, and is as slow as can be; one that is well has long been idle.
      return successRate < 0.5 ? Number.MAX_VALUE : undefined;
    }
    return firstContentMs / Math.max(successRate, 0.001) ** 2;
  },
  cost(target, view) {
    const price = view.price(target);
    const { successRate = 1 } = view.health(target);
    return price === undefined ? undefined : price / Math.max(successRate, 0.001);
  },
  success(target, view) {
    const { successRate, samples } = view.health(target);
    return successRate === undefined || samples < MIN_SAMPLES ? undefined : 1.01 - successRate;
  },
};

/**
 * Orders targets by how they have been doing. Unknown ones keep their place in the given order among the known; figures
 * fade with time, and some calls explore.
 *
 * @throws OptionsError
 */
export function adaptive(options: AdaptiveOptions = {}): Strategy {
  const { by = "latency", explore = 0.05 } = optionsOf("adaptive", options);
  if (!Object.hasOwn(SCORES, by))
    throw new OptionsError(`adaptive().by must be "latency", "cost" or "success", got ${JSON.stringify(by)}`);
  share("adaptive().explore", explore);
  const scoreOf = SCORES[by];
  return {
    name: `adaptive(${by})`,
    order(targets, view) {
      const ordered: Target[] = [];
      const scores = new Map(targets.map((target) => [target, scoreOf(target, view)]));
      for (const target of targets) {
        const score = scores.get(target);
        let place = ordered.length;
        while (score !== undefined && place > 0) {
          const before = scores.get(ordered[place - 1]!);
          if (before === undefined || score >= before * CLEARLY) break;
          place--;
        }
        ordered.splice(place, 0, target);
      }
      if (ordered.length > 1 && !view.call.dry && view.random() < explore) {
        const [found] = ordered.splice(1 + Math.floor(view.random() * (ordered.length - 1)), 1);
        ordered.unshift(found!);
      }
      return ordered;
    },
    hedgeDelay: onlyAfterFailure,
  };
}
