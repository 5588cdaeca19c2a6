/** A JSON object from the wire, of which only known fields are read. */
export type Json = { readonly [key: string]: unknown };

export function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A field of the object itself: `constructor` or `__proto__` in a reply must not reach the prototype's. */
export function own(object: Json | undefined, key: string): unknown {
  return object && Object.hasOwn(object, key) ? object[key] : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
