import { Refused } from "../errors.js";
import type { Skip } from "../record.js";
import type { Clock, Failure, Target } from "../types.js";
import type { Demands } from "./demand.js";
import type { Guard, Pass } from "./guard.js";
import { LastResort } from "./last-resort.js";
import { type Blemish, refusal } from "./refusal.js";
import type { Offer, Spend } from "./spend.js";
import type { TargetQueue } from "./target-queue.js";

/** Reasons that may have passed when everybody else has been asked. */
const PASSING: ReadonlySet<Skip["reason"]> = new Set([
  "breaker_open",
  "cooling_down",
  "account_blocked",
  "busy",
]);

const SOON_MS = 1_000;

export interface AdmissionInit {
  /** All targets of the call. */
  readonly order: readonly Target[];
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
  /** Targets refused for a reason that may pass. */
  readonly #waiting: Target[] = [];
  readonly #resort: LastResort;
  #outOfBudget = false;
  /** Told to be too dear to be asked beside another. */
  readonly #dear: Target[] = [];

  constructor(init: AdmissionInit) {
    this.#init = init;
    const { queue, guard, clock } = init;
    const fits = (target: Target) => !this.#refusal(target, { early: true });
    this.#resort = new LastResort({ queue, guard, clock, fits });
  }

  /** Why the target would not be asked now. */
  refusal(target: Target): Skip | undefined {
    return this.#refusal(target);
  }

  /** The next target that may be asked now. `alone`: nothing else is under way, so that a last resort may be tried. */
  next(alone: boolean): Target | undefined {
    const { queue } = this.#init;
    const target = queue.take(
      (each) => this.#refusal(each),
      (each, skip) => {
        this.#skip(each, skip);
        return this.#mayPass(each, skip);
      },
    );
    return target ?? (alone ? this.#resort.take() : undefined);
  }

  /** A target to ask beside `running`; undefined when there is none that could begin at once, or no budget. */
  beside(running: Target, budgeted: boolean): Target | undefined {
    const { queue, guard } = this.#init;
    const fits = (target: Target) => guard.hasRoom(target) && !this.#refusal(target);
    const found = queue.targets.find(fits);
    if (!found) {
      this.#tellDear();
      return undefined;
    }
    if (budgeted && !guard.takeHedge(running)) {
      if (this.#outOfBudget) return undefined;
      this.#outOfBudget = true;
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
    const added = also.map(({ target, failure }) => ({ target, failure, window: this.#windowOf(target) }));
    const blemishes = added.length > 0 ? [...this.#blemishes, ...added] : this.#blemishes;
    return this.#init.queue.targets.some((target) => !this.#refusal(target, { blemishes, later: true }));
  }

  /** Is there a target that would be asked before its time, with nobody else left? */
  hasResort(also: Blemish): boolean {
    const blemishes = [...this.#blemishes, also];
    return this.#resort.has((target) => !this.#refusal(target, { blemishes, early: true, later: true }));
  }

  /** Are there targets that have not been asked? */
  get hasOthers(): boolean {
    return this.#init.queue.targets.length > 0;
  }

  /**
   * Lets an attempt in, after waiting for room at its target. `again`: the target has been asked in this call.
   *
   * @throws Refused when it may not leave after all; what stood against it is told to `onSkip`
   */
  async enter(target: Target, again: boolean, onLeave: (leave: () => void) => void): Promise<Entry> {
    const { guard, demands, spend } = this.#init;
    const last = !again && this.#resort.is(target);
    // Looked at again behind each wait, with nothing between that and the attempt's leave.
    while (last && this.#resort.busy) await this.#awaitTurn(onLeave);
    let left = false;
    const room = guard.room(target, (leave) =>
      onLeave(() => {
        left = true;
        leave();
      }),
    );
    if (room !== true && !(await room)) {
      if (left) throw new Refused("left");
      const { limit, waitMs } = target.maxConcurrent!;
      throw this.#refused(target, again, { reason: "busy", detail: { limit, waitedMs: waitMs } });
    }
    // Asked anew: a wait or a backoff may lie behind, and others may have learnt something meanwhile.
    const early = last && guard.belief(target)?.held === false;
    const offer = this.#refusal(target, { early }) ?? spend.offer(demands.of(target));
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
    const at = this.#init.clock.now();
    this.#blemishes.push({ target, failure, window: this.#windowOf(target), at });
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
    const dues = this.#waiting.flatMap((target) => {
      const belief = this.#init.guard.belief(target);
      // When another call is finding out, that will soon be known.
      return belief ? [belief.held ? now + SOON_MS : belief.until] : [];
    });
    const all = [...stated, ...dues];
    return all.length > 0 ? Math.ceil(Math.max(0, Math.min(...all) - now)) : undefined;
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
    // Nor is it waited for twice in a row.
    const { queue } = this.#init;
    if (!again && this.#mayPass(target, skip) && (reason !== "busy" || queue.hasFresh)) queue.pass(target);
    return new Refused(reason);
  }

  /** May the reason have passed when everybody else has been asked? Money may be set aside for an attempt that fails at no cost. */
  #mayPass(target: Target, { reason }: Skip): boolean {
    return PASSING.has(reason) || (reason === "too_dear" && !this.#refusal(target, { later: true }));
  }

  #skip(target: Target, skip: Skip): void {
    if (PASSING.has(skip.reason)) this.#waiting.push(target);
    this.#init.onSkip(skip);
  }

  /** Lanes that would start side by side, and may not for want of money alone, would go missing without a word. */
  #tellDear(): void {
    for (const target of this.#init.queue.targets) {
      const skip = this.#refusal(target);
      if (skip?.reason !== "too_dear" || this.#dear.includes(target)) continue;
      this.#dear.push(target);
      this.#init.onSkip(skip);
    }
  }

  /** What all targets of the call are said to lack keeps none from being asked: a list may be wrong, and the answer is checked. */
  #lacks(target: Target): string | undefined {
    const { demands, order } = this.#init;
    const { lacks } = demands.of(target);
    return lacks && order.some((each) => !demands.of(each).lacks) ? lacks : undefined;
  }

  #windowOf(target: Target): number | undefined {
    return this.#init.demands.of(target).facts.contextWindow;
  }

  /** `early`: what other calls believe does not matter. `later`: when attempts under way have ended. */
  #refusal(
    target: Target,
    {
      blemishes = this.#blemishes,
      early = false,
      later = false,
    }: { blemishes?: readonly Blemish[]; early?: boolean; later?: boolean } = {},
  ): Skip | undefined {
    const { demands, guard, spend, clock, deadlineAt, needsTools } = this.#init;
    const now = clock.now();
    const demand = demands.of(target);
    const offer = spend.offer(demand, later);
    return refusal(target, {
      demand,
      blemishes,
      remainingMs: deadlineAt - now,
      needsTools,
      lacks: this.#lacks(target),
      belief: early ? undefined : guard.belief(target),
      dear: spend.dearer(demand) ?? ("reason" in offer ? offer : undefined),
      now,
    });
  }
}
