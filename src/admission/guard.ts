import { type BreakerConfig, permit, reduce, type Ticket, ticketOf } from "../breaker.js";
import type { BudgetConfig } from "../budget.js";
import type { ChainEvent } from "../events.js";
import { type Health, isFree, KnownTargets } from "../health/health.js";
import { isUnhealthy } from "../health/symptoms.js";
import type { Belief, TargetHealth } from "../health/target-health.js";
import type { Clock, Failure, FailureClass, Target } from "../types.js";
import type { BreakerPhase, Vitals } from "../vitals.js";

export interface BreakerOptions extends BreakerConfig {
  /** First content later than this counts as a failure of health. */
  slowMs: number | false;
  whenAllOpen: "try-best" | "fail-fast";
}

export interface GuardConfig {
  readonly health: Health;
  readonly breaker: BreakerOptions | false;
  readonly budget: BudgetConfig | false;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A lease ends, whatever becomes of its attempt, after its first-token clock, or after this where that is off. */
const LEASE_MS = 120_000;
/** The longest that a stated time keeps a target or a key from being asked: servers have been seen to say a year. */
const MAX_STATED_MS = 3_600_000;
/** How long a key that was refused is left alone; somebody may be mending it. */
const ACCOUNT_BLOCK_MS = 30_000;
/** A cool-down whose time nobody stated doubles while it does not help. Short at first: one 429 among many answers says little. */
const COOL = { minMs: 250, maxMs: 8_000 };

/** Shorter silence than this before a deadline says nothing. */
const SILENT_MS = 5_000;

/** An attempt's leave to go, from its admission to its end. */
export interface Pass {
  readonly target: Target;
  readonly health: TargetHealth;
  ticket: Ticket;
  /** A half-open probe or a last resort: never retried. */
  readonly probe: boolean;
  /** Others wait to hear from it. */
  awaited: boolean;
  readonly slot: boolean;
  startedAt: number;
  firstContentAt?: number;
}

/** One call's dealings with what all calls know: asks before an attempt, and tells what came of it. */
export class Guard {
  readonly #config: GuardConfig;
  readonly #changed: (target: Target, phase: BreakerPhase) => void;
  readonly #passes = new Map<number, Pass>();
  readonly #known: KnownTargets;

  constructor(config: GuardConfig, changed: (target: Target, phase: BreakerPhase) => void) {
    this.#config = config;
    this.#changed = changed;
    this.#known = new KnownTargets(config.health);
  }

  vitals(target: Target): Vitals {
    return this.#known.of(target).vitals(this.#now);
  }

  belief(target: Target): Belief | undefined {
    const belief = this.#known.of(target).belief(this.#now);
    return belief?.reason === "breaker_open" && !this.#config.breaker ? undefined : belief;
  }

  /** May a call with nothing left ask a target before its time? */
  get triesBest(): boolean {
    return !this.#config.breaker || this.#config.breaker.whenAllOpen === "try-best";
  }

  hasRoom(target: Target): boolean {
    return this.#known.of(target).target.slots.free(target.maxConcurrent);
  }

  /** Waits for room; false when there was none in time, or the one who waits has left. */
  room(target: Target, onLeave: (leave: () => void) => void): true | Promise<boolean> {
    const { slots } = this.#known.of(target).target;
    const { maxConcurrent } = target;
    if (!maxConcurrent) return true;
    if (!slots.free(maxConcurrent)) return slots.wait(maxConcurrent, this.#config.clock, onLeave);
    slots.take();
    return true;
  }

  giveRoom(target: Target): void {
    if (target.maxConcurrent) this.#known.of(target).target.slots.give();
  }

  /** Waits until whoever asks the target before its time knows more. False after `waitMs`, or when the one who waits has left. */
  news(target: Target, waitMs: number, onLeave: (leave: () => void) => void): Promise<boolean> {
    return this.#known.of(target).target.turns.news(waitMs, this.#config.clock, onLeave);
  }

  /** Lets an attempt go, whose room has been taken. `early`: as a last resort. */
  admit(target: Target, early: boolean): Pass {
    const health = this.#known.of(target).target;
    const now = this.#now;
    const may = this.#config.breaker ? permit(health.breaker, now) : "closed";
    const clocks = [target.timeouts.firstTokenMs, target.lastFirstTokenMs];
    const until = now + Math.max(...clocks.map((ms) => (ms === false ? LEASE_MS : ms)));
    const leased = may === "probe" || (early && may === "early");
    if (leased) this.#reduce(target, health, { type: "lease", until });
    const slot = target.maxConcurrent !== undefined;
    health.inFlight++;
    const ticket = leased || may === "closed" ? ticketOf(health.breaker) : { epoch: -1 };
    const probe = leased || early;
    if (probe) health.turns.take();
    if (early) health.askedAt = now;
    return { target, health, ticket, probe, awaited: probe, slot, startedAt: now };
  }

  started(n: number, pass: Pass): void {
    pass.startedAt = this.#now;
    this.#passes.set(n, pass);
  }

  /** The attempt never left. */
  drop(pass: Pass): void {
    this.#release(pass, "neutral");
  }

  deposit(target: Target): void {
    const { budget } = this.#config;
    if (budget) this.#known.of(target).target.budget.deposit(budget);
  }

  takeRetry(target: Target, failed: FailureClass): boolean {
    const { budget } = this.#config;
    return !budget || this.#known.of(target).target.budget.takeRetry(budget, failed);
  }

  takeHedge(target: Target): boolean {
    const { budget } = this.#config;
    return !budget || this.#known.of(target).target.budget.takeHedge(budget);
  }

  /** Will the breaker open when it hears of this failure? */
  opens({ health, ticket }: Pass, failure: Failure): boolean {
    const { breaker } = this.#config;
    if (!breaker || !isUnhealthy(failure)) return false;
    const heard = reduce(health.breaker, { type: "failure", ticket, random: 0 }, this.#now, breaker);
    return permit(heard, this.#now) !== "closed";
  }

  /** `lostMs`: time our own blocked event loop took from the attempt, which is not held against its target. */
  observe(event: ChainEvent, lostMs: number): void {
    const pass = "n" in event ? this.#passes.get(event.n) : undefined;
    if (!pass) return;
    const { health } = pass;
    switch (event.type) {
      case "attempt.first_content":
        pass.firstContentAt = event.at;
        if (lostMs === 0) health.waited(event.at - pass.startedAt, event.at);
        if (pass.probe && !this.#isSlow(pass)) this.#lives(pass);
        return;
      case "attempt.failed":
        this.#failed(event.n, pass, event, lostMs);
        return;
      case "attempt.won":
        health.succeeded(pass.startedAt, event.at);
        this.#config.health.account(pass.target).answered(isFree(pass.target), pass.startedAt);
        this.#end(event.n, pass, this.#isSlow(pass) && lostMs === 0 ? "failure" : "success");
        return;
      case "attempt.cancelled":
        if (event.reason === "lost" && pass.firstContentAt === undefined && lostMs === 0)
          health.outrun(event.at - pass.startedAt, event.at);
        this.#end(event.n, pass, this.#outlasted(pass, event, lostMs) ? "failure" : "neutral");
    }
  }

  /** Gives back what attempts hold that never told their end. */
  close(): void {
    for (const [n, pass] of this.#passes) this.#end(n, pass, "neutral");
  }

  get #now(): number {
    return this.#config.clock.now();
  }

  /** A probe that has begun its answer has shown enough for others to be let in; an answer may take minutes. */
  #lives(pass: Pass): void {
    const { target, health, ticket, startedAt } = pass;
    health.lives(startedAt);
    this.#config.health.account(target).answered(isFree(target), startedAt);
    this.#reduce(target, health, { type: "content", ticket });
    // Of a lease that had run out nothing was heard, and the breaker may be another probe's.
    if (ticket.lease !== undefined && permit(health.breaker, this.#now) === "closed")
      pass.ticket = ticketOf(health.breaker);
    this.#heard(pass);
  }

  #heard(pass: Pass): void {
    if (!pass.awaited) return;
    pass.awaited = false;
    pass.health.turns.give();
  }

  #failed(
    n: number,
    pass: Pass,
    { at, failure, verdict }: Extract<ChainEvent, { type: "attempt.failed" }>,
    lostMs: number,
  ): void {
    const unhealthy = isUnhealthy(failure) && !(failure.class === "timeout" && lostMs > 0);
    pass.health.failed(failure, unhealthy, at);
    if (failure.class === "timeout") this.#waitedInVain(pass, at, lostMs);
    if (verdict.do !== "retry") this.#learn(pass, failure, at);
    this.#end(n, pass, unhealthy ? "failure" : "neutral");
  }

  #learn({ target, health }: Pass, failure: Failure, now: number): void {
    const stated =
      failure.retryAfterMs === undefined ? undefined : Math.min(failure.retryAfterMs, MAX_STATED_MS);
    const guess = (strikes: number) =>
      Math.min(COOL.minMs * 2 ** Math.min(strikes, 16), COOL.maxMs) * (0.5 + this.#config.random() / 2);
    if (failure.scope === "account") {
      const limit = failure.class === "rate_limit";
      this.#config.health.account(target).block(failure, stated, limit ? guess : () => ACCOUNT_BLOCK_MS, now);
    } else if (failure.class === "rate_limit" || (stated !== undefined && isUnhealthy(failure))) {
      health.cool(failure, stated, guess, now);
    }
  }

  #waitedInVain({ health, startedAt, firstContentAt }: Pass, at: number, lostMs: number): void {
    if (firstContentAt === undefined && lostMs === 0) health.waited(at - startedAt, at);
  }

  #isSlow({ startedAt, firstContentAt }: Pass): boolean {
    const { breaker } = this.#config;
    return (
      breaker !== false &&
      breaker.slowMs !== false &&
      firstContentAt !== undefined &&
      firstContentAt - startedAt > breaker.slowMs
    );
  }

  /** A target that was silent until the call's deadline would otherwise never be found out. */
  #outlasted(
    { startedAt, firstContentAt }: Pass,
    { at, reason }: Extract<ChainEvent, { type: "attempt.cancelled" }>,
    lostMs: number,
  ): boolean {
    return (
      reason === "deadline" && firstContentAt === undefined && lostMs === 0 && at - startedAt >= SILENT_MS
    );
  }

  #end(n: number, pass: Pass, outcome: "success" | "failure" | "neutral"): void {
    // A caller's `random` or logger may have ended the call in between.
    if (this.#passes.delete(n)) this.#release(pass, outcome);
  }

  #release(pass: Pass, type: "success" | "failure" | "neutral"): void {
    const { target, health, ticket, slot } = pass;
    health.inFlight--;
    if (slot) health.slots.give();
    this.#reduce(target, health, { type, ticket, random: type === "failure" ? this.#config.random() : 0 });
    this.#heard(pass);
  }

  #reduce(target: Target, health: TargetHealth, event: Parameters<typeof reduce>[1]): void {
    const { breaker } = this.#config;
    if (!breaker) return;
    const now = this.#now;
    const before = health.breaker;
    health.breaker = reduce(before, event, now, breaker);
    if (health.breaker === before) return;
    if (event.type === "lease") this.#changed(target, "half_open");
    else if (ticketOf(health.breaker).epoch !== ticketOf(before).epoch)
      this.#changed(target, health.phase(now));
  }
}
