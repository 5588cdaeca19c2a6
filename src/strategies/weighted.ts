import { OptionsError } from "../errors.js";
import { seeded } from "../seeded.js";
import type { Target } from "../types.js";
import { onlyAfterFailure, type Strategy } from "../vitals.js";
import { optionsOf } from "./check.js";

export interface WeightedOptions {
  /** Shares of first requests per target id; they need not sum to anything. Targets without one come last, in their order. */
  weights: Readonly<Record<string, number>>;
  /** Where in the cycle to begin, so that many processes do not walk in step. Default: a random place. */
  seed?: number;
}

/**
 * Spreads first requests over targets by weight: smooth weighted round robin, as nginx has it, so 3 : 1 goes a a b a
 * and not a a a b. The rest of the order, for fallback, is by weight too.
 *
 * @throws OptionsError
 */
export function weighted(options: WeightedOptions): Strategy {
  const { weights, seed } = optionsOf("weighted", options);
  if (typeof weights !== "object" || weights === null || Array.isArray(weights))
    throw new OptionsError("weighted().weights must be an object of target ids and numbers");
  const entries = Object.entries(weights);
  for (const [id, weight] of entries) {
    if (!(typeof weight === "number" && Number.isFinite(weight) && weight >= 0))
      throw new OptionsError(`weighted().weights["${id}"] must be >= 0, got ${weight}`);
  }
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (!(total > 0)) throw new OptionsError("weighted().weights must hold at least one weight > 0");
  if (seed !== undefined && !Number.isFinite(seed))
    throw new OptionsError(`weighted().seed must be a number, got ${seed}`);

  const random = seed === undefined ? Math.random : seeded(seed);
  const credit = new Map(entries.map(([id, weight]) => [id, random() * weight]));
  const weightOf = ({ id }: Target) => (Object.hasOwn(weights, id) ? weights[id]! : 0);
  const creditOf = ({ id }: Target) => credit.get(id) ?? 0;
  return {
    name: "weighted",
    targetIds: entries.map(([id]) => id),
    order(targets, { call }) {
      const taking = targets.filter((target) => weightOf(target) > 0);
      const sum = taking.reduce((all, target) => all + weightOf(target), 0);
      const due = (target: Target) => creditOf(target) + weightOf(target);
      const first = taking.toSorted((a, b) => due(b) - due(a))[0];
      if (first && !call.dry) {
        for (const target of taking) credit.set(target.id, due(target) - (target === first ? sum : 0));
      }
      const others = targets.filter((target) => target !== first);
      return [...(first ? [first] : []), ...others.toSorted((a, b) => weightOf(b) - weightOf(a))];
    },
    hedgeDelay: onlyAfterFailure,
  };
}
