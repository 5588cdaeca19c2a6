import type { DuckDBValue } from "@duckdb/node-api";
import type { DuckDb } from "./duckdb.js";

export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** Digits that a double keeps, whatever the number. */
const SAFE_DIGITS = 15;
const MICROS = 1_000n;

/**
 * A value of DuckDB as JSON has it: whole numbers beyond 2^53 and decimals of more than 15 digits as text, moments as ISO 8601,
 * what is no number as null. `json`: the text is JSON.
 */
export function plain(value: DuckDBValue, duckdb: DuckDb, { json = false } = {}): Plain {
  const inner = (each: DuckDBValue) => plain(each, duckdb);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === "string") return json ? parsed(value) : value;
  if (value instanceof duckdb.DuckDBTimestampValue || value instanceof duckdb.DuckDBTimestampTZValue) {
    return iso(value.micros) ?? String(value);
  }
  if (value instanceof duckdb.DuckDBDecimalValue) {
    return String(value.value).replace("-", "").length <= SAFE_DIGITS ? Number(String(value)) : String(value);
  }
  if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue) {
    return value.items.map(inner);
  }
  if (value instanceof duckdb.DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, each]) => [key, inner(each)]));
  }
  if (value instanceof duckdb.DuckDBMapValue) {
    return Object.fromEntries(value.entries.map((each) => [String(each.key), inner(each.value)]));
  }
  return String(value);
}

function parsed(text: string): Plain {
  try {
    return JSON.parse(text) as Plain;
  } catch {
    return text;
  }
}

/** Of microseconds since 1970, to the millisecond where it is one; undefined beyond what a Date can say. */
function iso(micros: bigint): string | undefined {
  const rest = ((micros % MICROS) + MICROS) % MICROS;
  const date = new Date(Number((micros - rest) / MICROS));
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString();
  return rest === 0n ? text : text.replace("Z", `${String(rest).padStart(3, "0")}Z`);
}
