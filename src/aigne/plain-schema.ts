import { isDeepStrictEqual } from "node:util";
import type { ZodType } from "zod";

type Fields = Record<string, unknown>;
type Check = (value: unknown) => boolean;

/** What a schema makes of the values that most calls have; undefined for any other. */
export interface PlainForm {
  read(value: unknown): object | undefined;
  /** A value of that form with everything in it that one can have. */
  example: object;
}

const isString: Check = (value) => typeof value === "string";
const isRole: Check = (value) => ROLES.has(value);
// Whatever zod says of the others.
const isNumber: Check = (value) => Number.isFinite(value);
const ROLES = new Set<unknown>(["system", "user", "agent", "tool"]);

const MESSAGE = { role: isRole, content: isString };
const USAGE = { inputTokens: isNumber, outputTokens: isNumber, cacheReadInputTokens: isNumber };

/** Nothing but messages of text. */
export const PLAIN_INPUT: PlainForm = {
  read(value) {
    if (!isRecord(value) || !Array.isArray(value.messages) || Object.keys(value).length !== 1)
      return undefined;
    const messages: object[] = [];
    for (const each of value.messages) {
      const message = copied(each, MESSAGE, ["role", "content"]);
      if (!message) return undefined;
      messages.push(message);
    }
    return { messages };
  },
  example: {
    messages: ["system", "user", "agent", "tool"].map((role) => ({ role, content: `the ${role} says` })),
  },
};

/** Text of a model, with its usage. */
export const PLAIN_OUTPUT: PlainForm = {
  read(value) {
    if (!isRecord(value)) return undefined;
    const { usage, ...rest } = value;
    const said = copied(rest, { text: isString, model: isString }, []);
    if (!said || usage === undefined) return "usage" in value ? undefined : said;
    const counted = copied(usage, USAGE, ["inputTokens", "outputTokens"]);
    return counted && Object.assign(said, { usage: counted });
  },
  example: {
    text: "said",
    model: "vendor/model",
    usage: { inputTokens: 1, outputTokens: 2, cacheReadInputTokens: 0 },
  },
};

/**
 * The schema, which is not asked about values of a plain form: on Node 20 a pass of zod over a short call takes as long as to
 * receive it. A schema that makes anything else of the example than we do is asked about every value.
 */
export function withPlainForm<T>(schema: ZodType<T>, { read, example }: PlainForm): ZodType<T> {
  const asked = schema.safeParse(structuredClone(example));
  if (!asked.success || !isDeepStrictEqual(asked.data, read(example))) return schema;
  const parse: ZodType<T>["parse"] = (value, ...more) =>
    ((more.length === 0 && read(value)) || schema.parse(value, ...more)) as T;
  return Object.create(schema, { parse: { value: parse } });
}

/** The fields, when there are no others, each is what it must be, and those that must be there are. */
function copied(
  value: unknown,
  fields: Record<string, Check>,
  needed: readonly string[],
): Fields | undefined {
  if (!isRecord(value)) return undefined;
  const copy: Fields = {};
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key) || !fields[key]?.(value[key])) return undefined;
    copy[key] = value[key];
  }
  return needed.every((key) => key in copy) ? copy : undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
