import { expect, it } from "vitest";
import { Load } from "./support/load.js";

const loadOf = (perSecond: readonly number[]) => {
  const load = new Load();
  perSecond.forEach((count, second) => {
    for (let i = 0; i < count; i++) load.add(second * 1_000 + (i * 1_000) / count);
  });
  return load;
};
const within = { windowMs: 2_000, tolerance: 0.05 };

it("finds the moment after which the load stays where it was", () => {
  const load = loadOf([100, 100, 100, 400, 400, 100, 300, 100, 100, 100, 100, 100]);
  expect(load.mean(0, 3_000)).toBe(100);
  expect(load.peak(2_000, 12_000)).toBe(400);
  expect(load.settledMs(100, { fromMs: 3_000, untilMs: 12_000, ...within })).toBe(7_000);
});

it("says so when it never does", () => {
  const load = loadOf([100, 100, 400, 100, 100, 100, 100, 106, 106]);
  expect(load.settledMs(100, { fromMs: 2_000, untilMs: 9_000, ...within })).toBe(Number.POSITIVE_INFINITY);
  expect(load.settledMs(100, { fromMs: 2_000, untilMs: 7_000, ...within })).toBe(3_000);
});
