import { inspect } from "node:util";
import { ChatModel } from "@aigne/core";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { PLAIN_INPUT, PLAIN_OUTPUT, type PlainForm, withPlainForm } from "../../../src/aigne/plain-schema.js";

class Bare extends ChatModel {
  override process() {
    return {};
  }
}

const { inputSchema, outputSchema } = new Bare();
const FORMS: Record<"input" | "output", { form: PlainForm; schema: z.ZodType }> = {
  input: { form: PLAIN_INPUT, schema: inputSchema },
  output: { form: PLAIN_OUTPUT, schema: outputSchema },
};

/** What the schema makes of it, or the text of its refusal. */
function parsed(schema: z.ZodType, value: unknown): object {
  try {
    return { gave: schema.parse(value) };
  } catch (error) {
    return { refused: (error as Error).constructor, message: (error as Error).message };
  }
}

const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  "",
  "text",
  0,
  -0,
  -1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  true,
  [],
  {},
  ["x"],
  { role: "user" },
  new Date(0),
  () => {},
  Symbol.iterator,
);

/** Mostly what it should be, sometimes anything. */
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: usual as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });

const TWISTS: Record<string, (value: object) => object> = {
  "with a key that few have": (value) => ({ ...value, thoughts: "t", name: "n", toolCallId: undefined }),
  "with a key that nobody has": (value) => ({ ...value, more: 1 }),
  "with a symbol": (value) => ({ ...value, [Symbol.for("more")]: 1 }),
  "with a key __proto__": () => JSON.parse(`{"__proto__": {"role": "user", "text": "t"}}`) as object,
  "without a prototype": (value) => Object.assign(Object.create(null), value) as object,
  "of a class": (value) => Object.assign(new (class Own {})(), value),
  inherited: (value) => Object.create(value) as object,
  frozen: (value) => Object.freeze({ ...value }),
  "with a getter": (value) =>
    Object.defineProperty({ ...value }, "content", { get: () => "got", enumerable: true }),
  "with a hidden key": (value) => Object.defineProperty({ ...value }, "role", { value: "user" }),
};

/** The object, and now and then one that is nearly it. */
const twisted = (plain: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: 9, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc
        .tuple(plain, fc.constantFrom(...Object.values(TWISTS)))
        .map(([value, twist]) => twist(value)),
    },
  );

const text = mostly(fc.string({ maxLength: 3 }));
const role = mostly(fc.constantFrom("system", "user", "agent", "tool"));
const count = mostly(fc.oneof(fc.nat(), fc.double()));
const message = twisted(fc.record({ role, content: text }));
const usage = twisted(
  fc.record(
    { inputTokens: count, outputTokens: count, cacheReadInputTokens: count },
    { requiredKeys: ["inputTokens", "outputTokens"] },
  ),
);
const input = twisted(fc.record({ messages: mostly(fc.array(mostly(message), { maxLength: 3 })) }));
const output = twisted(fc.record({ text, model: text, usage: mostly(usage) }, { requiredKeys: [] }));
const VALUES = { input: mostly(input), output: mostly(output) };

describe.each(["input", "output"] as const)("a schema of %s with its plain form", (name) => {
  const { form, schema } = FORMS[name];
  const quick = withPlainForm(schema, form);

  test("is not the schema itself, since that makes of the example what is expected", () => {
    expect(quick).not.toBe(schema);
    expect(schema.parse(structuredClone(form.example))).toEqual(form.read(form.example));
  });

  test("gives what the schema gives, or refuses as it does, whatever the value", () => {
    let plain = 0;
    fc.assert(
      fc.property(VALUES[name], (value) => {
        if (form.read(value)) plain++;
        expect(parsed(quick, value)).toStrictEqual(parsed(schema, value));
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(300);
    expect(plain).toBeLessThan(2_700);
  });

  test("gives a copy: whoever changes it changes nothing else", () => {
    fc.assert(
      fc.property(VALUES[name], (value) => {
        const given = form.read(value);
        fc.pre(given !== undefined);
        const before = inspect(value, { depth: null });
        const change = (part: object) => {
          for (const [key, inner] of Object.entries(part)) {
            if (typeof inner === "object" && inner !== null) change(inner);
            Reflect.set(part, key, "changed");
          }
          Reflect.set(part, "more", "added");
        };
        change(quick.parse(value) as object);
        expect(inspect(value, { depth: null })).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test("does not ask the schema about the plain values, and about every other", () => {
    const parse = vi.spyOn(schema, "parse");
    quick.parse(form.example);
    expect(parse).not.toHaveBeenCalled();
    const other = { ...form.example, more: 1 };
    expect(quick.parse(other)).toEqual(other);
    expect(parse).toHaveBeenCalledOnce();
    parse.mockRestore();
  });

  test("leaves all else of the schema as it is", () => {
    expect(quick.safeParse({ messages: 5, usage: 5 }).success).toBe(false);
    expect(quick.safeParse(form.example).success).toBe(true);
    expect(quick).toBeInstanceOf(z.ZodType);
    expect(Object.keys((quick as z.AnyZodObject).shape)).toEqual(
      Object.keys((schema as z.AnyZodObject).shape),
    );
    expect(quick.optional().parse(undefined)).toBeUndefined();
  });

  const object = schema as z.AnyZodObject;
  const OTHERS: [string, z.ZodType][] = [
    ["has a default", object.extend({ more: z.string().default("x") })],
    ["transforms it", object.transform((value) => ({ ...value, more: 1 }))],
    ["asks for more", object.extend({ more: z.string() })],
    ["refuses it", object.refine(() => false)],
    ["keeps less", z.object({}).strip()],
    ["sees nothing of it", z.preprocess(() => ({}), z.object({}))],
  ];

  test.each(OTHERS)("is the schema itself when that %s", (_, other) => {
    expect(withPlainForm(other, form)).toBe(other);
  });
});
