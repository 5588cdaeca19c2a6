import pRetry from "p-retry";
import type { Attempt } from "./attempt.js";
import { AttemptError, Cancelled, Refused } from "./errors.js";
import type { AuditAttempt } from "./record.js";
import type { Clock, ContentPart, Failure, Target, Verdict } from "./types.js";

/** The attempt that passed its gate first, and what it may show by then. */
export interface Committed {
  lane: Lane;
  attempt: Attempt;
  head: readonly ContentPart[];
}

/** What a lane asks of its call. `Entry`: an attempt's leave to go. */
export interface LaneContext<Entry = unknown> {
  readonly clock: Clock;
  /** Waits until an attempt may leave; `onLeave` takes what ends the wait. Rejects with Refused. */
  enter(lane: Lane, onLeave: (leave: () => void) => void): Promise<Entry>;
  /** Gives an entry back unused. */
  leave(entry: Entry): void;
  startAttempt(lane: Lane, why: AuditAttempt["why"], entry: Entry): Attempt;
  /** Decides and records what follows a failed attempt. */
  judge(lane: Lane, attempt: Attempt, failure: Failure): Verdict;
  /** A target that was to be asked again, and may not. */
  forsake(lane: Lane, failure: Failure): void;
}

/** Who is to know how a lane fares. */
export interface LaneRace {
  /** The attempt under way has shown content. */
  shown(): void;
  /** An attempt that had shown content has died, and another one will be made. */
  relapsed(): void;
}

/** A lane that gave up, with the failure and the verdict that ended it. */
export class LaneFailed extends Error {
  readonly failure: Failure;
  readonly verdict: Verdict;

  constructor(failure: Failure, verdict: Verdict) {
    super(failure.class);
    this.failure = failure;
    this.verdict = verdict;
  }
}

/** One target with its retries. The counters outlive a run, since a stream that dies later comes back here. */
export class Lane {
  readonly target: Target;
  /** Attempts begun. */
  attempts = 0;
  retries = 0;
  /** Milliseconds spent waiting on Retry-After. */
  waitedMs = 0;
  /** This target has refused to continue a text begun by another. */
  prefixRefused = false;
  /** The most tokens this target turned out to have room for. */
  maxTokens: number | undefined;
  /** The attempt under way has shown content. */
  showing = false;
  /** Set by whoever runs it. */
  race: LaneRace | undefined;
  readonly #context: LaneContext;
  #attempt: Attempt | undefined;
  #wake: ((reason: Cancelled) => void) | undefined;
  #leave: (() => void) | undefined;
  #cancelled: Cancelled | undefined;

  constructor(target: Target, context: LaneContext) {
    this.target = target;
    this.#context = context;
  }

  /** To be called when the attempt under way has shown its first content. */
  showed(): void {
    this.showing = true;
    this.race?.shown();
  }

  /** Attempts until one passes its gate. Rejects with LaneFailed, Refused, Cancelled or OptionsError. */
  async run(why: AuditAttempt["why"], waitMs = 0): Promise<Committed> {
    this.showing = false;
    if (waitMs > 0) await this.#sleep(waitMs);
    try {
      return await this.#ask(why);
    } catch (error) {
      return this.#askAgain(error);
    }
  }

  async #ask(why: AuditAttempt["why"]): Promise<Committed> {
    const attempt = await this.#begin(why);
    return { lane: this, attempt, head: await attempt.open() };
  }

  /** `error` ended the first attempt, which is made without p-retry: most calls need no loop. */
  async #askAgain(error: unknown): Promise<Committed> {
    let failure: Failure | undefined;
    let ended: LaneFailed | undefined;
    try {
      return await pRetry(
        async (n) => {
          if (n === 1) throw error;
          return this.#ask("retry");
        },
        {
          // p-retry keeps the loop; the wait is ours, because its own cannot follow Retry-After.
          retries: Number.POSITIVE_INFINITY,
          minTimeout: 0,
          shouldRetry: async ({ error }) => {
            if (!(error instanceof AttemptError)) return false;
            failure = error.failure;
            const verdict = this.#context.judge(this, this.#attempt!, failure);
            if (verdict.do !== "retry") {
              ended = new LaneFailed(failure, verdict);
              return false;
            }
            if (this.showing) {
              this.showing = false;
              this.race?.relapsed();
            }
            await this.#sleep(verdict.waitMs);
            return true;
          },
        },
      );
    } catch (error) {
      if (error instanceof Refused && failure) {
        this.#context.forsake(this, failure);
        throw new LaneFailed(failure, { do: "next" });
      }
      throw ended ?? error;
    }
  }

  async #begin(why: AuditAttempt["why"]): Promise<Attempt> {
    if (this.#cancelled) throw this.#cancelled;
    const context = this.#context;
    let entry: unknown;
    try {
      entry = await context.enter(this, (leave) => {
        // Cancelled between two waits, it would hear nothing any more.
        if (this.#cancelled) leave();
        else this.#leave = leave;
      });
    } catch (error) {
      throw this.#cancelled ?? error;
    }
    this.#leave = undefined;
    if (this.#cancelled) {
      context.leave(entry);
      throw this.#cancelled;
    }
    this.showing = false;
    const attempt = context.startAttempt(this, why, entry);
    this.#attempt = attempt;
    this.attempts++;
    // Starting it tells the log, and a logger may be what aborts the call.
    if (this.#cancelled) {
      attempt.cancel("aborted");
      throw this.#cancelled;
    }
    return attempt;
  }

  cancel(reason: "lost" | "aborted" | "deadline"): void {
    this.#cancelled ??= new Cancelled(reason);
    this.#wake?.(this.#cancelled);
    this.#leave?.();
    this.#attempt?.cancel(reason);
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#cancelled) throw this.#cancelled;
    if (ms <= 0) return;
    const { clock } = this.#context;
    let timer: unknown;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = clock.setTimeout(resolve, ms);
        this.#wake = reject;
      });
    } finally {
      clock.clearTimeout(timer);
      this.#wake = undefined;
    }
  }
}
