import type { Demands } from "./demand.js";
import { Refused } from "./errors.js";
import type { Guard, Pass } from "./guard.js";
import { LastResort } from "./last-resort.js";
import type { Skip } from "./record.js";
import { type Blemish, refusal } from "./refusal.js";
import type { Offer, Spend } from "./spend.js";
import type { TargetQueue } from "./target-queue.js";
import type { Clock, Failure, Target } from "./types.js";

/** Reasons that may have passed when everybody else has been asked. */
const PASSING: ReadonlySet<Skip["reason"]> = new Set([
  "breaker_open",
  "cooling_down",
  "account_blocked",
  "busy",
]);

export interface AdmissionInit {
  readonly queue: TargetQueue;
  readonly demands: Demands;
  readonly guard: Guard;
  readonly spend: Spend;
  readonly clock: Clock;
  readonly deadlineAt: number;
  readonly needsTools: boolean;
  readonly onSkip: (skip: Skip) => void;
}

/** The way in: an attempt's leave, and what it may cost. */
export interface Entry {
  pass: Pass;
  offer: Offer;
}

/** Decides, for one call, which target is asked next, and whether an attempt may leave now. */
export class Admission {
  readonly #init: AdmissionInit;
  readonly #blemishes: (Blemish & { at: number })[] = [];
  /** The moments from which refused targets may be asked again; monotonic ms. */
  readonly #dues: number[] = [];
  readonly #resort: LastResort;

  constructor(init: AdmissionInit) {
    this.#init = init;
    this.#resort = new LastResort({
      ...init,
      fits: (target) => !this.#refusal(target, this.#blemishes, true),
    });
  }

  /** Why the target would not be asked now. */
  refusal(target: Target): Skip | undefined {
    return this.#refusal(target);
  }

  /** The next target that may be asked now. `alone`: nothing else is under way, so that a last resort may be tried. */
  next(alone: boolean): Target | undefined {
    const { queue } = this.#init;
    const target = queue.take(
      (each) => !this.#refusal(each),
      (each) => {
        const skip = this.#refusal(each)!;
        this.#skip(each, skip);
        return PASSING.has(skip.reason);
      },
    );
    return target ?? (alone ? this.#resort.take() : undefined);
  }

  /** A target to ask beside `running`; undefined when there is none that could begin at once, or no budget. */
  beside(running: Target, budgeted: boolean): Target | undefined {
    const { queue, guard } = this.#init;
    const fits = (target: Target) => guard.hasRoom(target) && !this.#refusal(target);
    const found = queue.targets.find(fits);
    if (!found) return undefined;
    if (budgeted && !guard.takeHedge(running)) {
      this.#init.onSkip({
        target: found.id,
        model: found.model,
        reason: "budget",
        detail: { hedgeOf: running.id },
      });
      return undefined;
    }
    return queue.pick((target) => target === found);
  }

  /** Is there a target that may be asked, `also` taken into account? */
  hasNext(...also: Blemish[]): boolean {
    const blemishes = also.length > 0 ? [...this.#blemishes, ...also] : this.#blemishes;
    return this.#init.queue.targets.some((target) => !this.#refusal(target, blemishes));
  }

  /**
   * Lets an attempt in, after waiting for room at its target. `again`: the target has been asked in this call.
   *
   * @throws Refused when it may not leave after all; what stood against it is told to `onSkip`
   */
  async enter(target: Target, again: boolean, onLeave: (leave: () => void) => void): Promise<Entry> {
    const { guard, demands, spend } = this.#init;
    const last = this.#resort.is(target);
    // Looked at again behind each wait, with nothing between that and the attempt's leave.
    while (last && this.#resort.busy) await this.#awaitTurn(onLeave);
    const room = guard.room(target, onLeave);
    if (room !== true && !(await room)) {
      const { limit, waitMs } = target.maxConcurrent!;
      throw this.#refused(target, again, { reason: "busy", detail: { limit, waitedMs: waitMs } });
    }
    // Asked anew: a wait or a backoff may lie behind, and others may have learnt something meanwhile.
    const early = last && guard.belief(target)?.held === false;
    const offer = this.#refusal(target, this.#blemishes, early) ?? spend.offer(demands.of(target));
    if ("reason" in offer) {
      guard.giveRoom(target);
      throw this.#refused(target, again, offer);
    }
    const pass = guard.admit(target, early);
    // At once, and not when the attempt begins: another lane may be on its way in.
    spend.stake(pass, offer.stakeUsd);
    return { pass, offer };
  }

  /** Gives back what was taken for an attempt that does not leave after all. */
  leave({ pass }: Entry): void {
    this.#init.guard.drop(pass);
    this.#init.spend.drop(pass);
  }

  blame(target: Target, failure: Failure): void {
    const { demands, clock } = this.#init;
    const window = demands.of(target).facts.contextWindow;
    this.#blemishes.push({ target, failure, window, at: clock.now() });
  }

  /** Reports those that were not asked because of what had happened. */
  close(): void {
    const { queue, onSkip } = this.#init;
    for (const target of queue.targets) {
      const skip = queue.isPassed(target) ? undefined : this.#refusal(target);
      if (skip && skip.reason !== "deadline") onSkip(skip);
    }
    queue.clear();
  }

  /** Milliseconds until the earliest moment at which a target may be worth asking again. */
  retryAfterMs(): number | undefined {
    const now = this.#init.clock.now();
    const stated = this.#blemishes.flatMap(({ failure: { retryAfterMs }, at }) =>
      retryAfterMs === undefined ? [] : [at + retryAfterMs],
    );
    const dues = [...stated, ...this.#dues];
    return dues.length > 0 ? Math.ceil(Math.max(0, Math.min(...dues) - now)) : undefined;
  }

  /** @throws Refused when it does not come, or another target is to be asked instead */
  async #awaitTurn(onLeave: (leave: () => void) => void): Promise<void> {
    if (!(await this.#resort.turn(onLeave))) throw new Refused("others were asking");
    if (this.#resort.yields((target) => !this.#refusal(target))) throw new Refused("another is due");
  }

  #refused(target: Target, again: boolean, { reason, detail }: Pick<Skip, "reason" | "detail">): Refused {
    const skip: Skip = { target: target.id, model: target.model, reason, ...(detail && { detail }) };
    this.#skip(target, skip);
    // Its retries are counted by its lane: back in the queue it would get new ones.
    if (!again && PASSING.has(reason)) this.#init.queue.pass(target);
    return new Refused(reason);
  }

  #skip(target: Target, skip: Skip): void {
    const belief = this.#init.guard.belief(target);
    if (belief && PASSING.has(skip.reason)) this.#dues.push(belief.until);
    this.#init.onSkip(skip);
  }

  /** `early`: what other calls believe does not matter. */
  #refusal(target: Target, blemishes: readonly Blemish[] = this.#blemishes, early = false): Skip | undefined {
    const { demands, guard, spend, clock, deadlineAt, needsTools } = this.#init;
    const now = clock.now();
    const demand = demands.of(target);
    const offer = spend.offer(demand);
    return refusal(target, {
      demand,
      blemishes,
      remainingMs: deadlineAt - now,
      needsTools,
      belief: early ? undefined : guard.belief(target),
      dear: spend.dearer(demand) ?? ("reason" in offer ? offer : undefined),
      now,
    });
  }
}
