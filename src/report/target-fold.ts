import type { AuditAttempt } from "../record.js";
import { Numbers } from "./numbers.js";
import type { TargetReport } from "./report.js";
import { addTokens, noTokens, nothingSpent, rateOf, spend } from "./tally.js";

/** Adds up the attempts of one target. */
export class TargetFold {
  readonly target: string;
  answered = 0;
  /** Of attempts that had content, with the moments their calls began. */
  readonly firstContent = new Numbers();
  readonly firstContentAt = new Numbers();
  readonly cost = nothingSpent();
  readonly #usage = noTokens();
  readonly #attemptMs = new Numbers();
  readonly #ended = { won: 0, failed: 0, cancelled: 0 };

  constructor(target: string) {
    this.target = target;
  }

  add({ outcome, durationMs, firstContentMs, usage, cost }: AuditAttempt, callAt: number): void {
    this.#ended[outcome]++;
    if (outcome === "won") this.#attemptMs.push(durationMs);
    if (firstContentMs !== undefined) {
      this.firstContent.push(firstContentMs);
      this.firstContentAt.push(callAt);
    }
    addTokens(this.#usage, usage);
    spend(this.cost, cost);
  }

  report(): TargetReport {
    const { won, failed, cancelled } = this.#ended;
    return {
      target: this.target,
      attempts: won + failed + cancelled,
      won,
      failed,
      cancelled,
      success: rateOf(won, won + failed),
      answered: this.answered,
      firstContentMs: this.firstContent.quantiles(),
      attemptMs: this.#attemptMs.quantiles(),
      usage: { ...this.#usage },
      cost: { ...this.cost },
    };
  }
}
