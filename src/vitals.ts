import type { Target } from "./types.js";

export type BreakerPhase = "closed" | "open" | "half_open";

/** How a target has been doing lately, as strategies see it. Everything undefined: nothing is known yet. */
export interface Vitals {
  readonly breaker: BreakerPhase;
  /** Milliseconds until breaker, cool-down and account let it be asked again; 0: now. */
  readonly dueInMs: number;
  /** Attempts that went into the figures below. */
  readonly samples: number;
  /** Moving average, 0 to 1. */
  readonly successRate: number | undefined;
  /** Moving average of the time to first content, ms. */
  readonly firstContentMs: number | undefined;
  /** A quantile (0 to 1) of the last 256 times to first content, ms. */
  quantile(q: number): number | undefined;
  /** Attempts under way, in all chains that share this health. */
  readonly inFlight: number;
}

/** What a strategy may know of the call. */
export interface CallFacts {
  readonly id: string;
  /** Names of the tools the request offers. */
  readonly tools: readonly string[];
  /** A plan is asked for and nothing will be sent: state must stay as it is. */
  readonly dry: boolean;
}

export interface OrderView {
  health(target: Target): Vitals;
  /** USD that this call is likely to cost at the target; undefined: unknown. */
  price(target: Target): number | undefined;
  random(): number;
  readonly call: CallFacts;
}

export interface PaceView {
  /** Lanes under way; at least 1. */
  readonly inFlight: number;
  /** Lanes begun so far. */
  readonly started: number;
  /** Since the call's lanes began to run. */
  readonly elapsedMs: number;
  readonly remainingMs: number;
  /** Targets of the lanes under way, oldest first. */
  readonly running: readonly Target[];
  health(target: Target): Vitals;
  readonly call: CallFacts;
}

/** Orders targets and paces lanes; pure apart from state of its own. */
export interface Strategy {
  readonly name: string;
  /** Ids it refers to; one that no target has is an option error. */
  readonly targetIds?: readonly string[];
  /** Lanes that start beside others draw on the chain's budget, unless false. */
  readonly budgeted?: boolean;
  /** Returns targets in the order to try; a target left out is not tried. What it throws, or a list of anything else, ends the call. */
  order(targets: readonly Target[], view: OrderView): readonly Target[];
  /** Milliseconds after which the next target starts beside the running ones; Infinity: only after a failure. */
  hedgeDelay(view: PaceView): number;
}

/** The `hedgeDelay` of a strategy that starts the next target only after a failure: one that need not be shown the pace. */
export const onlyAfterFailure = () => Number.POSITIVE_INFINITY;
