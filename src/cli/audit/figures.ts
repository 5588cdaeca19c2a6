import type { Quantiles } from "../../report/report.js";
import { milliseconds } from "../timeline.js";

const NONE = "–";
const MINUTE = 60_000;

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** Two places where they tell 99.99 % from all, one elsewhere; never rounded up to 100 %, nor down to 0 %. */
export function percent(rate: number | null): string {
  if (rate === null) return NONE;
  if (rate === 0 || rate === 1) return `${rate * 100} %`;
  const places = rate > 0.99 || rate < 0.01 ? 2 : 1;
  const shown = Math.min(99.99, Math.max(0.01, rate * 100));
  return `${shown.toFixed(places)} %`;
}

export function share(part: number, whole: number): string {
  return percent(whole === 0 ? null : part / whole);
}

/** Milliseconds as a person reads them: below ten seconds as they are, then seconds, then minutes. */
export function clock(ms: number | null): string {
  if (ms === null) return NONE;
  if (ms < 9_999.5) return milliseconds(ms);
  if (ms < 10 * MINUTE) return `${(ms / 1_000).toFixed(1)} s`;
  return `${number(Math.round(ms / MINUTE))} min`;
}

export function money(usd: number): string {
  const places = usd >= 1_000 ? 0 : usd >= 1 || usd === 0 ? 2 : usd >= 0.01 ? 4 : 6;
  return `$${usd.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places })}`;
}

export function quantiles({ p50, p90, p99 }: Quantiles): string {
  return `p50 ${clock(p50)}, p90 ${clock(p90)}, p99 ${clock(p99)}`;
}

/** A stretch of time, to the minute, in UTC, and how long it is. */
export function days({ from, to }: { from: string; to: string }): string {
  const [fromDay, toDay] = [from.slice(0, 10), to.slice(0, 10)];
  const end = fromDay === toDay ? to.slice(11, 16) : `${toDay} ${to.slice(11, 16)}`;
  const ms = Date.parse(to) - Date.parse(from);
  return `${fromDay} ${from.slice(11, 16)} to ${end} UTC, ${long(ms)}`;
}

function long(ms: number): string {
  const units: [string, number][] = [
    ["days", 1_440 * MINUTE],
    ["hours", 60 * MINUTE],
    ["minutes", MINUTE],
  ];
  const [name, unit] = units.find(([, unit]) => ms >= 2 * unit) ?? ["seconds", 1_000];
  return `${number(Math.round(ms / unit))} ${name}`;
}
