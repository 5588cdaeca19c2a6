import { type Committed, type Lane, LaneFailed } from "./lane.js";
import type { AuditAttempt } from "./record.js";
import type { Clock } from "./types.js";

/** What a race asks of its call. */
export interface RaceContext {
  readonly clock: Clock;
  /** Lanes in flight; the call cancels them when it ends. */
  readonly running: Set<Lane>;
  /** The next admitted target as a lane; undefined when none is left. */
  nextLane(): Lane | undefined;
  /** A lane has won; from now on it is the call's to cancel. */
  commit(lane: Lane): void;
  hedgeDelay(view: { inFlight: number; started: number; elapsedMs: number }): number;
}

export interface Start {
  lane: Lane;
  why: AuditAttempt["why"];
  waitMs?: number;
}

/**
 * Runs lanes until one passes its gate; the others are cancelled. Another lane starts when one fails, or when the
 * hedge delay passes. Rejects with the failure that ended the last lane, or with whatever else ended one.
 */
export function race(context: RaceContext, first: Start): Promise<Committed> {
  const { clock, running } = context;
  const startedAt = clock.now();
  let started = 0;
  let ended = false;
  let stop: LaneFailed | undefined;
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

    const start = ({ lane, why, waitMs }: Start) => {
      started++;
      running.add(lane);
      // Once content is on its way, a second request would be spent for nothing.
      lane.onContent = () => clock.clearTimeout(timer);
      lane.run(why, waitMs).then(
        (committed) => {
          running.delete(lane);
          if (ended) return lane.cancel("lost");
          end(() => {
            context.commit(lane);
            resolve(committed);
          });
        },
        (error: unknown) => {
          running.delete(lane);
          if (!ended) guarded(() => lost(error));
        },
      );
      hedge();
    };

    const hedge = () => {
      clock.clearTimeout(timer);
      const delay = context.hedgeDelay({
        inFlight: running.size,
        started,
        elapsedMs: clock.now() - startedAt,
      });
      if (delay === Number.POSITIVE_INFINITY || stop) return;
      timer = clock.setTimeout(
        () =>
          guarded(() => {
            const lane = stop || ended ? undefined : context.nextLane();
            if (lane) start({ lane, why: "hedge" });
          }),
        delay,
      );
    };

    const lost = (error: unknown) => {
      if (!(error instanceof LaneFailed)) return end(() => reject(error));
      if (error.verdict.do === "stop") stop = error;
      // What is wrong with the account is wrong for the lanes in flight too.
      if (stop?.failure.scope === "account") return end(() => reject(stop));
      const lane = stop ? undefined : context.nextLane();
      if (lane) return start({ lane, why: "failover" });
      if (running.size === 0) end(() => reject(stop ?? error));
    };

    guarded(() => start(first));
  });
}
