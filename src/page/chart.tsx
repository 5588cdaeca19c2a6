import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { ChartProps } from "./chart-props.js";
import { Tooltip } from "./chart-tooltip.js";
import { clock, day, moment } from "./format.js";
import { INK } from "./palette.js";

export const CHART_HEIGHT = 182;
/** Bars of so many leave no gaps between them. */
const DENSE = 60;
const AXIS_WIDTH = 52;
/** Distances between ticks. */
const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
const FONT = '11px -apple-system, "Segoe UI", Inter, Roboto, system-ui, sans-serif';

/** A chart over time. Its cursor moves with those of the others; dragging chooses a time. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const {
    theme,
    series,
    stacked = false,
    logarithmic = false,
    counts = false,
    max,
    times,
    label,
    height = CHART_HEIGHT,
  } = props;
  const dense = times.length > DENSE;
  // Another shape needs another plot; other numbers do not.
  const shape = [
    theme,
    stacked,
    dense,
    logarithmic,
    counts,
    max,
    height,
    ...series.map((each) => each.name + each.color),
  ].join("|");

  // `shape` stands for all that is read.
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const tooltip = new Tooltip(element);
    const made = new uPlot(optionsOf(latest, element.clientWidth, tooltip), dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      tooltip.remove();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(dataOf(latest.current), true);
  }, [times, series, props.from, props.to, shape]);

  return <div class="chart" style={{ height: `${height}px` }} ref={host} role="img" aria-label={label} />;
}

/** Bars are drawn from the tallest to the lowest, each over the one before. */
function dataOf({ times, series, stacked }: ChartProps): uPlot.AlignedData {
  if (!stacked) return [times, ...series.map(({ values }) => values)];
  const sums: (number | null)[][] = [];
  let below = times.map(() => 0);
  for (const { values } of series) {
    below = below.map((sum, i) => sum + (values[i] ?? 0));
    // Nothing is not a bar of no height: it would have a stroke.
    sums.push(below.map((sum) => (sum > 0 ? sum : null)));
  }
  return [times, ...sums.reverse()];
}

function optionsOf(latest: { current: ChartProps }, width: number, tooltip: Tooltip): uPlot.Options {
  const { theme, series, stacked, logarithmic, counts, max, times, height = CHART_HEIGHT } = latest.current;
  const ink = INK[theme];
  const axis = { stroke: ink.text, font: FONT, ticks: { show: false }, grid: { stroke: ink.grid, width: 1 } };
  const bars = uPlot.paths.bars?.({ size: times.length > DENSE ? [1, 48, 1] : [0.86, 48, 1], align: 1 });
  const drawn = stacked ? series.toReversed() : series;
  const indexAt = (seconds: number) => {
    const { times, stepS } = latest.current;
    return Math.floor((seconds - (times[0] ?? 0)) / stepS);
  };
  return {
    width,
    height,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [latest.current.from, latest.current.to] },
      y: logarithmic
        ? { distr: 3, range: (_, low, high) => decades(low, high) }
        : { range: (_, __, high) => [0, max ?? (high > 0 ? high * 1.08 : 1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        gap: 4,
        space: 70,
        values: (u, ticks) => timeLabels(ticks, u),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        gap: 6,
        space: 34,
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : latest.current.format(tick))),
        ...(counts && { incrs: COUNTS }),
        ...(logarithmic && {
          filter: (_: uPlot, ticks: number[]) => ticks,
          splits: (_: uPlot, __: number, min: number, max: number) => oneTwoFive(min, max),
        }),
      },
    ],
    cursor: {
      y: false,
      sync: { key: "audit" },
      points: { show: !stacked, size: 6 },
      drag: { x: true, y: false, setScale: false },
      dataIdx: (_, __, closest, seconds) => {
        const { times } = latest.current;
        return times.length === 0 ? closest : Math.max(0, Math.min(times.length - 1, indexAt(seconds)));
      },
    },
    series: [
      {},
      ...drawn.map(({ name, color, width: lineWidth = 1.5, dots }) => ({
        label: name,
        spanGaps: true,
        ...(stacked
          ? { fill: color, width: 0, points: { show: false }, ...(bars && { paths: bars }) }
          : dots
            ? { stroke: color, paths: () => null, points: { show: true, size: 3, width: 0, fill: color } }
            : { stroke: color, width: lineWidth, points: { show: times.length < 3 } }),
      })),
    ],
    hooks: {
      setCursor: [
        (u) => {
          const { left = -1 } = u.cursor;
          // Another chart's cursor draws the line only.
          const own = u.over.matches(":hover");
          const index = indexAt(u.posToVal(left, "x"));
          tooltip.show(latest.current, own && left >= 0 ? index : -1, left + AXIS_WIDTH);
        },
      ],
      setSelect: [
        (u) => {
          const { left, width: dragged } = u.select;
          if (dragged < 6) return;
          const from = Math.round(u.posToVal(left, "x") * 1_000);
          const to = Math.round(u.posToVal(left + dragged, "x") * 1_000);
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onZoom?.(from, to);
        },
      ],
    },
  };
}

/** Whole decades look alike whatever is in them; half of one is left out where nothing is. */
function decades(low: number, high: number): [number, number] {
  if (!(low > 0) || !(high > 0)) return [100, 10_000];
  const below = 10 ** Math.floor(Math.log10(low));
  const above = 10 ** Math.ceil(Math.log10(high * 1.05));
  return [low > below * 3 ? below * 2 : below, high < above / 3 ? above / 2 : above];
}

function oneTwoFive(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min));
  const powers = Array.from({ length: Math.ceil(Math.log10(max)) - first + 1 }, (_, i) => 10 ** (first + i));
  const digits = max / min > 500 ? [1] : [1, 2, 5];
  return powers
    .flatMap((power) => digits.map((digit) => digit * power))
    .filter((tick) => tick >= min && tick <= max);
}

function timeLabels(ticks: number[], { scales }: uPlot): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  const { min = 0, max = 0 } = scales.x ?? {};
  return ticks.map((seconds, i) => {
    // It would be cut by the chart's edge.
    if (seconds > max - (max - min) * 0.03) return "";
    const ms = seconds * 1_000;
    if (step >= 86_400) return day(ms);
    const time = step < 60 ? clock(ms) : clock(ms).slice(0, 5);
    const newDay = i > 0 && day(ms) !== day((ticks[i - 1] ?? 0) * 1_000);
    return newDay ? moment(ms) : time;
  });
}
