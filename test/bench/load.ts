import type { Contestant } from "./contestants/contestant.js";
import type { Load, Shape, WarmUp } from "./shapes.js";
import { promptOf, textOf } from "./wire.js";
import { answering } from "./workplace.js";

/** So many lanes, each with one call after another. */
export async function run({ calls, atOnce }: Load, call: () => Promise<void>): Promise<void> {
  let left = calls;
  const lane = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, calls) }, lane));
}

/** Milliseconds of warming up after which no further wave begins. */
const WARM_MS = 6_000;

export async function warm({ waves = 1, ...load }: WarmUp, call: () => Promise<void>): Promise<void> {
  const began = performance.now();
  for (let wave = 0; wave < waves && performance.now() - began < WARM_MS; wave++) await run(load, call);
}

/** What is asked, and what must be answered. */
export interface Ask {
  prompt: string;
  expected: string;
}

export function askOf({ plan }: Pick<Shape, "plan">): Ask {
  return { prompt: promptOf(plan), expected: textOf(plan.events) };
}

/** @throws Error when the answer is not what the server said */
export async function answered(contestant: Contestant, ask: Ask, first: () => void): Promise<void> {
  answering(await contestant.call(ask.prompt, first), ask.expected);
}

/** What the measured load's cost is divided by. */
export function unitsOf({ measured, per, plan }: Shape): number {
  return measured.calls * (per === "chunk" ? plan.events : 1);
}
