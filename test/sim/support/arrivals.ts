import { exponential, type Random } from "./random.js";

/** Milliseconds until the next call. */
export type Gap = () => number;

export function evenly(perSecond: number): Gap {
  const gapMs = 1_000 / perSecond;
  return () => gapMs;
}

export function poisson(perSecond: number, random: Random): Gap {
  const meanMs = 1_000 / perSecond;
  return () => exponential(random, meanMs);
}
