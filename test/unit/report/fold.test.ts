import { describe, expect, it } from "vitest";
import type { AuditAttempt, AuditRecord } from "../../../src/record.js";
import { ReportFold } from "../../../src/report/fold.js";
import type { Report } from "../../../src/report/report.js";
import { naiveReport } from "../../support/naive-report.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

function reportOf(records: Iterable<AuditRecord>, label?: string): Report {
  const fold = new ReportFold({ label });
  for (const record of records) fold.add(record);
  return fold.report();
}

const BASE = [...syntheticCalls(1)][0]!.record;

function attempt(n: number, target: string, outcome: AuditAttempt["outcome"], more = {}): AuditAttempt {
  const why = n === 1 ? "first" : "failover";
  const about = { model: target, provider: "p", startedAt: BASE.startedAt, durationMs: 10 };
  return { n, target, why, outcome, ...about, ...more } as AuditAttempt;
}

function call(attempts: AuditAttempt[], more: Partial<AuditRecord> = {}): AuditRecord {
  const won = attempts.find(({ outcome }) => outcome === "won");
  const { answeredBy: _, cost: __, ...base } = BASE;
  const { target = "", n = 0 } = won ?? {};
  return {
    ...base,
    outcome: won ? "ok" : "failed",
    ...(won && {
      answeredBy: { target, model: `${target}-1`, requestedModel: target, provider: "p", attempt: n },
    }),
    attempts,
    skipped: [],
    ...more,
  };
}

describe.each([1, 2, 3])("of synthetic calls, seed %i", (seed) => {
  const records = [...syntheticCalls(3_000, { seed, everyMs: 5_000 })].map(({ record }) => record);
  const report = reportOf(records, "service");
  const naive = naiveReport(records);

  it("has the figures that plain loops give", () => {
    const { calls, rates, cost } = report;
    expect(calls).toEqual({
      total: naive.total,
      ok: naive.ok,
      failed: naive.failed,
      aborted: 0,
      unknown: 0,
      open: 0,
    });
    expect(rates.failover).toEqual({
      rate: naive.failover / naive.asked,
      count: naive.failover,
      of: naive.asked,
    });
    expect([rates.recovery.count, rates.recovery.of]).toEqual([naive.recovered, naive.firstFailed]);
    expect(cost.total.usd).toBeCloseTo(naive.usd, 9);
    expect(cost.resilience.usd).toBeCloseTo(naive.lostUsd, 9);
    expect(cost.resilience.estimatedUsd).toBeCloseTo(naive.lostEstimated, 9);
    expect(cost.resilience.attempts).toBe(naive.lostAttempts);
    expect(cost.resilience.share).toBeCloseTo(naive.lostUsd / naive.usd, 9);
  });

  it("has them per target, with exact quantiles, and per class of failure", () => {
    const told = report.targets.map(({ target, firstContentMs: f, attemptMs: a, usage, ...rest }) => [
      target,
      {
        attempts: rest.attempts,
        won: rest.won,
        failed: rest.failed,
        answered: rest.answered,
        first: [f.p50, f.p90, f.p99],
        whole: [a.p50, a.p90, a.p99],
        outputTokens: usage.outputTokens,
      },
    ]);
    expect(Object.fromEntries(told)).toEqual(naive.byTarget);
    for (const { class: name, target, attempts, answered } of report.failures)
      expect([attempts, answered]).toEqual(naive.failures(name, target));
    const failed = report.failures.reduce((sum, { attempts }) => sum + attempts, 0);
    expect(failed).toBe(naive.failedAttempts);
  });

  it("has them over time", () => {
    const { series } = report;
    expect(series.buckets).toBeGreaterThan(50);
    expect(series.buckets).toBeLessThanOrEqual(200);
    for (let i = 0; i < series.buckets; i++) {
      const from = series.fromMs + i * series.stepMs;
      const within = naive.within(from, from + series.stepMs);
      expect([series.calls[i], series.errors[i]]).toEqual([within.calls, within.errors]);
      expect(series.costUsd[i]).toBeCloseTo(within.usd, 9);
      for (const { target, calls } of series.answeredBy) expect(calls[i]).toBe(within.answered(target));
      for (const { target, p99 } of series.firstContentMs) expect(p99[i]).toBe(within.p99(target));
    }
  });

  it("has them by label, and none of them lost", () => {
    const values = report.byLabel?.values ?? [];
    expect(values.map(({ value }) => value).sort()).toEqual(["billing", "chat", "search"]);
    expect(values.reduce((sum, { calls }) => sum + calls.total, 0)).toBe(naive.total);
    expect(values.reduce((sum, { cost }) => sum + cost.usd, 0)).toBeCloseTo(naive.usd, 9);
  });

  it("is plain JSON", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe("a fallback", () => {
  const rate = (record: AuditRecord) => reportOf([record]).rates.fallback.count;
  const skipped = [{ target: "a", model: "a", reason: "breaker_open" as const }];

  it("is another target than the one asked first, not a second try", () => {
    expect(rate(call([attempt(1, "a", "failed"), attempt(2, "b", "won")]))).toBe(1);
    expect(rate(call([attempt(1, "a", "failed"), attempt(2, "a", "won")]))).toBe(0);
  });

  it("is one that was asked first since another was passed over before", () => {
    expect(rate(call([attempt(1, "b", "won")], { skipped }))).toBe(1);
    expect(rate(call([attempt(1, "b", "won")]))).toBe(0);
  });

  it("is not one that was in front of what was passed over", () => {
    expect(rate(call([attempt(1, "b", "won")], { skipped, strategy: "hedged" }))).toBe(0);
    const budget = [{ target: "a", model: "a", reason: "budget" as const }];
    expect(rate(call([attempt(1, "b", "won")], { skipped: budget }))).toBe(0);
  });
});

it("counts calls without a record, aborted ones and recoveries of streams", () => {
  const fold = new ReportFold({ label: "constructor" });
  fold.addUnknown({ startedAt: BASE.startedAt, labels: {} });
  fold.addOpen({ startedAt: BASE.startedAt, labels: { constructor: "x" } as Record<string, string> });
  fold.add(call([attempt(1, "a", "cancelled")], { outcome: "aborted" }));
  fold.add(
    call([attempt(1, "a", "failed"), attempt(2, "b", "won")], { recovery: { mode: "restart", count: 1 } }),
  );
  fold.add(call([attempt(1, "a", "failed")], { recovery: { mode: "continue", count: 2 } }));
  const { calls, streamRecoveries, series, byLabel, rates, cost } = fold.report();
  expect(calls).toEqual({ total: 5, ok: 1, failed: 1, aborted: 1, unknown: 1, open: 1 });
  expect(streamRecoveries).toEqual({ calls: 2, answered: 1, restarts: 1, continuations: 2 });
  expect([series.unfinished, series.aborted, series.errors]).toEqual([[2], [1], [1]]);
  expect(byLabel?.values.map(({ value, calls }) => [value, calls.total])).toEqual([
    [null, 4],
    ["x", 1],
  ]);
  expect(rates.success).toEqual({ rate: 0.5, count: 1, of: 2 });
  expect(cost.total).toEqual({ usd: 0, estimatedUsd: 0, unknown: 4 });
});

it("reckons what failed, lost and was called off as the cost of resilience", () => {
  const cost = (usd: number, estimated: boolean) => ({ cost: { usd, estimated } });
  const attempts = [
    attempt(1, "a", "failed", cost(1, true)),
    attempt(2, "b", "cancelled", cost(2, false)),
    attempt(3, "a", "cancelled"),
    attempt(4, "c", "won", cost(5, false)),
  ];
  const told = reportOf([call(attempts)]);
  expect(told.cost.total).toEqual({ usd: 8, estimatedUsd: 1, unknown: 1 });
  expect(told.cost.resilience).toEqual({ usd: 3, estimatedUsd: 1, unknown: 1, attempts: 3, share: 3 / 8 });
  expect(told.cost.byTarget.map(({ target, cost }) => [target, cost.usd])).toEqual([
    ["c", 5],
    ["b", 2],
    ["a", 1],
  ]);
  expect([told.series.costUsd, told.series.resilienceUsd]).toEqual([[8], [3]]);
});

it("tells of breakers what records tell, in the order of time", () => {
  const breakers = [
    { target: "a", phase: "half_open" as const, atMs: 900 },
    { target: "a", phase: "open" as const, atMs: 100 },
  ];
  const told = reportOf([call([], { breakers })]).breakers;
  const at = (ms: number) => new Date(Date.parse(BASE.startedAt) + ms).toISOString();
  expect(told).toEqual([
    {
      target: "a",
      opened: 1,
      halfOpened: 1,
      closed: 0,
      last: "half_open",
      changes: [
        { at: at(100), phase: "open" },
        { at: at(900), phase: "half_open" },
      ],
    },
  ]);
});

it("says of no calls at all that there is nothing", () => {
  const report = reportOf([]);
  expect(report.period).toBeNull();
  expect(report.rates.success).toEqual({ rate: null, count: 0, of: 0 });
  expect(report.series).toMatchObject({ buckets: 0, calls: [] });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
