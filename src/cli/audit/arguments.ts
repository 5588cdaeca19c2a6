import { InvalidArgumentError } from "commander";

const UNITS: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A moment as ISO 8601, or how long ago (`90s`, `30m`, `24h`, `7d`, `2w`): wall-clock ms. */
export function moment(value: string): number {
  const [, amount, unit = ""] = /^(\d+)([smhdw])$/.exec(value) ?? [];
  // Longer ago than 1970 is all there is.
  if (amount !== undefined) return Math.max(0, Date.now() - Number(amount) * UNITS[unit]!);
  // Date.parse alone takes nearly anything, and each engine something else.
  const [, day] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(value) ?? [];
  const at = day !== undefined && isDay(day) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError(
      "It must be ISO 8601, such as 2026-11-25T09:00Z, or how long ago: 24h, 7d.",
    );
  }
  return at;
}

/** To Date.parse, 30 February is a day in March. */
function isDay(day: string): boolean {
  const at = new Date(day);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}

/** The name in `label:NAME`. */
export function labelName(value: string): string {
  const [, name] = /^label:(.+)$/s.exec(value) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be label:NAME, such as label:service.");
  return name;
}
