import { setImmediate as turn } from "node:timers/promises";
import { slope, warm } from "./slope.js";

/** Calls before the caches, pools and windows that are bounded have filled up. */
export const WARM_UP_SHARE = 0.2;
const MB = 1_000_000;
const PER_CALLS = 100_000;

/** Bytes in use when no call is under way, after so many of them. */
export interface Reading {
  calls: number;
  heapUsed: number;
  external: number;
  arrayBuffers: number;
  rss: number;
}

/** Needs `node --expose-gc`. */
export async function readMemory(calls: number): Promise<Reading> {
  if (!gc) throw new Error("run with node --expose-gc");
  // What a collection finalizes lets go of more in the turns behind it.
  for (let pass = 0; pass < 3; pass++) {
    gc();
    await turn();
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { calls, heapUsed, external, arrayBuffers, rss };
}

/** MB per 10⁵ calls, after the warm-up. */
export function growth(readings: readonly Reading[], of: keyof Omit<Reading, "calls">): number {
  const points = readings.map((reading) => ({ x: reading.calls / PER_CALLS, y: reading[of] / MB }));
  return slope(warm(points, WARM_UP_SHARE));
}
