import { span } from "./format.js";

/** What the page shows of the journal. Moments in ms since 1970. */
export type Range = { last: number } | { from: number; to: number } | "all";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const PRESETS: readonly { name: string; says: string; range: Range }[] = [
  { name: "15m", says: "Last 15 minutes", range: { last: 15 * MINUTE } },
  { name: "1h", says: "Last hour", range: { last: HOUR } },
  { name: "24h", says: "Last 24 hours", range: { last: 24 * HOUR } },
  { name: "7d", says: "Last 7 days", range: { last: 7 * 24 * HOUR } },
  { name: "all", says: "All calls", range: "all" },
];

export const DEFAULT_RANGE = PRESETS[1]!.range;

/** As it stands in the address bar. */
export function nameOf(range: Range): string {
  if (typeof range === "object" && "from" in range) return `${range.from}-${range.to}`;
  return PRESETS.find((preset) => sameRange(preset.range, range))?.name ?? "all";
}

export function rangeNamed(name: string | null): Range {
  const preset = PRESETS.find((each) => each.name === name);
  if (preset) return preset.range;
  const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(name ?? "") ?? [];
  return from !== undefined && Number(from) < Number(to)
    ? { from: Number(from), to: Number(to) }
    : DEFAULT_RANGE;
}

export function sameRange(a: Range, b: Range): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** As the server is asked for it; open towards now. */
export function boundsOf(range: Range, now = Date.now()): { from?: number; to?: number } {
  if (range === "all") return {};
  return "last" in range ? { from: now - range.last } : range;
}

/** The same for charts, which end somewhere. */
export function closedBoundsOf(range: Range, now = Date.now()): { from: number; to: number } | undefined {
  return range === "all" ? undefined : { from: 0, to: now, ...boundsOf(range, now) };
}

export function saysOf(range: Range): string {
  if (typeof range === "object" && "from" in range) return span(range.from, range.to);
  return PRESETS.find((preset) => sameRange(preset.range, range))?.says ?? "";
}
