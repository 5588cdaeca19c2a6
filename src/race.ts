import { Refused } from "./errors.js";
import { type Committed, type Lane, LaneFailed } from "./lane.js";
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
  const { clock, running } = context;
  const startedAt = clock.now();
  let started = 0;
  let ended = false;
  let failed = before;
  let stop: LaneFailed | undefined;
  let odd: { error: unknown } | undefined;
  let timer: unknown;

  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      if (ended) return;
      ended = true;
      clock.clearTimeout(timer);
      settle();
      for (const lane of running) lane.cancel("lost");
      running.clear();
    };

    // A strategy or a provider that throws must end the race: nobody else is there to catch it.
    const guarded = (action: () => void) => {
      try {
        action();
      } catch (error) {
        end(() => reject(error));
      }
    };

    /** Once content is on its way, another request would be spent for nothing. */
    const settled = () =>
      stop !== undefined || odd !== undefined || ended || [...running].some(({ showing }) => showing);

    const start = ({ lane, why, waitMs }: Start) => {
      started++;
      running.add(lane);
      lane.onContent = () => clock.clearTimeout(timer);
      lane.onRelapse = () => guarded(hedge);
      lane.run(why, waitMs).then(
        (committed) => {
          // Cancelled in the very moment in which it won.
          if (!running.delete(lane) || ended) return lane.cancel("lost");
          end(() => {
            context.commit(lane);
            resolve(committed);
          });
        },
        (error: unknown) => {
          // One that was cancelled is nobody's loss.
          if (running.delete(lane) && !ended) guarded(() => lost(lane, why, error));
        },
      );
      hedge();
    };

    const hedge = () => {
      clock.clearTimeout(timer);
      if (settled()) return;
      const delay = context.hedgeDelay({ started, elapsedMs: clock.now() - startedAt });
      if (!(delay < Number.POSITIVE_INFINITY)) return;
      const begin = () => {
        if (settled()) return;
        const lane = context.hedgeLane();
        if (lane) start({ lane, why: "hedge" });
        // There may be room, or money, a little later.
        else if (context.hasOthers) timer = clock.setTimeout(() => guarded(begin), Math.max(delay, AGAIN_MS));
      };
      // Not by a timer: a quick answer would come before it, and whoever races wants all to be asked.
      if (delay <= 0) begin();
      else timer = clock.setTimeout(() => guarded(begin), delay);
    };

    const lost = (lane: Lane, why: Start["why"], error: unknown) => {
      if (error instanceof LaneFailed) failed = error;
      // What else is thrown ends the call, unless others are still at it.
      else if (!(error instanceof Refused)) odd ??= { error };
      if (odd && running.size === 0) return end(() => reject(odd?.error));
      if (error instanceof LaneFailed && error.verdict.do === "stop") {
        stop = error;
        context.stopped = error;
        for (const other of running) {
          // One that has not sent anything yet is not under way.
          if (other.attempts > 0 && !context.dooms(error, lane, other)) continue;
          running.delete(other);
          other.cancel("lost");
        }
      }
      const next = settled() ? undefined : context.nextLane();
      if (next) return start({ lane: next, why: error instanceof Refused ? why : "failover" });
      if (running.size === 0) end(() => reject(stop ?? failed ?? error));
      else hedge();
    };

    guarded(() => start(first));
  });
}
