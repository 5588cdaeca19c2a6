import { OptionsError } from "./errors.js";
import type { Target } from "./types.js";
import type { OrderView, Strategy } from "./vitals.js";

export interface TargetOrder {
  /** Each target once. */
  readonly targets: readonly Target[];
  /** What the strategy threw instead of an order; no target is asked then. */
  readonly bug?: { readonly thrown: unknown };
}

/** Asks a strategy for its order. It may be somebody's own, so nothing of it is taken for granted. */
export function orderOf(strategy: Strategy, given: readonly Target[], view: OrderView): TargetOrder {
  try {
    // A copy: one that sorts in place would change what all later calls begin with.
    const order: unknown = strategy.order([...given], view);
    if (!Array.isArray(order) || !order.every((each) => given.some(({ id }) => id === each?.id)))
      throw new OptionsError(
        `strategy ${strategy.name}: order() must return a list of targets it was given, got ${shown(order)}`,
      );
    const targets = new Map<string, Target>();
    // Named twice, a target would get its retries twice.
    for (const target of order as Target[]) if (!targets.has(target.id)) targets.set(target.id, target);
    return { targets: [...targets.values()] };
  } catch (thrown) {
    return { targets: [], bug: { thrown } };
  }
}

function shown(order: unknown): string {
  if (!Array.isArray(order)) return typeof order === "object" ? "an object" : String(order);
  return `[${order.map((each) => JSON.stringify(each?.id) ?? String(each)).join(", ")}]`;
}
