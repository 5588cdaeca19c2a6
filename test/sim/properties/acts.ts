import fc from "fast-check";
import type { Signal } from "../../../src/types.js";

/** What one request to a model leads to: plain data, so that a failing run can be read and kept. */
export interface Act {
  /** Until headers, or the failure in their place. */
  headMs: number;
  head: keyof typeof HEADS | "ok";
  /** Between headers and the first piece. */
  silentMs: number;
  thoughts: boolean;
  /** Pieces said before an end that is not that of a whole answer. */
  said: number;
  gapMs: number;
  /** A piece is a sentence, and not a word. */
  long: boolean;
  /** Two pieces in one network read. */
  burst: boolean;
  end: keyof typeof ENDS | "whole" | "length" | "filtered" | "silence" | "no end" | "empty";
  /** Whether the answer is one that was not asked for: broken JSON, an unknown tool. */
  rotten: boolean;
  /** A tool is called, where one is offered. */
  calls: boolean;
  usage: "none" | "tokens" | "cost";
  /** Of the longest answer that it may give. */
  length: number;
  /** What it makes of a text that it is to continue. */
  resume: "goes on" | "repeats the end" | "begins anew" | "refuses";
}

/** Replaced by what a careless server would put there: the key it got, and the prompt. */
export const ECHO = "%echo%";

const http =
  (status: number, retryAfter?: string, error: object = {}) =>
  (): Signal => ({
    kind: "http",
    status,
    headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
    body: JSON.stringify({ error: { message: `no: ${ECHO}`, code: status, ...error } }),
  });
const thrown = (code: string) => (): Signal => ({
  kind: "thrown",
  error: Object.assign(new Error(`socket of ${ECHO}`), { code }),
  afterContent: false,
});

/** Sizes of a request, in tokens, for the errors that state them. */
export interface Sizes {
  input: number;
  output: number;
}

/** Failures in place of response headers. */
export const HEADS = {
  "429": http(429),
  "429 in 1 s": http(429, "1"),
  "429 in 4 s": http(429, "4"),
  "429 in 1 h": http(429, "3600"),
  "429 of the free tier": http(429, undefined, {
    message:
      "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
  }),
  "500": http(500),
  "503": http(503),
  "503 in 2 s": http(503, "2"),
  "400": http(400),
  "400 of an upstream": http(400, undefined, { metadata: { provider_name: "Up", raw: "bad" } }),
  "401": http(401, undefined, { message: "No auth credentials found" }),
  "402": http(402, undefined, { message: "Insufficient credits" }),
  "404": http(404),
  "302": (): Signal => ({ kind: "http", status: 302, headers: {}, body: "" }),
  "too long": http(400, undefined, { message: "context_length_exceeded" }),
  "too long, in numbers": ({ input, output }: Sizes): Signal => {
    const limit = input + Math.floor(output / 2);
    const message = `This endpoint's maximum context length is ${limit} tokens. However, you requested about ${input + output} tokens (${input} of text input, ${output} in the output).`;
    return http(400, undefined, { message })();
  },
  "prompt too long, in numbers": ({ input }: Sizes): Signal =>
    http(400, undefined, { message: `prompt is too long: ${input} tokens > ${input - 5} maximum` })(),
  reset: thrown("ECONNRESET"),
  "bad certificate": thrown("CERT_HAS_EXPIRED"),
} satisfies Record<string, (sizes: Sizes) => Signal>;

/** Failures of a stream. */
export const ENDS = {
  cut: () => ({ kind: "eof", afterContent: true }),
  "error event 502": () => ({
    kind: "error_body",
    body: { error: { code: 502, message: `gone: ${ECHO}` } },
    afterContent: true,
  }),
  "error event 429": () => ({
    kind: "error_body",
    body: { error: { code: 429, message: `gone: ${ECHO}` } },
    afterContent: true,
  }),
  "error event 401": () => ({
    kind: "error_body",
    body: { error: { code: 401, message: "No auth credentials found" } },
    afterContent: true,
  }),
  "broken JSON": () => ({ kind: "invalid", reason: "json", message: "broken" }),
  "stream reset": () => ({
    kind: "thrown",
    error: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
    afterContent: true,
  }),
} satisfies Record<string, () => Signal>;

/** True in one of `n`; shrinks to false. */
export const rarely = (n: number) => fc.nat(n - 1).map((drawn) => drawn === n - 1);

const NEVER = 1e9;
const shortMs = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(250, 500, 12_000, 25_000, 40_000, NEVER) },
);
const heads = Object.keys(HEADS) as (keyof typeof HEADS)[];
const ends = Object.keys(ENDS) as (keyof typeof ENDS)[];

export const act: fc.Arbitrary<Act> = fc.record({
  headMs: shortMs,
  head: fc.oneof(
    { weight: 4, arbitrary: fc.constant("ok" as const) },
    { weight: 2, arbitrary: fc.constantFrom(...heads) },
  ),
  silentMs: shortMs,
  thoughts: rarely(4),
  said: fc.nat(4),
  gapMs: fc.constantFrom(0, 0, 10, 300, 1_500, 6_000),
  long: rarely(4),
  burst: fc.boolean(),
  end: fc.oneof(
    { weight: 1, arbitrary: fc.constant("whole" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Act["end"]>(
        ...ends,
        "cut",
        "length",
        "filtered",
        "silence",
        "no end",
        "empty",
      ),
    },
  ),
  rotten: rarely(6),
  calls: fc.boolean(),
  usage: fc.constantFrom("none", "tokens", "tokens", "cost"),
  length: fc.constantFrom(0.01, 0.5, 1),
  resume: fc.constantFrom("goes on", "repeats the end", "begins anew", "refuses"),
});
