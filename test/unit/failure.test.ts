import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify, isTlsFailure } from "../../src/failure.js";
import { DEFAULT_MAX_RETRY_AFTER_MS } from "../../src/options.js";
import { DEFAULT_POLICY, FAILURE_CLASSES, judge } from "../../src/retry.js";
import type { Failure, Signal, Verdict } from "../../src/types.js";
import { CORPUS_WALL, type FailureCase, failureCorpus } from "../support/failure-corpus.js";

/** What the chain does at a first failure with another target ready. */
function verdictOf(failure: Failure): Verdict["do"] {
  return judge(failure, {
    policy: DEFAULT_POLICY,
    retries: 0,
    waitedMs: 0,
    maxRetryAfterMs: DEFAULT_MAX_RETRY_AFTER_MS,
    remainingMs: Number.POSITIVE_INFINITY,
    last: false,
    random: Math.random,
  }).do;
}

function exclusionOf({ class: name, inner, scope, tier }: Failure): FailureCase["expect"]["excludes"] {
  if (tier === "free") return "free";
  if (name === "context_length") return "window";
  if (scope === "account") return "account";
  return scope === "provider" && ["auth", "payment"].includes(inner ?? name) ? "provider" : undefined;
}

/** Fields that a case leaves out are absent, not just unmentioned. */
const EXACT = [
  "retryAfterMs",
  "tier",
  "inner",
  "phase",
  "limitTokens",
  "neededTokens",
  "outputTokens",
] as const;

describe("the golden corpus", () => {
  const corpus = failureCorpus();

  it("holds at least 150 cases, each under a name of its own", () => {
    expect(corpus.length).toBeGreaterThanOrEqual(150);
    expect(new Set(corpus.map((each) => `${each.family}: ${each.name}`)).size).toBe(corpus.length);
  });

  it("holds every class", () => {
    expect(new Set(corpus.map((each) => each.expect.class))).toEqual(new Set(FAILURE_CLASSES));
  });

  it.each(corpus)("$family: $name", ({ signal, expect: { verdict, excludes, ...expected } }) => {
    const failure = classify(signal, { wallNow: CORPUS_WALL });
    expect(failure).toMatchObject(expected);
    for (const key of EXACT) expect(failure[key], key).toBe(expected[key]);
    expect(verdictOf(failure)).toBe(verdict);
    expect(exclusionOf(failure)).toBe(excludes);
    expectSound(failure);
  });

  it.each(corpus)("repeats no account id and no secret: $family: $name", ({ signal }) => {
    const shown = JSON.stringify(classify(signal, { wallNow: CORPUS_WALL }));
    expect(shown).not.toMatch(/user_|org_2|secret|flagged_input|Tell me about|"metadata|\\"error\\"/);
  });
});

/** What holds for every failure, whatever it was made from. */
function expectSound(failure: Failure): void {
  expect(FAILURE_CLASSES).toContain(failure.class);
  expect(["request", "model", "provider", "account"]).toContain(failure.scope);
  expect(failure.message.length).toBeGreaterThan(0);
  expect(failure.message.length).toBeLessThanOrEqual(500);
  expect(failure.message).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029\p{Surrogate}]/u);
  for (const field of [failure.code, failure.upstream, failure.requestId]) {
    if (field !== undefined) expect(field).toMatch(/^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]{1,128}$/u);
  }
  if (failure.retryAfterMs !== undefined) {
    expect(failure.retryAfterMs).toBeGreaterThanOrEqual(0);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(2 ** 31 - 1);
  }
  for (const tokens of [failure.limitTokens, failure.neededTokens, failure.outputTokens]) {
    if (tokens !== undefined) expect(Number.isSafeInteger(tokens) && tokens > 0).toBe(true);
  }
  expect(failure.inner !== undefined).toBe(failure.class === "stream_interrupted");
  expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
}

describe("classify", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.json());
  const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true });

  it("is total over HTTP answers of any status, header and body", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1, max: 1000 }),
        fc.dictionary(fc.string(), text),
        text,
        (status, headers, body) => {
          expectSound(classify({ kind: "http", status, headers, body }));
        },
      ),
    );
  });

  it("is total over error bodies of any shape", () => {
    const key = fc.constantFrom(
      "error",
      "message",
      "code",
      "metadata",
      "raw",
      "availability",
      "choices",
      "headers",
      "type",
    );
    const nested = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        text,
        value,
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(key, tie("node")),
      ),
    })).node;
    fc.assert(
      fc.property(nested, fc.boolean(), (body, afterContent) => {
        expectSound(classify({ kind: "error_body", body, afterContent }));
      }),
    );
  });

  it("is total over thrown values", () => {
    const thrown = fc.record(
      {
        name: value,
        message: value,
        code: value,
        cause: value,
        errors: value,
        status: value,
        error: value,
        headers: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(value, thrown), fc.boolean(), (error, afterContent) => {
        expectSound(classify({ kind: "thrown", error, afterContent }));
      }),
    );
  });

  it("calls evidence that throws when read unknown", () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error("no");
        },
        getOwnPropertyDescriptor: () => {
          throw new Error("no");
        },
      },
    );
    for (const signal of [
      { kind: "error_body", body: hostile, afterContent: false },
      { kind: "error_body", body: { error: hostile }, afterContent: true },
      { kind: "thrown", error: hostile, afterContent: false },
      { kind: "nonsense" },
      undefined,
      null,
      hostile,
    ]) {
      expect(((inner) => inner.inner ?? inner.class)(classify(signal as Signal))).toBe("unknown");
    }
  });

  it("ends at a cycle of causes", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(classify({ kind: "thrown", error, afterContent: false }).class).toBe("unknown");
  });

  it("finds a code however the causes are nested, within bounds", () => {
    const nest = (depth: number): unknown =>
      depth === 0 ? { code: "ECONNREFUSED" } : new Error("x", { cause: nest(depth - 1) });
    expect(classify({ kind: "thrown", error: nest(5), afterContent: false }).code).toBe("ECONNREFUSED");
    expect(classify({ kind: "thrown", error: nest(50), afterContent: false }).class).toBe("unknown");
  });

  it("reads a DOMException by the names on its prototype", () => {
    const timeout = new DOMException("The operation timed out", "TimeoutError");
    const abort = new DOMException("gone", "AbortError");
    expect(classify({ kind: "thrown", error: timeout, afterContent: false }).class).toBe("timeout");
    expect(classify({ kind: "thrown", error: abort, afterContent: false }).class).toBe("aborted");
  });

  it("does not touch the prototype, and does not read from it", () => {
    const body = '{"error":{"__proto__":{"polluted":true},"message":"m"},"__proto__":{"polluted":true}}';
    classify({ kind: "http", status: 500, headers: {}, body });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    const inherited = Object.create({ error: { message: "inherited", code: 402 } });
    expect(classify({ kind: "error_body", body: inherited, afterContent: false }).class).toBe("unknown");
  });

  it.each([
    ["spaces", `${" ".repeat(65_000)}x`],
    ["words", "maximum context length is ".repeat(2_500)],
    ["digits", `prompt is too long: ${"9".repeat(65_000)}`],
    ["opening quotes", '{"message":"'.repeat(5_000)],
    ["backslashes", `{"error":{"message":"${"\\".repeat(65_000)}`],
    ["nesting", `${"[".repeat(32_000)}${"]".repeat(32_000)}`],
    ["nested objects", `${'{"error":'.repeat(6_500)}1${"}".repeat(6_500)}`],
    ["titles", `<html>${"<title>".repeat(9_000)}`],
    ["escapes", "\u001b[".repeat(32_000)],
    [
      "strings of strings",
      JSON.stringify({ error: { message: JSON.stringify({ message: "[".repeat(30_000) }) } }),
    ],
    ["siblings", JSON.stringify({ error: Array.from({ length: 6_000 }, () => ({ error: {} })) })],
  ])("is quick with 64 KiB of %s", (_, body) => {
    const started = performance.now();
    for (let i = 0; i < 5; i++) expectSound(classify({ kind: "http", status: 400, headers: {}, body }));
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("does not read dates by a clock of its own when it is given one", () => {
    const headers = { "retry-after": "Sun, 27 Sep 2026 12:00:10 GMT" };
    const signal: Signal = { kind: "http", status: 429, headers, body: "" };
    expect(classify(signal, { wallNow: CORPUS_WALL }).retryAfterMs).toBe(10_000);
    expect(classify(signal, { wallNow: CORPUS_WALL + 60_000 }).retryAfterMs).toBe(0);
  });
});

describe("isTlsFailure", () => {
  it("tells a certificate from a reset, before and after content", () => {
    const of = (code: string, afterContent: boolean) =>
      isTlsFailure(classify({ kind: "thrown", error: { code }, afterContent }));
    expect(of("CERT_HAS_EXPIRED", false)).toBe(true);
    expect(of("CERT_HAS_EXPIRED", true)).toBe(true);
    expect(of("ECONNRESET", false)).toBe(false);
  });

  it("does not take a server's code for one of TLS", () => {
    const body = JSON.stringify({ error: { code: "CERT_HAS_EXPIRED", message: "x" } });
    expect(isTlsFailure(classify({ kind: "http", status: 500, headers: {}, body }))).toBe(false);
  });
});
