import type { AuditAttempt, AuditRecord, CallStart } from "../record.js";

type Check = (value: unknown) => boolean;

const ISO = /^\d{4}-\d\d-\d\dT/;

const isText: Check = (value) => typeof value === "string";
/** A word of ours, such as `rate_limit`: not to be cut or cleaned where it is shown. */
const isWord: Check = (value) => typeof value === "string" && /^[a-z_]{1,40}$/.test(value);
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isMoment: Check = (value) =>
  typeof value === "string" && ISO.test(value) && !Number.isNaN(Date.parse(value));
const isTexts: Check = (value) => isObject(value) && Object.values(value as object).every(isText);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Each of the fields is what it must be; others may be anything. */
function has(fields: Record<string, Check>): Check {
  const checks = Object.entries(fields);
  return (value) => isObject(value) && checks.every(([name, holds]) => holds(value[name]));
}

const maybe =
  (holds: Check): Check =>
  (value) =>
    value === undefined || holds(value);
const listOf =
  (holds: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(holds);
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string);

const COST = maybe(has({ usd: isNumber }));
const USAGE = maybe(has({ inputTokens: isNumber, outputTokens: isNumber }));

const ATTEMPT = has({
  n: isNumber,
  target: isText,
  model: isText,
  provider: isText,
  why: isWord,
  startedAt: isMoment,
  headersMs: maybe(isNumber),
  firstContentMs: maybe(isNumber),
  durationMs: isNumber,
  outcome: oneOf("won", "failed", "cancelled"),
  failure: maybe(has({ class: isWord, scope: isWord, message: isText })),
  usage: USAGE,
  cost: COST,
  omitted: maybe(listOf(isText)),
  maxTokens: maybe(has({ sent: isNumber })),
});

const BEGUN = {
  startedAt: isMoment,
  strategy: isText,
  labels: isTexts,
  caller: isTexts,
  requestDigest: isText,
};

/** Three months: no call takes longer, and no moment beyond what a Date can say comes of it. */
const MOST_MS = 90 * 86_400_000;

const START = has(BEGUN);
const RECORD = has({
  ...BEGUN,
  durationMs: isNumber,
  outcome: oneOf("ok", "failed", "aborted"),
  answeredBy: maybe(
    has({ target: isText, model: isText, requestedModel: isText, provider: isText, attempt: isNumber }),
  ),
  attempts: listOf(ATTEMPT),
  skipped: listOf(has({ target: isText, reason: isWord })),
  usage: USAGE,
  cost: COST,
  recovery: maybe(has({ mode: oneOf("restart", "continue"), count: isNumber })),
  breakers: maybe(
    listOf(
      has({
        target: isText,
        phase: oneOf("open", "half_open", "closed"),
        atMs: (value) => isNumber(value) && Math.abs(value as number) <= MOST_MS,
      }),
    ),
  ),
  error: maybe(has({ code: isText, class: isWord })),
});

/** Whoever can write to the folder can write anything: what a reader relies on is there, and of its type. */
export function isRecord(value: unknown): value is AuditRecord {
  return RECORD(value);
}

export function isStart(value: unknown): value is CallStart {
  return START(value);
}

export function isAttempt(value: unknown): value is AuditAttempt {
  return ATTEMPT(value);
}
