import { growth } from "./memory.js";
import type { Served } from "./server.js";
import type { Part, Soaked } from "./soak.js";

export { soakChart } from "./chart.js";
export { soakPage } from "./page.js";

/** The soak, and what was seen from outside. */
export interface Result extends Soaked {
  served: Served;
  /** From the last thing there was to do until the process had ended, in ms. */
  endMs: number;
}

/** MB of heap per 10⁵ calls. */
export const MAX_GROWTH = 1;
/** A process that has nothing to do ends by itself within this time. */
const MAX_END_MS = 5_000;

/** What does not hold; nothing when all is well. `maxGrowth`: a short run needs more room. */
export function complaintsOf(result: Result, maxGrowth = MAX_GROWTH): string[] {
  const { leftovers, endMs } = result;
  const left = { ...leftovers.resources, ...leftovers.objects, ...leftovers.processListeners };
  return [
    ...result.parts.flatMap((part) => partComplaints(part, maxGrowth)),
    ...Object.entries(left).map(([kind, count]) => `${count} more of ${kind} than before`),
    ...(leftovers.abortListeners > 0 ? [`${leftovers.abortListeners} abort listeners are left`] : []),
    ...(leftovers.isDispatcherChanged ? ["the global dispatcher has changed"] : []),
    ...(endMs > MAX_END_MS ? [`the process ended only after ${endMs} ms`] : []),
  ];
}

function partComplaints(part: Part, maxGrowth: number): string[] {
  const slope = growth(part.readings, "heapUsed");
  return [
    ...(part.tally.wrongCount > 0
      ? [`${part.name}: ${part.tally.wrongCount} wrong ends: ${part.tally.wrong.join("; ")}`]
      : []),
    ...(slope < maxGrowth ? [] : [`${part.name}: the heap grows by ${slope.toFixed(2)} MB per 10⁵ calls`]),
  ];
}
