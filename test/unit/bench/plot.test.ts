import { describe, expect, it } from "vitest";
import { barChart } from "../../bench/plot/bar-chart.js";
import { lineChart, spacedOut } from "../../bench/plot/line-chart.js";
import { logScale } from "../../bench/plot/log-scale.js";

describe("a logarithmic axis", () => {
  it("gives equal ratios equal lengths", () => {
    const { at } = logScale([1, 100], 0, 200);
    expect(at(1)).toBeCloseTo(0);
    expect(at(10)).toBeCloseTo(100);
    expect(at(100)).toBeCloseTo(200);
  });

  it("holds every value between two round numbers", () => {
    const { ticks, at } = logScale([3.4, 61], 10, 110);
    expect([ticks[0], ticks.at(-1)]).toEqual([2, 100]);
    expect(at(3.4)).toBeGreaterThan(10);
    expect(at(61)).toBeLessThan(110);
  });

  it("has a length for a single round value", () => {
    const { ticks, at } = logScale([5], 0, 100);
    expect(ticks).toEqual([5, 10]);
    expect(at(5)).toBe(0);
  });

  it("shows whole decades where there would be too many numbers", () => {
    expect(logScale([1, 100_000], 0, 1).ticks).toEqual([1, 10, 100, 1_000, 10_000, 100_000]);
  });

  it.each([[[0, 1]], [[-1, 1]], [[]], [[Number.NaN]]])("refuses %j", (values) => {
    expect(() => logScale(values, 0, 1)).toThrow(RangeError);
  });
});

describe("a bar chart", () => {
  const row = (label: string, median: number) => ({
    label,
    spread: { low: median / 2, median, high: median * 2 },
    marked: label === "ours",
  });
  const svg = barChart("Costs & more", "µs", [row("a < b", 10), row("ours", 100)]);

  it("draws the dearer one longer, with its figure", () => {
    const [first, second] = [...svg.matchAll(/<rect x="310" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    ) as [number, number];
    expect(second).toBeGreaterThan(first);
    expect(svg).toContain(">100<");
  });

  it("escapes what it shows, and has a ground of its own", () => {
    expect(svg).toContain("a &lt; b");
    expect(svg).toContain('aria-label="Costs &amp; more"');
    expect(svg).toMatch(/<rect x="0\.5" y="0\.5"[^>]* fill="#1e2127"/);
  });
});

describe("a line chart", () => {
  it("has a point for each value, and a label with the last one", () => {
    const points = [
      { x: 1, y: 10 },
      { x: 10, y: 20 },
      { x: 100, y: 40 },
    ];
    const svg = lineChart("Growth", "targets", "µs", [{ label: "ours", points }]);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).toContain("ours: 40.0");
  });

  it("moves labels apart and keeps their order", () => {
    expect(spacedOut([50, 52, 10])).toEqual([50, 66, 10]);
    expect(spacedOut([50, 50])).toEqual([50, 66]);
  });
});
