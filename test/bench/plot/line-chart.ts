import { figures } from "../numbers.js";
import { logScale } from "./log-scale.js";
import { DIM, GRID, line, panel, round, SERIES, text } from "./svg.js";

export interface Line {
  label: string;
  points: { x: number; y: number }[];
}

const WIDTH = 860;
const HEIGHT = 340;
const LEFT = 80;
const RIGHT = 230;
const TOP = 46;
const BOTTOM = HEIGHT - 56;
const LABEL_GAP = 16;

/** Lines over two logarithmic axes, each labelled where it ends. */
export function lineChart(title: string, xName: string, yName: string, lines: readonly Line[]): string {
  const points = lines.flatMap((each) => each.points);
  const x = logScale(
    points.map((point) => point.x),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = logScale(
    points.map((point) => point.y),
    BOTTOM,
    TOP,
  );
  const xs = [...new Set(points.map((point) => point.x))];
  const grid = [
    ...y.ticks.flatMap((tick) => [
      line(LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick), GRID),
      text(LEFT - 8, y.at(tick) + 4, String(tick), { anchor: "end", fill: DIM, size: 11 }),
    ]),
    ...xs.flatMap((value) => [
      line(x.at(value), TOP, x.at(value), BOTTOM, GRID),
      text(x.at(value), BOTTOM + 16, value.toLocaleString("en-US").replaceAll(",", " "), {
        anchor: "middle",
        fill: DIM,
        size: 11,
      }),
    ]),
  ];
  const ends = spacedOut(lines.map(({ points }) => y.at((points.at(-1) as { y: number }).y)));
  const drawn = lines.flatMap(({ label, points }, index) => {
    const color = SERIES[index % SERIES.length] as string;
    const path = points.map((point) => `${round(x.at(point.x))},${round(y.at(point.y))}`);
    const last = points.at(-1) as { x: number; y: number };
    return [
      `<polyline points="${path.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...path
        .map((at) => at.split(","))
        .map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`),
      text(x.at(last.x) + 10, (ends[index] as number) + 4, `${label}: ${figures(last.y)}`, { fill: color }),
    ];
  });
  const names = [
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, xName, { anchor: "middle", fill: DIM, size: 11 }),
    text(WIDTH - 16, 26, yName, { anchor: "end", fill: DIM, size: 11 }),
  ];
  return panel(WIDTH, HEIGHT, title, [...grid, ...drawn, ...names]);
}

/** Heights of labels, moved apart where they would lie over one another. */
export function spacedOut(heights: readonly number[]): number[] {
  const order = heights
    .map((_, index) => index)
    .sort((a, b) => (heights[a] as number) - (heights[b] as number));
  const placed = [...heights];
  let above = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    above = Math.max(heights[index] as number, above + LABEL_GAP);
    placed[index] = above;
  }
  return placed;
}
