import { figures } from "../numbers.js";
import type { Spread } from "../statistics.js";
import { logScale } from "./log-scale.js";
import { DIM, GRID, INK, line, panel, round, SERIES, text } from "./svg.js";

export interface BarRow {
  label: string;
  spread: Spread;
  /** Ours. */
  marked: boolean;
}

const WIDTH = 860;
const LEFT = 310;
const RIGHT = 80;
const TOP = 46;
const ROW = 24;
const FOOT = 46;

/** One bar for each row, on a logarithmic axis, with whiskers from quartile to quartile. */
export function barChart(title: string, unit: string, rows: readonly BarRow[]): string {
  const height = TOP + rows.length * ROW + FOOT;
  const bottom = TOP + rows.length * ROW;
  const ends = rows.flatMap(({ spread }) => [spread.low, spread.high]);
  const scale = logScale(ends, LEFT, WIDTH - RIGHT);
  const grid = scale.ticks.flatMap((tick) => [
    line(scale.at(tick), TOP, scale.at(tick), bottom, GRID),
    text(scale.at(tick), bottom + 16, String(tick), { anchor: "middle", fill: DIM, size: 11 }),
  ]);
  const bars = rows.flatMap(({ label, spread, marked }, index) => {
    const y = TOP + index * ROW;
    const middle = y + ROW / 2;
    const [low, at, high] = [spread.low, spread.median, spread.high].map(scale.at) as [
      number,
      number,
      number,
    ];
    const color = marked ? SERIES[3] : SERIES[1];
    return [
      text(LEFT - 10, middle + 4, label, { anchor: "end", weight: marked ? 600 : 400 }),
      // A bar has a width even at the axis's beginning.
      `<rect x="${LEFT}" y="${y + 5}" width="${round(Math.max(2, at - LEFT))}" height="${ROW - 10}" rx="2" fill="${color}" fill-opacity="0.85"/>`,
      line(low, middle, high, middle, INK, 1.5),
      line(low, middle - 4, low, middle + 4, INK, 1.5),
      line(high, middle - 4, high, middle + 4, INK, 1.5),
      text(Math.max(at, high) + 8, middle + 4, figures(spread.median)),
    ];
  });
  const foot = text(LEFT, height - 10, `${unit}; logarithmic; whiskers: quartiles of the rounds`, {
    fill: DIM,
    size: 11,
  });
  return panel(WIDTH, height, title, [...grid, ...bars, foot]);
}
