import type { AuditRecord } from "../record.js";
import type { CallFacts } from "./call-facts.js";
import { Numbers } from "./numbers.js";
import type { LabelReport } from "./report.js";
import { countOutcome, noOutcomes, nothingSpent, rateOf, spend } from "./tally.js";

/** Adds up the calls with one value of a label. */
export class LabelFold {
  readonly #value: string | null;
  readonly #calls = noOutcomes();
  readonly #durations = new Numbers();
  readonly #cost = nothingSpent();
  readonly #counts = { asked: 0, failedOver: 0, byFallback: 0 };

  constructor(value: string | null) {
    this.#value = value;
  }

  add({ outcome, durationMs, attempts }: AuditRecord, facts: CallFacts): void {
    countOutcome(this.#calls, outcome);
    this.#durations.push(durationMs);
    for (const { cost } of attempts) spend(this.#cost, cost);
    if (facts.asked) this.#counts.asked++;
    if (facts.failedOver) this.#counts.failedOver++;
    if (facts.byFallback) this.#counts.byFallback++;
  }

  addUnfinished(state: "unknown" | "open"): void {
    countOutcome(this.#calls, state);
  }

  report(): LabelReport {
    const { ok, failed } = this.#calls;
    const { asked, failedOver, byFallback } = this.#counts;
    return {
      value: this.#value,
      calls: { ...this.#calls },
      success: rateOf(ok, ok + failed),
      failover: rateOf(failedOver, asked),
      fallback: rateOf(byFallback, ok),
      durationMs: this.#durations.quantiles(),
      cost: { ...this.#cost },
    };
  }
}
