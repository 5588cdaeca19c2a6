import type { Belief } from "../health/target-health.js";
import type { Clock, Target } from "../types.js";
import type { Guard } from "./guard.js";
import type { TargetQueue } from "./target-queue.js";

/** How long a call with nobody left waits for its turn. */
const TURN_MS = 1_000;

interface Candidate extends Belief {
  target: Target;
}

export interface LastResortInit {
  readonly queue: TargetQueue;
  readonly guard: Guard;
  readonly clock: Clock;
  /** May the target be asked, whatever other calls have learnt of it? */
  readonly fits: (target: Target) => boolean;
}

/**
 * What a call does that has nobody left to ask: it asks one target before its time, the one that is due first. One call at
 * a time: a crowd would keep down what is getting up. Those who wait learn from the one who asks.
 */
export class LastResort {
  readonly #init: LastResortInit;
  #target: Target | undefined;
  #until: number | undefined;
  /** Others that were being asked when this call had nobody left. */
  #awaited: readonly Target[] = [];

  constructor(init: LastResortInit) {
    this.#init = init;
  }

  is(target: Target): boolean {
    return target === this.#target;
  }

  /** Takes a target out of the queue; undefined when there is none, or one has been taken. */
  take(): Target | undefined {
    const { queue, guard } = this.#init;
    if (this.#target || !guard.triesBest) return undefined;
    const candidates = this.#candidates(queue.targets);
    const first = due(candidates);
    if (!first) return undefined;
    this.#target = first;
    this.#awaited = candidates.filter(({ held }) => held).map(({ target }) => target);
    return queue.pick((target) => target === first);
  }

  /** Is there one to take, of those that fit? */
  has(fits: (target: Target) => boolean): boolean {
    const { queue, guard } = this.#init;
    if (this.#target || !guard.triesBest) return false;
    return queue.targets.some((target) => guard.belief(target)?.stated === false && fits(target));
  }

  get busy(): boolean {
    return this.#busy() !== undefined;
  }

  /** Waits until nobody else is asking. False when that took too long. */
  async turn(onLeave: (leave: () => void) => void): Promise<boolean> {
    const { guard, clock } = this.#init;
    this.#until ??= clock.now() + TURN_MS;
    for (let busy = this.#busy(); busy; busy = this.#busy()) {
      const leftMs = this.#until - clock.now();
      if (leftMs <= 0 || !(await guard.news(busy, leftMs, onLeave))) return false;
    }
    return true;
  }

  /** After a wait: is somebody else to be asked rather? Then the target goes back, and another one can be taken. */
  yields(admits: (target: Target) => boolean): boolean {
    const { queue } = this.#init;
    const target = this.#target!;
    if (admits(target)) return false;
    if (!queue.targets.some(admits) && due(this.#candidates([target, ...queue.targets])) === target)
      return false;
    this.#target = undefined;
    queue.restore(target);
    return true;
  }

  #busy(): Target | undefined {
    const asked = [this.#target!, ...this.#awaited];
    return asked.find((target) => this.#init.guard.belief(target)?.held);
  }

  /** Not those of which a server has said itself when to come back. */
  #candidates(targets: readonly Target[]): Candidate[] {
    const { guard, fits } = this.#init;
    return targets.flatMap((target) => {
      const belief = guard.belief(target);
      // Whoever asks it may hold the room, and will give it back.
      const room = belief?.held || guard.hasRoom(target);
      return belief && !belief.stated && room && fits(target) ? [{ target, ...belief }] : [];
    });
  }
}

/**
 * The one whose time comes first; once that has been tried in vain the next one, and so on in turn, since one that is down
 * for long would otherwise hide one that has come back. Rather one that nobody is asking.
 */
function due(candidates: readonly Candidate[]): Target | undefined {
  const free = candidates.filter(({ held }) => !held);
  const able = free.length > 0 ? free : candidates;
  return able.toSorted((a, b) => a.askedAt - b.askedAt || a.until - b.until)[0]?.target;
}
