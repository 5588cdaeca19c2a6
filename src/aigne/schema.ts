type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keywords that hold one schema, a list of them, or a map of them. */
const INNER = ["items", "additionalProperties", "not"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const MAPS = ["properties", "$defs", "definitions"];

/**
 * The schema as structured output wants it: every property required, an optional one allowed to be null instead
 * (`withoutNulls` takes those out of the answer again). `strict` also closes every object.
 */
export function wireSchema(schema: Schema, strict: boolean): Schema {
  const wire = mapInner(schema, (inner) => wireSchema(inner, strict));
  if (!isSchema(wire.properties)) return wire;
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  wire.properties = mapValues(wire.properties, (value, key) => (required.has(key) ? value : orNull(value)));
  wire.required = Object.keys(schema.properties as Schema);
  if (strict) wire.additionalProperties ??= false;
  return wire;
}

/**
 * The schema as AIGNE's validator must read it: of an object whose schema has no `properties`, such as a record, it
 * keeps nothing; with an empty list of them it keeps everything.
 */
export function readableSchema(schema: Schema): Schema {
  const readable = mapInner(schema, readableSchema);
  if (readable.type === "object" && !isSchema(readable.properties)) readable.properties = {};
  return readable;
}

/** A copy whose inner schemas, at whatever keyword, are changed. */
function mapInner(schema: Schema, change: (inner: Schema) => Schema): Schema {
  const inner = (value: unknown) => (isSchema(value) ? change(value) : value);
  const copy: Schema = { ...schema };
  for (const key of INNER) if (key in copy) copy[key] = inner(copy[key]);
  for (const key of LISTS) if (Array.isArray(copy[key])) copy[key] = copy[key].map(inner);
  for (const key of MAPS) if (isSchema(copy[key])) copy[key] = mapValues(copy[key], inner);
  return copy;
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
