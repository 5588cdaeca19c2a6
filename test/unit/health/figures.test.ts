import { describe, expect, it } from "vitest";
import { FadingAverage } from "../../../src/health/averages.js";
import { Quantiles } from "../../../src/health/quantiles.js";

describe("a fading average", () => {
  it("is the mean of samples of one moment, and forgets old ones", () => {
    const average = new FadingAverage();
    expect(average.value(0)).toBeUndefined();
    average.add(100, 0);
    average.add(300, 0);
    expect(average.value(0)).toBe(200);
    average.add(1_000, 600_000);
    expect(average.value(600_000)).toBeCloseTo(1_000, 0);
  });

  it("gives way to its prior as time goes by", () => {
    const average = new FadingAverage();
    for (let i = 0; i < 20; i++) average.add(0, 0);
    const prior = { value: 1, weight: 1 };
    expect(average.value(0, prior)).toBeCloseTo(1 / 21);
    expect(average.value(600_000, prior)).toBeGreaterThan(0.99);
  });
});

describe("quantiles", () => {
  it("are nearest ranks of the last 256 samples", () => {
    const quantiles = new Quantiles();
    expect(quantiles.at(0.5)).toBeUndefined();
    for (let i = 1; i <= 100; i++) quantiles.add(i);
    expect([0, 0.5, 0.95, 1].map((q) => quantiles.at(q))).toEqual([1, 50, 95, 100]);
    for (let i = 0; i < 256; i++) quantiles.add(7);
    expect([quantiles.at(0), quantiles.at(1), quantiles.size]).toEqual([7, 7, 256]);
  });
});
