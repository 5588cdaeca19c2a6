import { Refused } from "./errors.js";
import { type Committed, type Lane, LaneFailed, type LaneRace } from "./lane.js";
import type { AuditAttempt } from "./record.js";
import type { Clock } from "./types.js";

/** A lane that could not start beside others is tried again after so long. */
const AGAIN_MS = 100;

/** What a race asks of its call. */
export interface RaceContext {
  readonly clock: Clock;
  /** Lanes in flight; the call cancels them when it ends. */
  readonly running: Set<Lane>;
  /** The next admitted target as a lane; undefined when none is left. */
  nextLane(): Lane | undefined;
  /** Targets are left that have not been asked. */
  readonly hasOthers: boolean;
  /** A lane to start beside those in flight; undefined when none may. */
  hedgeLane(): Lane | undefined;
  /** Has the failure of one lane sealed the fate of another? */
  dooms(failed: LaneFailed, lane: Lane, other: Lane): boolean;
  /** What has stopped the call: no other lane is to begin, whatever becomes of those under way. */
  stopped: LaneFailed | undefined;
  /** A lane has won; from now on it is the call's to cancel. */
  commit(lane: Lane): void;
  hedgeDelay(view: { started: number; elapsedMs: number }): number;
}

export interface Start {
  lane: Lane;
  why: AuditAttempt["why"];
  waitMs?: number;
}

/**
 * Runs lanes until one passes its gate; the others are cancelled. Another lane starts when one fails, or when the
 * hedge delay passes while none has shown content. Rejects with the failure that ended the last lane (`before`: one that
 * the race was begun because of), with Refused when no lane got to an attempt, or with whatever else ended one.
 */
export function race(context: RaceContext, first: Start, before?: LaneFailed): Promise<Committed> {
  return new Race(context, before).run(first);
}

/** A class, since one closure after another would be made anew for each call. */
class Race implements LaneRace {
  readonly #context: RaceContext;
  readonly #startedAt: number;
  #started = 0;
  #ended = false;
  #failed: LaneFailed | undefined;
  #stop: LaneFailed | undefined;
  #odd: { error: unknown } | undefined;
  #timer: unknown;
  #resolve!: (committed: Committed) => void;
  #reject!: (error: unknown) => void;

  constructor(context: RaceContext, before: LaneFailed | undefined) {
    this.#context = context;
    this.#failed = before;
    this.#startedAt = context.clock.now();
  }

  run(first: Start): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#guarded(() => this.#start(first));
    });
  }

  shown(): void {
    this.#context.clock.clearTimeout(this.#timer);
  }

  relapsed(): void {
    this.#guarded(() => this.#hedge());
  }

  #end(settle: () => void): void {
    if (this.#ended) return;
    const { clock, running } = this.#context;
    this.#ended = true;
    clock.clearTimeout(this.#timer);
    settle();
    for (const lane of running) lane.cancel("lost");
    running.clear();
  }

  /** A strategy or a provider that throws must end the race: nobody else is there to catch it. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#end(() => this.#reject(error));
    }
  }

  /** Once content is on its way, another request would be spent for nothing. */
  get #settled(): boolean {
    if (this.#stop !== undefined || this.#odd !== undefined || this.#ended) return true;
    for (const { showing } of this.#context.running) if (showing) return true;
    return false;
  }

  #start({ lane, why, waitMs }: Start): void {
    const { running } = this.#context;
    this.#started++;
    running.add(lane);
    lane.race = this;
    lane.run(why, waitMs).then(
      (committed) => {
        // Cancelled in the very moment in which it won.
        if (!running.delete(lane) || this.#ended) return lane.cancel("lost");
        this.#end(() => {
          this.#context.commit(lane);
          this.#resolve(committed);
        });
      },
      (error: unknown) => {
        // One that was cancelled is nobody's loss.
        if (running.delete(lane) && !this.#ended) this.#guarded(() => this.#lost(lane, why, error));
      },
    );
    this.#hedge();
  }

  #hedge(): void {
    const { clock } = this.#context;
    clock.clearTimeout(this.#timer);
    if (this.#settled) return;
    const elapsedMs = clock.now() - this.#startedAt;
    const delay = this.#context.hedgeDelay({ started: this.#started, elapsedMs });
    if (!(delay < Number.POSITIVE_INFINITY)) return;
    // Not by a timer: a quick answer would come before it, and whoever races wants all to be asked.
    if (delay <= 0) this.#begin(delay);
    else this.#beginIn(delay, delay);
  }

  #beginIn(ms: number, delay: number): void {
    this.#timer = this.#context.clock.setTimeout(() => this.#guarded(() => this.#begin(delay)), ms);
  }

  #begin(delay: number): void {
    if (this.#settled) return;
    const lane = this.#context.hedgeLane();
    if (lane) this.#start({ lane, why: "hedge" });
    // There may be room, or money, a little later.
    else if (this.#context.hasOthers) this.#beginIn(Math.max(delay, AGAIN_MS), delay);
  }

  #lost(lane: Lane, why: Start["why"], error: unknown): void {
    const { running } = this.#context;
    if (error instanceof LaneFailed) this.#failed = error;
    // What else is thrown ends the call, unless others are still at it.
    else if (!(error instanceof Refused)) this.#odd ??= { error };
    const odd = this.#odd;
    if (odd && running.size === 0) {
      this.#end(() => this.#reject(odd.error));
      return;
    }
    if (error instanceof LaneFailed && error.verdict.do === "stop") {
      this.#stop = error;
      this.#context.stopped = error;
      for (const other of running) {
        // One that has not sent anything yet is not under way.
        if (other.attempts > 0 && !this.#context.dooms(error, lane, other)) continue;
        running.delete(other);
        other.cancel("lost");
      }
    }
    const next = this.#settled ? undefined : this.#context.nextLane();
    if (next) this.#start({ lane: next, why: error instanceof Refused ? why : "failover" });
    else if (running.size === 0) this.#end(() => this.#reject(this.#stop ?? this.#failed ?? error));
    else this.#hedge();
  }
}
