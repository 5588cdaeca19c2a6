import type { Checkpoint } from "./entry.js";

const CHAIN_ID = /^[0-9a-f]{16}$/;
const HEAD = /^[0-9a-f]{64}$/;
/** Without line breaks, which part the fields in what is signed. */
const LINE = /^[^\n]{0,256}$/;

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
const isLine = (value: unknown) => typeof value === "string" && LINE.test(value);
const isOptional = (value: unknown) => value === undefined || isLine(value);

const FIELDS: Record<keyof Checkpoint, (value: unknown) => boolean> = {
  v: (value) => value === 1,
  chainId: (value) => typeof value === "string" && CHAIN_ID.test(value),
  n: isCount,
  seq: isCount,
  head: (value) => typeof value === "string" && HEAD.test(value),
  ts: isLine,
  keyId: isOptional,
  signature: isOptional,
};

/** The first field by which a value is no checkpoint; undefined when it is one. */
export function checkpointFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "no object";
  const fields = value as Record<string, unknown>;
  return Object.entries(FIELDS).find(([name, holds]) => !holds(fields[name]))?.[0];
}
