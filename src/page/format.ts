const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const count = (n: number) => whole.format(n);

/** 12,345 or 1.2M: never wider than seven characters. */
export const shortCount = (n: number) => (n < 100_000 ? whole.format(n) : compact.format(n));

/** One decimal unless it is 0 or 100, and never 100 for what is less. */
export function percent(rate: number | null): string {
  if (rate === null) return "–";
  const value = rate * 100;
  if (value === 0 || value === 100) return `${value}%`;
  if (value > 99.9) return `${(Math.floor(value * 100) / 100).toFixed(2)}%`;
  return `${value.toFixed(1)}%`;
}

/** Three digits and a unit. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  if (ms < 0.5) return "0 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} m`;
}

/** US dollars, with the digits that matter: $1,204, $12.40, $0.0031. */
export function money(usd: number | null | undefined): string {
  if (usd === null || usd === undefined) return "–";
  if (usd === 0) return "$0";
  if (usd >= 1_000) return `$${whole.format(Math.round(usd))}`;
  if (usd >= 1) return `$${usd.toFixed(2)}`;
  if (usd >= 0.01) return `$${usd.toFixed(3)}`;
  if (usd >= 0.000_05) return `$${usd.toFixed(4)}`;
  return "<$0.0001";
}

const two = (n: number) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** 09:14:03 */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 25 Nov */
export function day(ms: number): string {
  const at = new Date(ms);
  return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

/** 25 Nov 09:14 */
export const moment = (ms: number) => `${day(ms)} ${clock(ms).slice(0, 5)}`;

/** 25 Nov 2026, 09:14:03.250 */
export function fullMoment(ms: number): string {
  const at = new Date(ms);
  return `${day(ms)} ${at.getFullYear()}, ${clock(ms)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** 09:14 – 09:40, with days where they differ. */
export function span(from: number, to: number): string {
  const narrow = to - from < 120_000;
  const short = (ms: number) => (narrow ? clock(ms) : clock(ms).slice(0, 5));
  if (day(from) === day(to)) return `${day(from)}, ${short(from)} – ${short(to)}`;
  return `${moment(from)} – ${moment(to)}`;
}

/** `rate_limit` as words. */
export const words = (name: string) => name.replaceAll("_", " ");
