import { clampDelay } from "./clock.js";
import { LATE_MS, type LagMeter, UNREAD_MS } from "./lag.js";
import { ThroughputGuard } from "./throughput.js";
import type { AttemptTimeouts, Clock, ClockPhase, ProviderPart, Throughput } from "./types.js";

/** How long the trailer (usage chunk, `[DONE]`) may take after the finish reason, before the answer is taken as complete. */
export const TRAILER_MS = 2_000;

type Phase = ClockPhase | "trailer";

/** The clocks of an attempt, and the slowest that its stream may be. */
export interface WatchdogClocks extends AttemptTimeouts {
  minTokensPerSecond?: Throughput | undefined;
}

/** The clock that has run out; `rate` tells of what phase `throughput` asks for. */
export interface Expiry {
  phase: Phase;
  ms: number;
  rate?: number;
}

interface DueExpiry extends Expiry {
  at: number;
}

function sooner(
  next: DueExpiry | undefined,
  phase: Phase,
  ms: number | false,
  from: number,
): DueExpiry | undefined {
  return ms !== false && (!next || from + ms < next.at) ? { phase, ms, at: from + ms } : next;
}

/**
 * The clocks of one attempt as one timer: it is not moved when content arrives, but looks, when it fires,
 * whether a clock has really run out. So a chunk costs no timer operation.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #clocks: WatchdogClocks;
  readonly #guard: ThroughputGuard | undefined;
  readonly #lag: LagMeter;
  readonly #expired: (expiry: Expiry) => void;
  readonly #startedAt: number;
  #timer: unknown;
  #dueAt = Number.POSITIVE_INFINITY;
  #headers = false;
  #content = false;
  #finished = false;
  #reading = true;
  #quietSince: number;
  #graceGiven = false;
  /** What was lost before the clocks began, or before they were last given grace for it. */
  #lostBefore: number;
  #stopped = false;

  /** `lag` has been begun, or knows of nothing. */
  constructor(clock: Clock, lag: LagMeter, clocks: WatchdogClocks, expired: (expiry: Expiry) => void) {
    const { minTokensPerSecond } = clocks;
    this.#clock = clock;
    this.#lag = lag;
    this.#clocks = clocks;
    this.#guard = minTokensPerSecond && new ThroughputGuard(minTokensPerSecond, lag);
    this.#expired = expired;
    this.#startedAt = clock.now();
    this.#lostBefore = lag.lostMs();
    this.#quietSince = this.#startedAt;
    this.#arm();
  }

  /** The timer stays: what falls due next is later now, and it looks when it fires. */
  headers(): void {
    this.#headers = true;
  }

  /** Content has arrived, in these parts: the idle clock starts over. */
  content(parts: readonly ProviderPart[]): void {
    const first = !this.#content;
    this.#content = true;
    this.#graceGiven = false;
    const now = this.#clock.now();
    this.#quietSince = now;
    // Content behind a finish reason: the answer goes on, and so do its clocks.
    const begins = first || this.#finished;
    this.#finished = false;
    if (this.#guard) {
      if (begins) this.#guard.restart(now);
      this.#guard.add(parts, now);
    }
    if (begins) this.#arm();
  }

  finished(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#quietSince = this.#clock.now();
    this.#arm();
  }

  /** The clocks of the stream measure the upstream: they stand still while nobody reads. */
  reading(): void {
    if (this.#reading) return;
    this.#reading = true;
    if (!this.#content && !this.#finished) return;
    const now = this.#clock.now();
    this.#quietSince = now;
    this.#guard?.resumed(now);
    const ms = this.#finished ? TRAILER_MS : this.#clocks.idleMs;
    const idleAt = ms === false ? Number.POSITIVE_INFINITY : now + ms;
    if (this.#dueAt > Math.min(idleAt, this.#guard?.dueAt(now) ?? idleAt)) this.#arm();
  }

  paused(): void {
    this.#reading = false;
    this.#guard?.paused(this.#clock.now());
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#stopped = true;
  }

  #next(now: number): DueExpiry | undefined {
    const { connectMs, firstTokenMs, idleMs, attemptMs, minTokensPerSecond } = this.#clocks;
    let next: DueExpiry | undefined;
    // Once the finish reason is there the answer is whole, and no clock may call it a failure.
    if (this.#finished) next = sooner(next, "trailer", this.#reading && TRAILER_MS, this.#quietSince);
    else {
      next = sooner(next, "attempt", attemptMs, this.#startedAt);
      next = this.#content
        ? sooner(next, "idle", this.#reading && idleMs, this.#quietSince)
        : sooner(next, "first_token", firstTokenMs, this.#startedAt);
      if (!this.#headers && !this.#content) next = sooner(next, "connect", connectMs, this.#startedAt);
    }
    if (this.#guard && minTokensPerSecond && this.#content && this.#reading && !this.#finished) {
      const at = this.#guard.dueAt(now);
      const { rate } = minTokensPerSecond;
      if (!next || at < next.at)
        next = { phase: "throughput", ms: Math.round(this.#guard.windowMs), rate, at };
    }
    return next;
  }

  #arm(): void {
    if (this.#stopped) return;
    const next = this.#next(this.#clock.now());
    if (this.#timer !== undefined) {
      // An earlier timer does: it will look again when it fires.
      if (next && this.#dueAt <= next.at) return;
      this.#clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#dueAt = Number.POSITIVE_INFINITY;
    }
    if (next) this.#set(next.at);
  }

  #set(at: number): void {
    this.#dueAt = at;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), clampDelay(Math.ceil(at - this.#clock.now())));
  }

  #fire(): void {
    const now = this.#clock.now();
    const late = now - this.#dueAt > LATE_MS;
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const next = this.#next(now);
    if (!next) return;
    const { at, ...expiry } = next;
    const again = now < at ? at : this.#again(expiry.phase, now, late);
    if (again === undefined) this.#expired(expiry);
    else this.#set(again);
  }

  /** When to look once more before a clock that has run out is believed. */
  #again(phase: Phase, now: number, late: boolean): number | undefined {
    if (phase === "throughput") return this.#guard?.again(now);
    const lost = this.#lag.lostMs(now);
    if (this.#graceGiven || (!late && lost <= this.#lostBefore)) return undefined;
    this.#graceGiven = true;
    this.#lostBefore = lost;
    return now + UNREAD_MS;
  }
}
