type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keywords that hold one schema, a list of them, or a map of them. */
const INNER = ["items", "additionalProperties", "not"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const MAPS = ["$defs", "definitions"];

/**
 * The schema as structured output wants it: every property required, an optional one allowed to be null instead
 * (`withoutNulls` takes those out of the answer again). `strict` also closes every object.
 */
export function wireSchema(schema: Schema, strict: boolean): Schema {
  const inner = (value: unknown) => (isSchema(value) ? wireSchema(value, strict) : value);
  const wire: Schema = { ...schema };
  for (const key of INNER) if (key in wire) wire[key] = inner(wire[key]);
  for (const key of LISTS) if (Array.isArray(wire[key])) wire[key] = wire[key].map(inner);
  for (const key of MAPS) if (isSchema(wire[key])) wire[key] = mapValues(wire[key], inner);
  if (!isSchema(schema.properties)) return wire;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  wire.properties = mapValues(schema.properties, (value, key) =>
    required.has(key) ? inner(value) : orNull(inner(value)),
  );
  wire.required = Object.keys(schema.properties);
  if (strict) wire.additionalProperties ??= false;
  return wire;
}

function orNull(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  const { type } = schema;
  const nullable = type === "null" || (Array.isArray(type) && type.includes("null"));
  return nullable ? schema : { anyOf: [schema, { type: ["null"] }] };
}

function mapValues(map: Schema, change: (value: unknown, key: string) => unknown): Schema {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}

/** The value without properties that are null, which stand for "left out"; AIGNE takes those out of an output too. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === null ? [] : [[key, withoutNulls(item)]])),
  );
}
