import type { Strategy } from "../vitals.js";
import { laneCount, optionsOf, orderOf, toolNames } from "./check.js";

export interface RaceOptions {
  /** Lanes under way at once. Default: all targets. */
  max?: number;
  /** Decides who takes part when there are more targets than `max`. Default `sequential()`. */
  order?: Strategy;
  /** Names of tools that must not be asked for twice: calls that offer one ask a single target at a time. */
  exceptTools?: readonly string[];
}

/**
 * Asks several targets at once; the first content wins, and the others are aborted. Every call costs up to `max`
 * answers, and draws on no budget: that is what was asked for.
 *
 * @throws OptionsError
 */
export function race(options: RaceOptions = {}): Strategy {
  const order = orderOf("race().order", optionsOf("race", options).order);
  const max = options.max === undefined ? Number.POSITIVE_INFINITY : laneCount("race().max", options.max);
  const once = toolNames("race().exceptTools", options.exceptTools);
  return {
    name: order.name === "sequential" ? "race" : `race(${order.name})`,
    budgeted: false,
    ...(order.targetIds && { targetIds: order.targetIds }),
    order: (targets, view) => order.order(targets, view),
    hedgeDelay: ({ inFlight, call }) =>
      inFlight >= max || call.tools.some((tool) => once.has(tool)) ? Number.POSITIVE_INFINITY : 0,
  };
}
