import { describe, expect, test } from "vitest";
import { readableSchema, wireSchema, withoutNulls } from "../../../src/aigne/schema.js";

const NULL = { type: ["null"] };
const string = { type: "string" };

describe("the schema on the wire", () => {
  test("requires every property, and lets an optional one be null instead", () => {
    expect(
      wireSchema({ type: "object", properties: { a: string, b: string }, required: ["a"] }, false),
    ).toEqual({
      type: "object",
      properties: { a: string, b: { anyOf: [string, NULL] } },
      required: ["a", "b"],
    });
  });

  test("leaves an optional property that may be null already as it is", () => {
    const nullable = { type: ["string", "null"] };
    expect(wireSchema({ type: "object", properties: { a: nullable } }, false)).toMatchObject({
      properties: { a: nullable },
      required: ["a"],
    });
  });

  test("is the same for objects inside objects, lists, choices and definitions", () => {
    const inner = { type: "object", properties: { x: string } };
    const mended = { type: "object", properties: { x: { anyOf: [string, NULL] } }, required: ["x"] };
    const schema = {
      type: "object",
      properties: {
        o: inner,
        l: { type: "array", items: inner },
        c: { anyOf: [inner, string] },
        r: { $ref: "#/$defs/d" },
      },
      required: ["o", "l", "c"],
      $defs: { d: inner },
    };
    expect(wireSchema(schema, false)).toEqual({
      type: "object",
      properties: {
        o: mended,
        l: { type: "array", items: mended },
        c: { anyOf: [mended, string] },
        r: { anyOf: [{ $ref: "#/$defs/d" }, NULL] },
      },
      required: ["o", "l", "c", "r"],
      $defs: { d: mended },
    });
  });

  test("closes every object when it is strict, and only then", () => {
    const schema = { type: "object", properties: { o: { type: "object", properties: {} } }, required: ["o"] };
    expect(wireSchema(schema, true)).toMatchObject({
      additionalProperties: false,
      properties: { o: { additionalProperties: false } },
    });
    expect(JSON.stringify(wireSchema(schema, false))).not.toContain("additionalProperties");
  });

  test("keeps what the user says of additional properties", () => {
    const schema = { type: "object", properties: {}, additionalProperties: string };
    expect(wireSchema(schema, true)).toMatchObject({ additionalProperties: string });
  });

  test("of an object without properties is the schema as it is", () => {
    expect(wireSchema({ type: "object" }, true)).toEqual({ type: "object" });
    expect(wireSchema({}, true)).toEqual({});
  });

  test("never changes the user's own object", () => {
    const schema = { type: "object", properties: { a: { type: "object", properties: { b: string } } } };
    const before = structuredClone(schema);
    wireSchema(schema, true);
    expect(schema).toEqual(before);
  });
});

test("for AIGNE's validator an object without properties has an empty list of them, at every depth", () => {
  const record = { type: "object", additionalProperties: string };
  const open = { ...record, properties: {} };
  const schema = {
    type: "object",
    properties: { r: record, l: { type: "array", items: record }, s: string },
  };
  const before = structuredClone(schema);
  expect(readableSchema(schema)).toEqual({
    type: "object",
    properties: { r: open, l: { type: "array", items: open }, s: string },
  });
  expect(readableSchema({ anyOf: [record, string] })).toEqual({ anyOf: [open, string] });
  expect(schema).toEqual(before);
});

test("nulls are taken out of objects at every depth, and out of no list", () => {
  expect(withoutNulls({ a: null, b: { c: null, d: 0 }, e: [null, { f: null }], g: false, h: "" })).toEqual({
    b: { d: 0 },
    e: [null, {}],
    g: false,
    h: "",
  });
});
