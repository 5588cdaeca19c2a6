import pRetry from "p-retry";
import type { Attempt } from "./attempt.js";
import { AttemptError, Cancelled } from "./errors.js";
import type { AuditAttempt } from "./record.js";
import type { Clock, ContentPart, Failure, Target, Verdict } from "./types.js";

/** The attempt that passed its gate first, and what it may show by then. */
export interface Committed {
  lane: Lane;
  attempt: Attempt;
  head: readonly ContentPart[];
}

/** What a lane asks of its call. */
export interface LaneContext {
  readonly clock: Clock;
  startAttempt(lane: Lane, why: AuditAttempt["why"]): Attempt;
  /** Decides and records what follows a failed attempt. */
  judge(lane: Lane, attempt: Attempt, failure: Failure): Verdict;
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
  retries = 0;
  /** Milliseconds spent waiting on Retry-After. */
  waitedMs = 0;
  /** This target has refused to continue a text begun by another. */
  prefixRefused = false;
  onContent: () => void = () => {};
  readonly #context: LaneContext;
  #attempt: Attempt | undefined;
  #wake: ((reason: Cancelled) => void) | undefined;
  #cancelled: Cancelled | undefined;

  constructor(target: Target, context: LaneContext) {
    this.target = target;
    this.#context = context;
  }

  /** Attempts until one passes its gate. Rejects with LaneFailed, Cancelled or OptionsError. */
  async run(why: AuditAttempt["why"], waitMs = 0): Promise<Committed> {
    if (waitMs > 0) await this.#sleep(waitMs);
    let reason = why;
    let ended: LaneFailed | undefined;
    try {
      return await pRetry(
        async () => {
          if (this.#cancelled) throw this.#cancelled;
          const attempt = this.#context.startAttempt(this, reason);
          this.#attempt = attempt;
          // Starting it tells the log, and a logger may be what aborts the call.
          if (this.#cancelled) {
            attempt.cancel("aborted");
            throw this.#cancelled;
          }
          reason = "retry";
          return { lane: this, attempt, head: await attempt.open() };
        },
        {
          // p-retry keeps the loop; the wait is ours, because its own cannot follow Retry-After.
          retries: Number.POSITIVE_INFINITY,
          minTimeout: 0,
          shouldRetry: async ({ error }) => {
            if (!(error instanceof AttemptError)) return false;
            const verdict = this.#context.judge(this, this.#attempt!, error.failure);
            if (verdict.do !== "retry") {
              ended = new LaneFailed(error.failure, verdict);
              return false;
            }
            await this.#sleep(verdict.waitMs);
            return true;
          },
        },
      );
    } catch (error) {
      throw ended ?? error;
    }
  }

  cancel(reason: "lost" | "aborted" | "deadline"): void {
    this.#cancelled ??= new Cancelled(reason);
    this.#wake?.(this.#cancelled);
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
