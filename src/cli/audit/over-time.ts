import type { Series } from "../../report/report.js";
import { sparkline, summedUp } from "../bars.js";
import { cell, oneLine, widthOf } from "../columns.js";

export interface TimeLine {
  tone: "all" | "answered" | "failed";
  /** Filled up, so that the lines stand below each other. */
  name: string;
  line: string;
}

const MOST_TARGETS = 4;
const MAX_NAME = 26;
const GAP = 2;
const MAX_LINE = 100;

/** Calls over time, who answered them, to the same scale, and those that failed, to their own. */
export function overTime(series: Series, columns: number): TimeLine[] {
  const { buckets, calls, errors, answeredBy } = series;
  if (buckets < 2) return [];
  const rows: { tone: TimeLine["tone"]; name: string; values: number[] }[] = [
    { tone: "all", name: "calls", values: calls },
    ...answeredBy.slice(0, MOST_TARGETS).map(({ target, calls }) => ({
      tone: "answered" as const,
      name: oneLine(target),
      values: calls,
    })),
    ...(errors.some((count) => count > 0)
      ? [{ tone: "failed" as const, name: "failed", values: errors }]
      : []),
  ];
  const width = Math.min(
    MAX_NAME,
    Math.floor(columns / 3),
    Math.max(...rows.map(({ name }) => widthOf(name))),
  );
  const room = Math.min(MAX_LINE, columns - width - GAP);
  const highest = Math.max(...summedUp(calls, room));
  return rows.map(({ tone, name, values }) => {
    const heights = summedUp(values, room);
    return {
      tone,
      name: cell(name, width),
      line: tone === "failed" ? sparkline(heights) : sparkline(heights, highest),
    };
  });
}
