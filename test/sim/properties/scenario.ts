import fc from "fast-check";
import type { FailureClass, RecoveryMode } from "../../../src/types.js";
import { type Act, act, rarely } from "./acts.js";

export interface TargetSpec {
  model: number;
  provider: number;
  contextWindow: number | undefined;
  maxOutputTokens: number | undefined;
  price: "none" | "low" | "high" | "tiered" | "per request";
  maxConcurrent: { limit: number; waitMs: number } | undefined;
  minTokensPerSecond: boolean;
  firstTokenMs: number | undefined;
}

export type Order = "given" | "weighted" | "latency" | "cost" | "success";

export type StrategySpec =
  | { kind: "ordered"; order: Order }
  | {
      kind: "hedged";
      afterMs: number | undefined;
      afterQuantile: number | undefined;
      max: number;
      order: Order;
    }
  | { kind: "race"; max: number | undefined; order: Order }
  | {
      kind: "somebody's own";
      order: "given" | "reversed in place" | "twice" | "copies" | "none" | "throws";
      delay: number | "throws" | "never";
    };

export interface CallSpec {
  chain: number;
  atMs: number;
  asks: "text" | "tools" | "a tool" | "JSON";
  maxTokens: number | undefined;
  words: number;
  gate: "content" | "complete";
  reader: "reads" | "completes" | "is slow" | "breaks off" | "stops" | "never comes";
  /** It waits as the model does, and not as a loop over the stream. */
  byArrival: boolean;
  /** Parts read before the reader breaks off or stops. */
  parts: number;
  leaves: { how: "signal" | "cancel"; afterMs: number } | undefined;
}

/** Everything that a run depends on: plain data. */
export interface Scenario {
  seed: number;
  chains: number;
  providers: { account: number; tools: boolean; prefill: boolean; deaf: boolean; arrives: boolean }[];
  targets: TargetSpec[];
  /** Per model, one per request; the last one repeats. */
  acts: Act[][];
  strategy: StrategySpec;
  recovery: RecoveryMode;
  breaker: false | { consecutive: number; openMs: number; whenAllOpen: "try-best" | "fail-fast" };
  budget: false | { ratio: number; reserve: number; hedgeRatio: number };
  retries: Partial<Record<FailureClass, number>>;
  /** After a failure that would stop the call. */
  goesOn: boolean;
  maxRetryAfterMs: number | false;
  totalMs: number | false;
  consumerMs: number;
  maxCostUsd: number | undefined;
  neverDearer: boolean;
  closeAtMs: number | undefined;
  calls: CallSpec[];
}

export const MODELS = ["a/one", "b/two", "c/three:free", "d/four:free"];

/** Undefined in most of `n`. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, n = 6) =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const order = fc.constantFrom<Order>("given", "given", "weighted", "latency", "cost", "success");
const lanes = fc.integer({ min: 1, max: 3 });

const strategy: fc.Arbitrary<StrategySpec> = fc.oneof(
  fc.record({ kind: fc.constant("ordered"), order }),
  fc.record({
    kind: fc.constant("hedged"),
    afterMs: fc.option(fc.constantFrom(0, 100, 1_000, 5_000), { nil: undefined }),
    afterQuantile: fc.option(fc.constantFrom(0.5, 0.95), { nil: undefined }),
    max: lanes,
    order,
  }),
  fc.record({ kind: fc.constant("race"), max: fc.option(lanes, { nil: undefined }), order }),
  fc.record({
    kind: fc.constant("somebody's own"),
    order: fc.constantFrom("given", "given", "reversed in place", "twice", "copies", "none", "throws"),
    delay: fc.constantFrom<number | "throws" | "never">(
      Number.NaN,
      -5,
      0,
      700,
      1e300,
      Number.NEGATIVE_INFINITY,
      "throws",
      "never",
    ),
  }),
);

const target: fc.Arbitrary<TargetSpec> = fc.record({
  model: fc.nat(MODELS.length - 1),
  provider: fc.nat(2),
  contextWindow: sometimes(fc.constantFrom(64, 400, 1_200, 8_000), 3),
  maxOutputTokens: sometimes(fc.constantFrom(50, 600)),
  price: fc.constantFrom("none", "low", "high", "tiered", "per request"),
  maxConcurrent: sometimes(
    fc.record({ limit: fc.integer({ min: 1, max: 2 }), waitMs: fc.constantFrom(0, 200, 5_000) }),
    3,
  ),
  minTokensPerSecond: rarely(6),
  firstTokenMs: sometimes(fc.constantFrom(800, 10_000)),
});

const call: fc.Arbitrary<CallSpec> = fc.record({
  chain: fc.nat(1),
  atMs: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(60_000)),
  asks: fc.constantFrom("text", "text", "text", "text", "text", "tools", "a tool", "JSON"),
  maxTokens: fc.constantFrom(undefined, undefined, 100, 1_000),
  words: fc.constantFrom(8, 8, 8, 40, 300),
  gate: fc.constantFrom("content", "content", "complete"),
  reader: fc.constantFrom(
    ...Array<"reads">(6).fill("reads"),
    "completes",
    "is slow",
    "breaks off",
    "stops",
    "never comes",
  ),
  byArrival: fc.boolean(),
  parts: fc.nat(5),
  leaves: sometimes(
    fc.record({
      how: fc.constantFrom("signal", "cancel"),
      afterMs: fc.oneof(fc.constant(0), fc.nat(500), fc.nat(30_000)),
    }),
    8,
  ),
});

const CLASSES: readonly FailureClass[] = [
  "rate_limit",
  "server_error",
  "network",
  "timeout",
  "stream_interrupted",
];

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(1_000_000),
  chains: fc.constantFrom(1, 1, 2),
  providers: fc.array(
    fc.record({
      account: fc.nat(1),
      tools: rarely(5).map((not) => !not),
      prefill: rarely(5).map((not) => !not),
      deaf: rarely(6),
      arrives: fc.boolean(),
    }),
    { minLength: 3, maxLength: 3 },
  ),
  targets: fc.array(target, { minLength: 1, maxLength: 4 }),
  acts: fc.array(fc.array(act, { minLength: 1, maxLength: 5 }), {
    minLength: MODELS.length,
    maxLength: MODELS.length,
  }),
  strategy,
  recovery: fc.constantFrom<RecoveryMode>("restart", "fail", "continue", "continue"),
  breaker: fc.option(
    fc.record({
      consecutive: fc.constantFrom(1, 2, 5),
      openMs: fc.constantFrom(500, 5_000),
      whenAllOpen: fc.constantFrom("try-best", "try-best", "fail-fast"),
    }),
    { nil: false as const },
  ),
  budget: fc.option(
    fc.record({
      ratio: fc.constantFrom(0, 0.1, 0.5),
      reserve: fc.constantFrom(0, 1, 3, 10),
      hedgeRatio: fc.constantFrom(0, 0.05, 0.5),
    }),
    { nil: false as const },
  ),
  retries: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...CLASSES), fc.integer({ min: 0, max: 3 })), {
      selector: ([name]) => name,
      maxLength: 2,
    })
    .map((entries) => Object.fromEntries(entries)),
  goesOn: fc.boolean(),
  maxRetryAfterMs: fc.constantFrom(5_000, 1_000, false),
  totalMs: fc.constantFrom(5_000, 30_000, 90_000, false),
  consumerMs: fc.constantFrom(2_000, 60_000),
  maxCostUsd: sometimes(fc.constantFrom(0, 0.000_5, 0.004, 0.01, 0.05), 5),
  neverDearer: rarely(10),
  closeAtMs: sometimes(fc.nat(20_000), 12),
  calls: fc.oneof(
    { weight: 2, arbitrary: fc.array(call, { minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.array(call, { minLength: 2, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(call, { minLength: 5, maxLength: 9, size: "max" }) },
  ),
}) as fc.Arbitrary<Scenario>;
