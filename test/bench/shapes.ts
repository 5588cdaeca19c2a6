import type { Plan } from "./wire.js";

/** A load: so many calls of so many events, some to warm up and some to be measured. */
export interface Shape {
  name: ShapeName;
  plan: Plan;
  /** Calls under way at once. */
  atOnce: number;
  warmUp: number;
  calls: number;
  /** What the CPU time is divided by. */
  per: "chunk" | "call";
}

export type ShapeName = "sustained" | "paced" | "burst" | "short-1" | "short-64" | "short-1000" | "first";

const plan = (events: number, everyMs = 0): Plan => ({ events, everyMs, fault: "none" });

export const SHAPES: Record<ShapeName, Shape> = {
  sustained: { name: "sustained", plan: plan(2_000), atOnce: 200, warmUp: 0, calls: 200, per: "chunk" },
  paced: { name: "paced", plan: plan(200, 5), atOnce: 25, warmUp: 25, calls: 50, per: "chunk" },
  burst: { name: "burst", plan: plan(2_000), atOnce: 1, warmUp: 3, calls: 4, per: "chunk" },
  "short-1": { name: "short-1", plan: plan(20), atOnce: 1, warmUp: 200, calls: 400, per: "call" },
  "short-64": { name: "short-64", plan: plan(20), atOnce: 64, warmUp: 2_000, calls: 2_000, per: "call" },
  "short-1000": {
    name: "short-1000",
    plan: plan(20),
    atOnce: 1_000,
    warmUp: 1_000,
    calls: 1_500,
    per: "call",
  },
  first: { name: "first", plan: plan(4, 2), atOnce: 1, warmUp: 100, calls: 200, per: "call" },
};
