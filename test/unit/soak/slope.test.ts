import { describe, expect, it } from "vitest";
import { growth, type Reading } from "../../soak/memory.js";
import { slope, warm } from "../../soak/slope.js";

describe("the slope of a curve", () => {
  it("is that of a line", () => {
    expect(slope([0, 1, 2, 5].map((x) => ({ x, y: 3 * x + 7 })))).toBeCloseTo(3, 12);
    expect(slope([0, 1, 2].map((x) => ({ x, y: 4 - x / 2 })))).toBeCloseTo(-0.5, 12);
    expect(slope([1, 2, 3].map((x) => ({ x, y: 9 })))).toBe(0);
  });

  it("is that of the line with the least squares", () => {
    // By hand: means 2 and 3; sum of products 5.5; of squares 2.
    expect(
      slope([
        { x: 1, y: 1 },
        { x: 2, y: 1.5 },
        { x: 3, y: 6.5 },
      ]),
    ).toBeCloseTo(2.75, 12);
  });

  it("is not changed by noise that is the same on both sides", () => {
    const points = [0, 1, 2, 3].map((x) => ({ x, y: 2 * x + (x === 1 || x === 2 ? 5 : 0) }));
    expect(slope(points)).toBeCloseTo(2, 12);
  });

  it("is not a number where there is no curve", () => {
    expect(slope([{ x: 1, y: 2 }])).toBeNaN();
    expect(slope([])).toBeNaN();
  });
});

describe("the warm-up", () => {
  it("is the first share of the way, not of the points", () => {
    const points = [10, 11, 12, 20, 60, 100].map((x) => ({ x, y: 0 }));
    expect(warm(points, 0.2).map(({ x }) => x)).toEqual([20, 60, 100]);
    expect(warm([], 0.2)).toEqual([]);
  });

  it("is left out of the growth, which is in MB per 100 000 calls", () => {
    const reading = (calls: number, heapUsed: number): Reading => ({
      calls,
      heapUsed,
      external: 0,
      arrayBuffers: 0,
      rss: 0,
    });
    const readings = [
      reading(10_000, 90_000_000),
      reading(20_000, 50_000_000),
      reading(60_000, 50_200_000),
      reading(100_000, 50_400_000),
    ];
    expect(growth(readings, "heapUsed")).toBeCloseTo(0.5, 9);
    expect(growth(readings, "rss")).toBe(0);
  });
});
