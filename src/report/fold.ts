import type { AuditAttempt, AuditRecord, CallStart } from "../record.js";
import { BreakerFold } from "./breaker-fold.js";
import { type CallFacts, factsOf } from "./call-facts.js";
import { LabelFold } from "./label-fold.js";
import { Numbers } from "./numbers.js";
import type { Answerer, CostReport, FailureCell, Report, SkipCell } from "./report.js";
import { SeriesFold } from "./series-fold.js";
import { countOutcome, entryOf, noOutcomes, nothingSpent, rateOf, spend } from "./tally.js";
import { TargetFold } from "./target-fold.js";

export interface ReportOptions {
  /** Name of the label to report by. */
  label?: string | undefined;
  /** What the series cover, ms since 1970, however little of it has calls. */
  span?: readonly [from: number, to: number] | undefined;
}

/** Of a call without a record. */
export type Begun = Pick<CallStart, "startedAt" | "labels">;

const MOST_LABELS = 1_000;
/** Between the parts of a key: no id that the journal writes has it. */
const SEPARATOR = "\0";

/** Adds calls up into a report. Its memory grows with the calls by some 80 bytes each, since quantiles are exact. */
export class ReportFold {
  readonly #label: string | undefined;
  readonly #calls = noOutcomes();
  readonly #counts = { asked: 0, failedOver: 0, byFallback: 0, firstFailed: 0, recovered: 0 };
  readonly #streams = { calls: 0, answered: 0, restarts: 0, continuations: 0 };
  readonly #durations = new Numbers();
  readonly #answerers = new Map<string, Omit<Answerer, "share">>();
  readonly #failures = new Map<string, FailureCell>();
  readonly #skips = new Map<string, SkipCell>();
  readonly #targets = new Map<string, TargetFold>();
  readonly #breakers = new Map<string, BreakerFold>();
  readonly #labels = new Map<string | null, LabelFold>();
  readonly #total = nothingSpent();
  readonly #lost = { ...nothingSpent(), attempts: 0 };
  readonly #series: SeriesFold;

  constructor({ label, span }: ReportOptions = {}) {
    this.#label = label;
    this.#series = new SeriesFold(span);
  }

  add(record: AuditRecord): void {
    const at = Date.parse(record.startedAt);
    const facts = factsOf(record);
    countOutcome(this.#calls, record.outcome);
    this.#durations.push(record.durationMs);
    this.#series.call(at);
    if (record.outcome !== "ok") this.#series.ended(record.outcome, at);
    this.#rate(record, facts);
    this.#answer(record, at);
    for (const attempt of record.attempts) this.#attempt(attempt, record.outcome === "ok", at);
    this.#cost(record, at);
    for (const { target, reason } of record.skipped) {
      entryOf(this.#skips, reason + SEPARATOR + target, () => ({ reason, target, skips: 0 })).skips++;
    }
    for (const { target, phase, atMs } of record.breakers ?? []) {
      entryOf(this.#breakers, target, () => new BreakerFold(target)).add(phase, at + atMs);
    }
    this.#labelled(record)?.add(record, facts);
  }

  /** A call whose process died before it ended. */
  addUnknown(call: Begun): void {
    this.#unfinished(call, "unknown");
  }

  /** A call that had not ended where the journal ends. */
  addOpen(call: Begun): void {
    this.#unfinished(call, "open");
  }

  report(): Report {
    const { ok, failed } = this.#calls;
    const { asked, failedOver, byFallback, firstFailed, recovered } = this.#counts;
    const targets = [...this.#targets.values()];
    const span = this.#series.span;
    return {
      v: 1,
      period: span ? { from: new Date(span[0]).toISOString(), to: new Date(span[1]).toISOString() } : null,
      calls: { ...this.#calls },
      rates: {
        success: rateOf(ok, ok + failed),
        failover: rateOf(failedOver, asked),
        fallback: rateOf(byFallback, ok),
        recovery: rateOf(recovered, firstFailed),
      },
      answeredBy: most(this.#answerers, "calls").map((each) => ({ ...each, share: each.calls / ok })),
      streamRecoveries: { ...this.#streams },
      durationMs: this.#durations.quantiles(),
      failures: most(this.#failures, "attempts").map((each) => ({ ...each })),
      targets: targets.map((each) => each.report()).sort((a, b) => b.attempts - a.attempts),
      skips: most(this.#skips, "skips").map((each) => ({ ...each })),
      breakers: [...this.#breakers.values()].map((each) => each.report()).sort((a, b) => b.opened - a.opened),
      cost: this.#costs(targets),
      ...(this.#label !== undefined && { byLabel: this.#byLabel(this.#label) }),
      series: this.#series.report(targets),
    };
  }

  #rate({ outcome, recovery }: AuditRecord, facts: CallFacts): void {
    const counts = this.#counts;
    if (facts.asked) counts.asked++;
    if (facts.failedOver) counts.failedOver++;
    if (facts.byFallback && outcome === "ok") counts.byFallback++;
    if (facts.firstFailed) counts.firstFailed++;
    if (facts.firstFailed && outcome === "ok") counts.recovered++;
    if (!recovery) return;
    this.#streams.calls++;
    if (outcome === "ok") this.#streams.answered++;
    this.#streams[recovery.mode === "restart" ? "restarts" : "continuations"] += recovery.count;
  }

  #answer({ outcome, answeredBy }: AuditRecord, at: number): void {
    if (outcome !== "ok" || !answeredBy) return;
    const { target, model } = answeredBy;
    entryOf(this.#answerers, target + SEPARATOR + model, () => ({ target, model, calls: 0 })).calls++;
    this.#target(target).answered++;
    this.#series.answered(target, at);
  }

  #attempt(attempt: AuditAttempt, answered: boolean, at: number): void {
    const { target, failure } = attempt;
    this.#target(target).add(attempt, at);
    if (attempt.outcome !== "failed") return;
    const name = failure?.class ?? "unknown";
    const none = () => ({ class: name, target, attempts: 0, answered: 0 });
    const cell = entryOf(this.#failures, name + SEPARATOR + target, none);
    cell.attempts++;
    if (answered) cell.answered++;
    this.#series.failure(name, at);
  }

  #cost({ attempts }: AuditRecord, at: number): void {
    let usd = 0;
    let lost = 0;
    for (const { cost, outcome } of attempts) {
      spend(this.#total, cost);
      usd += cost?.usd ?? 0;
      if (outcome === "won") continue;
      this.#lost.attempts++;
      spend(this.#lost, cost);
      lost += cost?.usd ?? 0;
    }
    if (usd > 0) this.#series.cost(usd, lost, at);
  }

  #unfinished({ startedAt, labels }: Begun, state: "unknown" | "open"): void {
    const at = Date.parse(startedAt);
    countOutcome(this.#calls, state);
    this.#series.call(at);
    this.#series.ended("unfinished", at);
    this.#labelled({ labels })?.addUnfinished(state);
  }

  #target(target: string): TargetFold {
    return entryOf(this.#targets, target, () => new TargetFold(target));
  }

  #labelled({ labels }: Pick<AuditRecord, "labels">): LabelFold | undefined {
    if (this.#label === undefined) return undefined;
    const own = Object.hasOwn(labels, this.#label) ? labels[this.#label] : undefined;
    return entryOf(this.#labels, own ?? null, (value) => new LabelFold(value));
  }

  #costs(targets: readonly TargetFold[]): CostReport {
    const total = { ...this.#total };
    return {
      total,
      byTarget: targets
        .map(({ target, cost }) => ({ target, cost: { ...cost } }))
        .sort((a, b) => b.cost.usd - a.cost.usd),
      resilience: { ...this.#lost, share: total.usd > 0 ? this.#lost.usd / total.usd : null },
    };
  }

  #byLabel(label: string): NonNullable<Report["byLabel"]> {
    const values = [...this.#labels.values()]
      .map((each) => each.report())
      .sort((a, b) => b.calls.total - a.calls.total);
    return {
      label,
      values: values.slice(0, MOST_LABELS),
      leftOut: Math.max(0, values.length - MOST_LABELS),
    };
  }
}

function most<K extends string, T extends Record<K, number>>(map: ReadonlyMap<unknown, T>, by: K): T[] {
  return [...map.values()].sort((a, b) => b[by] - a[by]);
}
