import { costOf } from "../price.js";
import type { Cost, Skip } from "../record.js";
import { leastTokens, withMaxTokens } from "../request.js";
import type { Usage, WireRequest } from "../types.js";
import type { Demand, Demands } from "./demand.js";

/** An answer shorter than this is not worth paying for. */
const MIN_OUTPUT = 256;

export interface SpendLimits {
  /** USD for the whole call, failed attempts included. */
  maxUsd?: number | undefined;
  /** USD that the call is likely to cost at its first target, when no other may be dearer. */
  primaryUsd?: (() => number | undefined) | undefined;
}

/** An attempt that may be paid for: the request as it is sent then, and the USD set aside for it. */
export interface Offer {
  request: WireRequest;
  /** `max_tokens` as sent, where the money left buys no more. */
  capped?: number;
  stakeUsd: number;
}

/** What an attempt did, as far as its cost goes. */
export interface Done {
  usage?: Usage | undefined;
  /** Response headers of a 2xx came. */
  accepted: boolean;
  /** It failed by itself, and was not cancelled. */
  failed: boolean;
  /** Tokens of output that came, estimated. */
  output: number;
}

/** The money of one call: spent, and set aside for attempts under way. Where a price is unknown nothing is limited. */
export class Spend {
  readonly #demands: Demands;
  readonly #limits: SpendLimits;
  readonly #stakes = new Map<object, number>();
  #spentUsd = 0;

  constructor(demands: Demands, limits: SpendLimits) {
    this.#demands = demands;
    this.#limits = limits;
  }

  /**
   * What an attempt may cost now, or why it may not be made. `later`: when those under way have ended, at no cost.
   */
  offer(demand: Demand, later = false): Offer | Pick<Skip, "reason" | "detail"> {
    const { maxUsd } = this.#limits;
    const { request, asked } = demand;
    if (maxUsd === undefined || !demand.facts.price) return { request, stakeUsd: 0 };
    const staked = later ? 0 : [...this.#stakes.values()].reduce((sum, usd) => sum + usd, 0);
    const leftUsd = maxUsd - this.#spentUsd - staked;
    const emptyUsd = this.#demands.worst(demand, 0)!;
    const tokenUsd = (this.#demands.worst(demand, 1_000_000)! - emptyUsd) / 1_000_000;
    const most = this.#demands.mostOutput(demand);
    const worstUsd = tokenUsd === 0 ? emptyUsd : emptyUsd + tokenUsd * most;
    // What is free is so for whoever has nothing left.
    if (worstUsd <= leftUsd || worstUsd === 0) return { request, stakeUsd: worstUsd };
    const capped = asked === undefined ? Math.floor((leftUsd - emptyUsd) / tokenUsd) : 0;
    if (tokenUsd > 0 && capped >= Math.max(MIN_OUTPUT, leastTokens(request))) {
      const stakeUsd = emptyUsd + tokenUsd * capped;
      return { request: withMaxTokens(request, capped), capped, stakeUsd };
    }
    const atLeast = Number.isFinite(worstUsd) ? worstUsd : emptyUsd + tokenUsd * MIN_OUTPUT;
    return { reason: "too_dear", detail: { worstUsd: shown(atLeast), leftUsd: shown(Math.max(0, leftUsd)) } };
  }

  /** Is the target dearer than the first one? */
  dearer({ target }: Demand): Pick<Skip, "reason" | "detail"> | undefined {
    const primaryUsd = this.#limits.primaryUsd?.();
    const usd = primaryUsd === undefined ? undefined : this.#demands.likely(target);
    if (primaryUsd === undefined || usd === undefined || usd <= primaryUsd * (1 + 1e-9)) return undefined;
    return { reason: "too_dear", detail: { usd: shown(usd), primaryUsd: shown(primaryUsd) } };
  }

  /** Sets money aside; `key` stands for the attempt. */
  stake(key: object, usd: number): void {
    this.#stakes.set(key, usd);
  }

  /** The attempt never left. */
  drop(key: object): void {
    this.#stakes.delete(key);
  }

  /** The cost of an attempt that has ended; undefined when nobody can know it. */
  settle(key: object, demand: Demand, done: Done): Cost | undefined {
    const stakeUsd = this.#stakes.get(key) ?? 0;
    this.#stakes.delete(key);
    const cost = this.#cost(demand, done);
    // What nobody can know may have cost all that was set aside.
    this.#spentUsd += cost?.usd ?? stakeUsd;
    return cost;
  }

  #cost(demand: Demand, { usage, accepted, failed, output }: Done): Cost | undefined {
    const { price } = demand.facts;
    if (usage?.costUsd !== undefined) return { usd: usage.costUsd, estimated: false };
    if (!price) return undefined;
    if (usage) return { usd: costOf(usage, price), estimated: true };
    // Nobody bills an error, nor an answer that failed before it began; one that was called off may have been worked on.
    if (!accepted || (failed && output === 0)) return { usd: 0, estimated: true };
    return { usd: this.#demands.estimated(demand, output)!, estimated: true };
  }
}

/** Ten-thousandths of a cent are all that a reader can use. */
function shown(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
