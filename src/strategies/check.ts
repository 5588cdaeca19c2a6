import { OptionsError } from "../errors.js";
import type { Strategy } from "../vitals.js";
import { sequential } from "./sequential.js";

/** @throws OptionsError unless they are an object */
export function optionsOf<T extends object>(strategy: string, options: T): T {
  if (typeof options !== "object" || options === null)
    throw new OptionsError(`${strategy}() takes an object of options, got ${String(options)}`);
  return options;
}

/** @throws OptionsError unless it is a strategy, such as `adaptive()` */
export function orderOf(option: string, order: Strategy = sequential()): Strategy {
  if (typeof order?.order !== "function" || typeof order.hedgeDelay !== "function")
    throw new OptionsError(`${option} must be a strategy, such as adaptive(): call the function`);
  return order;
}

/** @throws OptionsError unless it is a whole number of at least 1 */
export function laneCount(option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new OptionsError(`${option} must be a whole number >= 1, got ${value}`);
  return value;
}

/** @throws OptionsError unless it is a list of strings */
export function toolNames(option: string, value: readonly string[] = []): ReadonlySet<string> {
  if (!Array.isArray(value) || value.some((name) => typeof name !== "string"))
    throw new OptionsError(`${option} must be a list of tool names, got ${JSON.stringify(value)}`);
  return new Set(value);
}

/** @throws OptionsError unless it is a share, 0 to 1 */
export function share(option: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new OptionsError(`${option} must be between 0 and 1, got ${value}`);
  return value;
}
