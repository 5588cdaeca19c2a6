import { clampDelay } from "./clock.js";
import type { AttemptTimeouts, Clock, ClockPhase } from "./types.js";

/** How long the trailer (usage chunk, `[DONE]`) may take after the finish reason, before the answer is taken as complete. */
export const TRAILER_MS = 2_000;
/** A timer later than this means that our own event loop was blocked: data may be waiting unread. */
const LAG_MS = 1_000;
const LAG_GRACE_MS = 50;

/**
 * The clocks of one attempt as one timer: it is not moved when content arrives, but looks, when it fires,
 * whether a clock has really run out. So a chunk costs no timer operation.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #timeouts: AttemptTimeouts;
  readonly #expired: (phase: ClockPhase | "trailer", ms: number) => void;
  readonly #startedAt: number;
  #timer: unknown;
  #dueAt = Number.POSITIVE_INFINITY;
  #headers = false;
  #content = false;
  #finished = false;
  #reading = true;
  #quietSince: number;
  #graceGiven = false;
  #stopped = false;

  constructor(
    clock: Clock,
    timeouts: AttemptTimeouts,
    expired: (phase: ClockPhase | "trailer", ms: number) => void,
  ) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#expired = expired;
    this.#startedAt = clock.now();
    this.#quietSince = this.#startedAt;
    this.#arm();
  }

  headers(): void {
    this.#headers = true;
    this.#arm();
  }

  /** Content has arrived: the idle clock starts over. */
  content(): void {
    const first = !this.#content;
    this.#content = true;
    this.#graceGiven = false;
    this.#quietSince = this.#clock.now();
    // Content behind a finish reason: the answer goes on, and so do its clocks.
    const resumed = this.#finished;
    this.#finished = false;
    if (first || resumed) this.#arm();
  }

  finished(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#quietSince = this.#clock.now();
    this.#arm();
  }

  /** The idle clock measures the upstream: it stands still while nobody reads. */
  reading(): void {
    if (this.#reading) return;
    this.#reading = true;
    if (!this.#content && !this.#finished) return;
    this.#quietSince = this.#clock.now();
    const ms = this.#finished ? TRAILER_MS : this.#timeouts.idleMs;
    if (ms !== false && this.#dueAt > this.#quietSince + ms) this.#arm();
  }

  paused(): void {
    this.#reading = false;
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#stopped = true;
  }

  #next(): { phase: ClockPhase | "trailer"; ms: number; at: number } | undefined {
    const { connectMs, firstTokenMs, idleMs, attemptMs } = this.#timeouts;
    const clocks: [ClockPhase | "trailer", number | false, number][] = [];
    // Once the finish reason is there the answer is whole, and no clock may call it a failure.
    if (this.#finished) clocks.push(["trailer", this.#reading && TRAILER_MS, this.#quietSince]);
    else {
      clocks.push(["attempt", attemptMs, this.#startedAt]);
      if (this.#content) clocks.push(["idle", this.#reading && idleMs, this.#quietSince]);
      else clocks.push(["first_token", firstTokenMs, this.#startedAt]);
      if (!this.#headers && !this.#content) clocks.push(["connect", connectMs, this.#startedAt]);
    }
    let next: { phase: ClockPhase | "trailer"; ms: number; at: number } | undefined;
    for (const [phase, ms, from] of clocks) {
      if (ms !== false && (!next || from + ms < next.at)) next = { phase, ms, at: from + ms };
    }
    return next;
  }

  #arm(): void {
    if (this.#stopped) return;
    const next = this.#next();
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
    const dueAt = this.#dueAt;
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const next = this.#next();
    if (!next) return;
    const now = this.#clock.now();
    if (now < next.at) {
      this.#set(next.at);
      return;
    }
    if (now - dueAt > LAG_MS && !this.#graceGiven) {
      this.#graceGiven = true;
      this.#set(now + LAG_GRACE_MS);
      return;
    }
    this.#expired(next.phase, next.ms);
  }
}
