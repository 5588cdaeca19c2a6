import type { Judged } from "./bars.js";
import { figures, MIB } from "./numbers.js";
import { labelOf, ROSTER } from "./roster.js";
import type { Samples } from "./samples.js";
import type { Spread } from "./statistics.js";

interface Column {
  metric: string;
  head: string;
  /** Units in one that is shown. */
  divisor: number;
}

const column = (metric: string, head: string, divisor = 1): Column => ({ metric, head, divisor });

export const COLUMNS = {
  cpuUs: column("cpuUs", "CPU, µs"),
  wallUs: column("wallUs", "by the clock, µs"),
  firstMs: column("firstMs", "first text, ms"),
  rssGrowth: column("rssGrowth", "RSS growth, MiB", MIB),
  rssPeak: column("rssPeak", "RSS at most, MiB", MIB),
  ms: column("ms", "import, ms"),
  rss: column("rss", "RSS, MiB", MIB),
  healthyMs: column("healthyMs", "healthy call, ms"),
  switchedMs: column("switchedMs", "call that fails over, ms"),
  attemptMs: column("attemptMs", "failing attempt alone, ms"),
  floorAttemptMs: column("floorAttemptMs", "the same by undici, ms"),
  beyondMs: column("beyondMs", "switch beyond the attempt, ms"),
  beyondFloorMs: column("beyondFloorMs", "beyond undici's, ms"),
  firstHeld: column("firstHeld", "held at first, MiB", MIB),
  lastHeld: column("lastHeld", "held at last, MiB", MIB),
  heapHeld: column("heapHeld", "heap after a collection, MiB", MIB),
  growth: column("growth", "last : first"),
} satisfies Record<string, Column>;

export type ColumnName = keyof typeof COLUMNS;

/** A crash leaves its whole stack. */
const MOST_OF_A_NOTE = 160;
const NAMES = ROSTER.map(({ name }) => name);

/** Whoever has a value or a note, in the roster's order; others as they came. */
export function contestantsOf({ values, notes }: Samples, measure: string): string[] {
  const found = Object.keys({ ...values[measure], ...notes[measure] });
  const place = (name: string) => (NAMES.includes(name) ? NAMES.indexOf(name) : NAMES.length);
  return found.sort((a, b) => place(a) - place(b));
}

/** One measure: a row for each contestant, medians with their quartiles. */
export function table(samples: Samples, measure: string, wanted?: readonly ColumnName[]): string {
  const rows = contestantsOf(samples, measure);
  const columns = (wanted ?? (Object.keys(COLUMNS) as ColumnName[])).filter((name) =>
    rows.some((row) => samples.spread(measure, row, name)),
  );
  const floor = samples.median(measure, "floor", "cpuUs");
  const ratio = floor !== undefined && columns.includes("cpuUs");
  const lines = rows.map((row) => {
    const cells = columns.map((name) =>
      spreadText(samples.spread(measure, row, name), COLUMNS[name].divisor),
    );
    const note = samples.notes[measure]?.[row];
    if (note !== undefined) cells[0] = cellText(note.slice(0, MOST_OF_A_NOTE));
    const cpu = samples.median(measure, row, "cpuUs");
    const last = ratio ? [cpu === undefined ? "" : figures(cpu / floor)] : [];
    return [cellText(labelOf(row)), ...cells, ...last];
  });
  return markdown(
    ["", ...columns.map((name) => COLUMNS[name].head), ...(ratio ? ["CPU : floor"] : [])],
    lines,
  );
}

function spreadText(spread: Spread | undefined, divisor: number): string {
  if (!spread) return "";
  const { low, median, high } = spread;
  const [a, b, c] = [low, median, high].map((value) => figures(value / divisor));
  return `${b} (${a} – ${c})`;
}

/** A pipe would end the cell. */
const cellText = (text: string) => text.replaceAll("|", "\\|").replace(/\s+/g, " ");

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

const unitText = (unit: string) => (unit === "ratio" ? "" : ` ${unit}`);

export function barTable(bars: readonly Judged[]): string {
  return markdown(
    ["bar", "at most", "measured", "met"],
    bars.map(({ bar, measured, met }) => [
      bar.name,
      `${bar.limit}${unitText(bar.unit)}`,
      measured === undefined ? "not measured" : `${figures(measured)}${unitText(bar.unit)}`,
      measured === undefined ? "" : met ? "yes" : "**no**",
    ]),
  );
}

/** For a terminal: those that fail begin with FAIL. */
export function barLines(bars: readonly Judged[], leeway: number): string {
  return bars
    .map(({ bar, measured, met, most }) => {
      const value = measured === undefined ? "not measured" : `${figures(measured)}${unitText(bar.unit)}`;
      const allowed = leeway === 1 ? "" : `, fails above ${figures(most)}`;
      return `${met ? "ok  " : "FAIL"}  ${value.padStart(12)}  (bar ${bar.limit}${allowed})  ${bar.name}`;
    })
    .join("\n");
}
