import { type BreakerState, CLOSED, dueAt, permit, phaseOf } from "../breaker.js";
import { Budget } from "../budget.js";
import type { Failure, FailureClass } from "../types.js";
import type { BreakerPhase } from "../vitals.js";
import { FadingAverage } from "./averages.js";
import { Quantiles } from "./quantiles.js";
import { Slots } from "./slots.js";
import { Turns } from "./turns.js";

/** A target that is well until something speaks against it: one good attempt, which never fades. */
const PRIOR = { value: 1, weight: 1 };
const RECENT = 32;
/** What counts as recent. */
const RECENT_MS = 60_000;

/** Why a target should be left alone, and until when (monotonic ms). */
export interface Belief {
  reason: "breaker_open" | "cooling_down" | "account_blocked";
  until: number;
  /** A server said so; else it is our own guess, and a call with nothing left may ask before its time. */
  stated: boolean;
  /** Another call is finding out. */
  held: boolean;
  /** When it was last asked before its time, and did not answer; 0: not yet. */
  askedAt: number;
  class?: FailureClass;
}

/** Of two times: what a server said stands above what is guessed, and the longer one above the shorter. */
export function graver<T extends { until: number; stated: boolean }>(a: T, b: T): T {
  if (a.stated !== b.stated) return a.stated ? a : b;
  return b.until > a.until ? b : a;
}

/** What all calls together know of one model at one provider with one key. Times are monotonic ms. */
export class TargetHealth {
  breaker: BreakerState = CLOSED;
  readonly budget = new Budget();
  readonly slots = new Slots();
  readonly firstContent = new Quantiles();
  inFlight = 0;
  /** Taken by those who ask before the target's time. */
  readonly turns = new Turns();
  /** When that was last done, until it answers. */
  askedAt = 0;
  #cooling: { since: number; until: number; stated: boolean; class: FailureClass } | undefined;
  #strikes = 0;
  /** When the first of them came. */
  #struckAt = 0;
  readonly #success = new FadingAverage();
  readonly #firstContentMs = new FadingAverage();
  #samples = 0;
  readonly #failures: { class: FailureClass; at: number }[] = [];

  get samples(): number {
    return this.#samples;
  }

  succeeded(startedAt: number, now: number): void {
    this.#samples++;
    this.#success.add(1, now);
    this.lives(startedAt);
  }

  /** Content has come to a request of `startedAt`: no limit has been in force since. */
  lives(startedAt: number): void {
    this.askedAt = 0;
    if (startedAt >= this.#struckAt) this.#strikes = 0;
    // What was learnt later stands.
    if (this.#cooling && this.#cooling.since <= startedAt) this.#cooling = undefined;
  }

  failed({ class: name }: Failure, unhealthy: boolean, now: number): void {
    this.#failures.push({ class: name, at: now });
    if (this.#failures.length > RECENT) this.#failures.shift();
    if (!unhealthy) return;
    this.#samples++;
    this.#success.add(0, now);
  }

  /** `ms` without content, and then given up for a quicker one. It tells only that it takes longer, if that is news. */
  outrun(ms: number, now: number): void {
    if (ms >= (this.firstContent.at(0.5) ?? 0)) this.waited(ms, now);
  }

  /** `ms` until the first content, or until a clock ran out. */
  waited(ms: number, now: number): void {
    this.firstContent.add(ms);
    this.#firstContentMs.add(ms, now);
  }

  /** Leaves the target alone for `ms`; without a stated time for longer at each strike. */
  cool(
    { class: name }: Failure,
    stated: number | undefined,
    guessMs: (strikes: number) => number,
    now: number,
  ): void {
    if (this.#strikes === 0) this.#struckAt = now;
    const until = now + (stated ?? guessMs(this.#strikes++));
    const found = { since: now, until, stated: stated !== undefined, class: name };
    this.#cooling = this.#cooling && this.#cooling.until > now ? graver(this.#cooling, found) : found;
  }

  belief(now: number): Belief | undefined {
    const may = permit(this.breaker, now);
    const held = this.turns.taken || may === "open";
    const { askedAt } = this;
    const cooling = this.#cooling;
    if (cooling && cooling.until > now) {
      const { until, stated, class: name } = cooling;
      return { reason: "cooling_down", until, stated, held, askedAt, class: name };
    }
    if (may === "closed" || may === "probe") return undefined;
    return { reason: "breaker_open", until: dueAt(this.breaker, now), stated: false, held, askedAt };
  }

  phase(now: number): BreakerPhase {
    return phaseOf(this.breaker, now);
  }

  successRate(now: number): number | undefined {
    return this.#samples === 0 ? undefined : this.#success.value(now, PRIOR);
  }

  firstContentMs(now: number): number | undefined {
    return this.#firstContentMs.value(now);
  }

  /** Failures of the last minute, of the last 32 attempts that failed. */
  recentFailures(now: number): Partial<Record<FailureClass, number>> {
    const counts: Partial<Record<FailureClass, number>> = {};
    for (const { class: name, at } of this.#failures) {
      if (now - at <= RECENT_MS) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  get idle(): boolean {
    return this.inFlight === 0 && this.slots.used === 0;
  }

  /** Nothing that matters now would be lost by forgetting it. */
  get forgettable(): boolean {
    return this.idle && this.breaker === CLOSED && !this.#cooling;
  }
}
