import fc from "fast-check";
import { expect, it } from "vitest";
import { ReportFold } from "../../../src/report/fold.js";
import { Numbers } from "../../../src/report/numbers.js";
import { axisOf } from "../../../src/report/series-fold.js";
import { type SyntheticCall, syntheticCalls } from "../../support/synthetic-calls.js";

it("covers any stretch of time in at most 200 buckets, the last of them in use", () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
  fc.assert(
    fc.property(
      moment,
      fc.integer({ min: 0, max: 40 }),
      fc.double({ min: 1, max: 2, noNaN: true }),
      (first, bits, part) => {
        const last = first + Math.round(2 ** bits * part);
        const { fromMs, stepMs, buckets } = axisOf(first, last);
        expect(buckets).toBeLessThanOrEqual(200);
        expect(fromMs).toBeLessThanOrEqual(first);
        expect(first - fromMs).toBeLessThan(stepMs);
        expect(Math.floor((last - fromMs) / stepMs)).toBe(buckets - 1);
        expect(fromMs % stepMs).toBe(0);
      },
    ),
    { numRuns: 500 },
  );
});

it("takes the narrowest that will do", () => {
  const minutes = (n: number) => axisOf(0, n * 60_000 - 1).stepMs;
  expect([minutes(3), minutes(60), minutes(24 * 60), minutes(7 * 24 * 60)]).toEqual([
    1_000, 30_000, 600_000, 3_600_000,
  ]);
});

it("keeps numbers through growth, and ranks them exactly", () => {
  const numbers = new Numbers();
  for (let i = 100; i > 0; i--) numbers.push(i);
  expect(numbers.quantiles()).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
  expect(new Numbers().quantiles()).toEqual({ count: 0, p50: null, p90: null, p99: null, max: null });
});

it("covers the time that was asked for, and all of its calls", () => {
  const HOUR = 3_600_000;
  const [{ record }] = [...syntheticCalls(1)] as [SyntheticCall];
  const at = Date.parse(record.startedAt);
  const fold = new ReportFold({ span: [at - HOUR, at - HOUR / 2] });
  fold.add(record);
  const { fromMs, stepMs, buckets, calls } = fold.report().series;
  expect(fromMs).toBeLessThanOrEqual(at - HOUR);
  expect(fromMs).toBeGreaterThan(at - HOUR - stepMs);
  expect(stepMs).toBe(30_000);
  expect(calls).toEqual([...new Array(buckets - 1).fill(0), 1]);
  const { fromMs: first, buckets: some } = new ReportFold({ span: [at, at + HOUR] }).report().series;
  expect([first, some]).toEqual([Math.floor(at / 30_000) * 30_000, 121]);
});
