import type { FailureClass } from "./types.js";

/** How many extra requests a target may get: shares of its calls, plus a reserve. */
export interface BudgetConfig {
  /** Retries per call. */
  ratio: number;
  /** Retries, and hedges, that are there from the start. */
  reserve: number;
  /** Lanes started beside a running one, per call. They draw on `ratio` too. */
  hedgeRatio: number;
}

/** 10 %: Google's SRE book, "Handling overload". A hedge after the 95th percentile adds 5 %: Dean and Barroso, "The Tail at Scale". */
export const DEFAULT_BUDGET: BudgetConfig = { ratio: 0.1, reserve: 10, hedgeRatio: 0.05 };

/** So many may be saved up although the reserve is smaller; a flood of retries after a quiet day must not be possible. */
const MIN_CAP = 10;

/** A timeout has cost the most time and work on both sides. Source: the AWS SDKs' token bucket, 5 and 10. */
const DEAR: ReadonlySet<FailureClass> = new Set(["timeout"]);

/** A token bucket per target; one token, one extra request. */
export class Budget {
  #retries: number | undefined;
  #hedges: number | undefined;

  /** A call begins at the target. */
  deposit({ ratio, reserve, hedgeRatio }: BudgetConfig): void {
    const cap = Math.max(reserve, MIN_CAP);
    this.#retries = added(this.#retries ?? reserve, ratio, cap);
    this.#hedges = added(this.#hedges ?? reserve, hedgeRatio, cap);
  }

  /** Takes what a retry after such a failure costs; false: not enough is left. */
  takeRetry({ reserve }: BudgetConfig, failed: FailureClass): boolean {
    const cost = DEAR.has(failed) ? 2 : 1;
    const left = this.#retries ?? reserve;
    if (!enough(left, cost)) return false;
    this.#retries = left - cost;
    return true;
  }

  /** Takes what a lane beside a running one costs. */
  takeHedge({ reserve }: BudgetConfig): boolean {
    const hedges = this.#hedges ?? reserve;
    const retries = this.#retries ?? reserve;
    if (!enough(hedges, 1) || !enough(retries, 1)) return false;
    this.#hedges = hedges - 1;
    this.#retries = retries - 1;
    return true;
  }

  /** Tokens left. */
  left({ reserve }: BudgetConfig): { retries: number; hedges: number } {
    return { retries: this.#retries ?? reserve, hedges: this.#hedges ?? reserve };
  }
}

/** Chains that share a target may have other caps: nobody loses what another one has saved up. */
function added(left: number, share: number, cap: number): number {
  return Math.min(left + share, Math.max(cap, left));
}

/** Ten deposits of 0.1 are a little less than 1. */
function enough(left: number, cost: number): boolean {
  return left - cost > -1e-9;
}
