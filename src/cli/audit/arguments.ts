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
  if (amount !== undefined) return Date.now() - Number(amount) * UNITS[unit]!;
  // Date.parse alone takes nearly anything, and each engine something else.
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError(
      "It must be ISO 8601, such as 2026-11-25T09:00Z, or how long ago: 24h, 7d.",
    );
  }
  return at;
}

/** The name in `label:NAME`. */
export function labelName(value: string): string {
  const [, name] = /^label:(.+)$/s.exec(value) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be label:NAME, such as label:service.");
  return name;
}
