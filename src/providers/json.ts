import { SignalError } from "../errors.js";

/** A JSON object from the wire, of which only known fields are read. */
export type Json = { readonly [key: string]: unknown };

/** undefined when it is no JSON */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A field of the object itself: `constructor` or `__proto__` in a reply must not reach the prototype's. */
export function own(object: Json | undefined, key: string): unknown {
  const value = object?.[key];
  // Most fields that are looked for are not there.
  return value !== undefined && Object.hasOwn(object as Json, key) ? value : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A field that should be an object; undefined when it is absent or empty. @throws SignalError when it is something else */
export function objectIn(object: Json, key: string): Json | undefined {
  const value = own(object, key);
  if (isNothing(value)) return undefined;
  return asObject(value) ?? unreadable(key, value);
}

/** A field that should be a list. @throws SignalError when it is something else */
export function listIn(object: Json, key: string): readonly unknown[] {
  const value = own(object, key);
  if (isNothing(value)) return [];
  return Array.isArray(value) ? value : unreadable(key, value);
}

export function notJson(message: string): SignalError {
  return new SignalError({ kind: "invalid", reason: "json", message });
}

/** @throws SignalError always */
export function unreadable(what: string, value: unknown): never {
  throw notJson(`the ${what} is of type ${Array.isArray(value) ? "array" : typeof value}`);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  // Some write an empty object as an empty list, and the other way round.
  return typeof value === "object" && Object.keys(value).length === 0;
}
