import { InvalidArgumentError } from "commander";

/** Milliseconds > 0, or `off`. */
export function clock(value: string): number | false {
  if (value === "off") return false;
  const ms = Number(value);
  if (!/^\d+$/.test(value) || ms <= 0) {
    throw new InvalidArgumentError("It must be a whole number of milliseconds > 0, or off.");
  }
  return ms;
}

export function port(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) {
    throw new InvalidArgumentError("It must be a port from 0 (any free one) to 65535.");
  }
  return number;
}

export function seed(value: string): number {
  const number = Number(value);
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError("It must be a whole number.");
  }
  return number;
}

/** Prompts beyond are nobody's, and would have to be held in memory. */
const MOST_TOKENS = 100_000_000;

export function tokens(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > MOST_TOKENS) {
    throw new InvalidArgumentError(
      `It must be a whole number of tokens from 1 to ${MOST_TOKENS.toLocaleString("en-US")}.`,
    );
  }
  return number;
}

export function usd(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || !Number.isFinite(number)) {
    throw new InvalidArgumentError("It must be an amount of US dollars >= 0, such as 0.05.");
  }
  return number;
}

/** How many of something: 0 or more. */
export function count(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError("It must be a whole number >= 0.");
  }
  return number;
}

/** For an option that may be given more than once. */
export function repeated(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
