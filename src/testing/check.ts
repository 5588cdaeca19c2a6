import { FAULTS, type FaultFamily, faultFamily } from "./faults.js";
import type { ModelScript, Script } from "./script.js";

type Rule = (value: unknown, path: string) => void;
type Rules = Record<string, Rule>;

/** Throws an Error that names the path of the first bad value, e.g. `models["a/b"][1].fault`. */
export function checkModels(models: unknown): asserts models is Record<string, ModelScript> {
  object(models, "models");
  for (const [model, script] of Object.entries(models as object)) {
    const path = `models[${JSON.stringify(model)}]`;
    if (!Array.isArray(script)) checkScript(script, path);
    else if (script.length === 0) fail(path, "have at least one step", script);
    else for (const [i, step] of script.entries()) checkScript(step, `${path}[${i}]`);
  }
}

/** Throws an Error that names the path of the first bad value of the simulator's options. */
export function checkOptions(options: unknown): void {
  object(options, "options");
  const { models, ...rest } = options as Record<string, unknown>;
  checkModels(models);
  for (const [name, value] of Object.entries(rest)) {
    const rule = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (rule === undefined)
      fail("options", `have only the keys models, ${Object.keys(OPTIONS).join(", ")}`, name);
    if (value !== undefined) rule(value, name);
  }
}

/** Throws an Error that names the path of the first bad value of one script. */
export function checkScript(value: unknown, path: string): asserts value is Script {
  object(value, path);
  const script = value as Record<string, unknown>;
  const { fault, either } = script;
  if (either !== undefined) {
    checkKeys(script, { times: whole(1), either: branches }, path);
    return;
  }
  if (fault === undefined) {
    checkKeys(script, ANSWER, path);
    return;
  }
  const family = typeof fault === "string" ? faultFamily(fault) : undefined;
  if (family === undefined) fail(`${path}.fault`, `be one of ${FAULTS.join(", ")}`, fault);
  const more = fault === "http" ? { ...FAMILY.http, status: status, body: anything } : FAMILY[family];
  checkKeys(script, { ...ANSWER, fault: anything, ...more }, path);
}

function fail(path: string, must: string, got: unknown): never {
  const text = JSON.stringify(got) ?? String(got);
  throw new Error(`${path} must ${must}, got ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`);
}

function checkKeys(value: Record<string, unknown>, rules: Rules, path: string): void {
  for (const [key, item] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule === undefined) fail(path, `have only the keys ${Object.keys(rules).join(", ")}`, key);
    if (item !== undefined) rule(item, `${path}.${key}`);
  }
}

const anything: Rule = () => {};
const object: Rule = (value, path) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "be an object", value);
};
const string: Rule = (value, path) => {
  if (typeof value !== "string") fail(path, "be a string", value);
};
const boolean: Rule = (value, path) => {
  if (typeof value !== "boolean") fail(path, "be true or false", value);
};
const amount: Rule = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    fail(path, "be a number of at least 0", value);
  }
};
const whole =
  (least: number): Rule =>
  (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < least) {
      fail(path, `be a whole number of at least ${least}`, value);
    }
  };
const status: Rule = (value, path) => {
  if (!Number.isInteger(value) || (value as number) < 200 || (value as number) > 999) {
    fail(path, "be a status from 200 to 999", value);
  }
};
const oneOf =
  (...names: unknown[]): Rule =>
  (value, path) => {
    if (!names.includes(value)) fail(path, `be one of ${names.join(", ")}`, value);
  };
const list =
  (rule: Rule): Rule =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, "be an array", value);
    for (const [i, item] of value.entries()) rule(item, `${path}[${i}]`);
  };
const either =
  (...rules: [when: (value: unknown) => boolean, rule: Rule][]): Rule =>
  (value, path) => {
    for (const [when, rule] of rules) if (when(value)) return rule(value, path);
    rules.at(-1)?.[1](value, path);
  };
const shaped =
  (rules: Rules, required: string[] = []): Rule =>
  (value, path) => {
    object(value, path);
    const record = value as Record<string, unknown>;
    for (const key of required) if (record[key] === undefined) fail(`${path}.${key}`, "be given", undefined);
    checkKeys(record, rules, path);
  };
const isString = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";

const headers: Rule = (value, path) => {
  object(value, path);
  for (const [name, text] of Object.entries(value as object))
    string(text, `${path}[${JSON.stringify(name)}]`);
};
const retryAfter = either(
  [(value) => value === null, anything],
  [isString, string],
  [isNumber, amount],
  [() => true, shaped({ inSeconds: amount }, ["inSeconds"])],
);
const branches: Rule = (value, path) => {
  if (!Array.isArray(value) || value.length === 0) fail(path, "be an array of { p, script }", value);
  let sum = 0;
  for (const [i, branch] of value.entries()) {
    shaped({ p: amount, script: checkScript }, ["p", "script"])(branch, `${path}[${i}]`);
    sum += (branch as { p: number }).p;
  }
  // Ten times 0.1 is not quite 1.
  if (sum > 1 + 1e-9) fail(path, "have probabilities that sum to at most 1", sum);
};

const ANSWER: Rules = {
  times: whole(1),
  text: string,
  tokens: list(string),
  continues: boolean,
  json: anything,
  reasoning: either([isString, string], [() => true, list(string)]),
  toolCalls: list(
    shaped({ id: string, name: string, arguments: either([isString, string], [() => true, object]) }, [
      "name",
      "arguments",
    ]),
  ),
  images: list(string),
  annotations: list(object),
  refusal: string,
  finish: oneOf("stop", "length", "tool_calls", "content_filter", "error"),
  nativeFinish: string,
  model: string,
  provider: string,
  usage: shaped({
    promptTokens: whole(0),
    completionTokens: whole(0),
    cachedTokens: whole(0),
    reasoningTokens: whole(0),
    cost: amount,
  }),
  pace: shaped({ headersMs: amount, firstTokenMs: amount, tokenMs: amount }),
  comments: either([isNumber, whole(0)], [() => true, shaped({ before: whole(0), every: whole(0) })]),
  reply: oneOf("sse", "json"),
};

const FAMILY: Record<FaultFamily, Rules> = {
  http: { retryAfter, headers },
  once: { retryAfter },
  head: { location: string, everyMs: amount, bytes: whole(1) },
  body: { bytes: whole(1) },
  "error-event": {
    shape: oneOf(1, 2, 3, 4, 5),
    error: shaped({ code: anything, message: string, metadata: object }, ["code", "message"]),
    done: boolean,
    at: whole(0),
  },
  stream: { at: whole(0), everyMs: amount, bytes: whole(1) },
  wire: {},
  content: { at: whole(0) },
};

const record =
  (rule: Rule): Rule =>
  (value, path) => {
    object(value, path);
    for (const [key, item] of Object.entries(value as object)) rule(item, `${path}[${JSON.stringify(key)}]`);
  };

const OPTIONS: Rules = {
  seed: whole(Number.MIN_SAFE_INTEGER),
  port: whole(0),
  host: string,
  keys: record(
    shaped({
      fault: (value, path) => {
        if (typeof value !== "string" || value === "http" || faultFamily(value) !== "http") {
          fail(path, `be one of ${FAULTS.filter((name) => faultFamily(name) === "http").join(", ")}`, value);
        }
      },
      limit: either([(value) => value === null, anything], [() => true, amount]),
      usage: amount,
      freeTier: boolean,
    }),
  ),
  auth: boolean,
  catalogue: record(
    shaped({
      name: string,
      canonicalSlug: string,
      contextLength: whole(1),
      topProviderContextLength: whole(1),
      maxCompletionTokens: whole(1),
      promptPrice: amount,
      completionPrice: amount,
      moderated: boolean,
      inputModalities: list(string),
      outputModalities: list(string),
      supportedParameters: list(string),
      expirationDate: string,
    }),
  ),
  onRequest: anything,
  onClose: anything,
  logLimit: whole(1),
  maxBodyBytes: whole(1),
};
