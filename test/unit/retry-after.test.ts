import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterMs, statedWaitMs } from "../../src/retry-after.js";

/** 2026-11-23T12:00:00Z */
const NOW = Date.UTC(2026, 10, 23, 12);
const MAX = 2 ** 31 - 1;

const header = (value: string) => retryAfterMs({ "Retry-After": value }, undefined, NOW);
const reset = (value: unknown) =>
  retryAfterMs({}, { error: { metadata: { headers: { "X-RateLimit-Reset": value } } } }, NOW);

describe("Retry-After", () => {
  it.each([
    ["0", 0],
    ["1", 1_000],
    [" 7 ", 7_000],
    ["1.5", 1_500],
    ["0.0001", 1],
    ["007", 7_000],
    ["2147483", 2_147_483_000],
    ["2147484", MAX],
    ["1000000000000", MAX],
    ["9".repeat(400), MAX],
  ])("reads %j as seconds", (value, ms) => expect(header(value)).toBe(ms));

  it.each([
    ["IMF-fixdate", "Mon, 23 Nov 2026 12:00:30 GMT", 30_000],
    ["RFC 850", "Monday, 23-Nov-26 12:00:30 GMT", 30_000],
    ["asctime", "Mon Nov 23 12:00:30 2026", 30_000],
    ["asctime with a blank day", "Tue Dec  1 12:00:00 2026", 8 * 86_400_000],
    ["a year of two digits in the last century", "Sunday, 06-Nov-94 08:49:37 GMT", 0],
    ["the past", "Sun, 06 Nov 1994 08:49:37 GMT", 0],
    ["the present", "Mon, 23 Nov 2026 12:00:00 GMT", 0],
    ["the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", MAX],
    ["a leap second", "Thu, 31 Dec 2026 23:59:60 GMT", Date.UTC(2027, 0, 1) - NOW],
  ])("reads a date: %s", (_, value, ms) => expect(header(value)).toBe(Math.min(ms, MAX)));

  it.each([
    "",
    " ",
    "-1",
    "-0.5",
    "+1",
    "NaN",
    "Infinity",
    "1e3",
    "0x10",
    "1s",
    "soon",
    "1,",
    "1,x",
    "1;2",
    "2026-11-23T12:00:30Z",
    "Mon, 32 Nov 2026 12:00:30 GMT",
    "Mon, 31 Nov 2026 12:00:30 GMT",
    "Mon, 23 Foo 2026 12:00:30 GMT",
    "Mon, 23 Nov 2026 24:00:00 GMT",
    "Mon, 23 Nov 2026 12:00:30 CET",
    "5, Mon, 23 Nov 2026 12:00:30 GMT",
    "9".repeat(401),
  ])("takes %j for absent", (value) => expect(header(value)).toBeUndefined());

  it("takes the larger of several values", () => {
    expect(header("1,2")).toBe(2_000);
    expect(header("5, 3")).toBe(5_000);
  });

  it("is found under any case of its name", () => {
    for (const name of ["retry-after", "Retry-After", "RETRY-AFTER"]) {
      expect(retryAfterMs({ [name]: "3" }, undefined, NOW)).toBe(3_000);
    }
  });
});

describe("the sources of a delay", () => {
  const SOURCES: [string, Record<string, string>, Record<string, unknown>, number][] = [
    ["retry-after-ms", { "retry-after-ms": "100.2" }, {}, 101],
    ["Retry-After", { "Retry-After": "2" }, {}, 2_000],
    ["metadata.retry_after_seconds", {}, { metadata: { retry_after_seconds: 3 } }, 3_000],
    ["metadata.retry_after_seconds_raw", {}, { metadata: { retry_after_seconds_raw: 3.25 } }, 3_250],
    ["metadata.headers", {}, { metadata: { headers: { "retry-after": "4" } } }, 4_000],
    ["availability.retry_after", {}, { availability: { retry_after: 5 } }, 5_000],
    ["the X-RateLimit-Reset header", { "X-RateLimit-Reset": "6" }, {}, 6_000],
    [
      "X-RateLimit-Reset in metadata.headers",
      {},
      { metadata: { headers: { "X-RateLimit-Reset": "7" } } },
      7_000,
    ],
  ];

  /** Puts sources together without one part of the metadata replacing another. */
  function merged(sources: typeof SOURCES): [Record<string, string>, unknown] {
    const headers = Object.assign({}, ...sources.map((source) => source[1]));
    const errors = sources.map((source) => source[2]) as Record<string, Record<string, object>>[];
    const metadata = Object.assign({}, ...errors.map((error) => error.metadata));
    metadata.headers = Object.assign({}, ...errors.map((error) => error.metadata?.headers));
    return [headers, { error: Object.assign({}, ...errors, { metadata }) }];
  }

  it.each(SOURCES)("include %s", (_, headers, error, ms) => {
    expect(retryAfterMs(headers, { error }, NOW)).toBe(ms);
    expect(retryAfterMs(headers, error, NOW)).toBe(ms);
  });

  it.each(SOURCES.map((source, index) => ({ name: source[0], index })))(
    "put $name before all later ones",
    ({ index }) => {
      const [headers, body] = merged(SOURCES.slice(index));
      expect(retryAfterMs(headers, body, NOW)).toBe(SOURCES[index]?.[3]);
    },
  );

  it("pass over one that is unintelligible", () => {
    const headers = { "retry-after-ms": "x", "retry-after": "-1", "x-ratelimit-reset": "9" };
    expect(retryAfterMs(headers, { error: { metadata: { retry_after_seconds: Number.NaN } } }, NOW)).toBe(
      9_000,
    );
    expect(retryAfterMs(headers, { error: { metadata: { retry_after_seconds: 2 } } }, NOW)).toBe(2_000);
  });

  it("leave the reset out of what a server states", () => {
    expect(statedWaitMs({ "x-ratelimit-reset": "9" }, undefined, NOW)).toBeUndefined();
    expect(statedWaitMs({ "retry-after": "9" }, undefined, NOW)).toBe(9_000);
  });
});

describe("X-RateLimit-Reset", () => {
  it.each([
    ["epoch milliseconds", String(NOW + 5_000), 5_000],
    ["epoch milliseconds as a number", NOW + 5_000, 5_000],
    ["epoch seconds", String(NOW / 1_000 + 5), 5_000],
    ["seconds from now", "5", 5_000],
    ["the past in milliseconds", String(NOW - 5_000), 0],
    ["the past in seconds", String(NOW / 1_000 - 5), 0],
    ["zero", "0", 0],
    ["far away", String(NOW + 1e12), MAX],
    ["infinity", Number.POSITIVE_INFINITY, MAX],
  ])("reads %s", (_, value, ms) => expect(reset(value)).toBe(ms));

  it.each(["-1", "1s", "6m0s", "", "NaN", null, true, {}, [5], Number.NaN, -5])("ignores %j", (value) => {
    expect(reset(value)).toBeUndefined();
  });
});

describe("retryAfterMs", () => {
  it("is total, and stays within what a timer takes", () => {
    const value = fc.oneof(fc.anything(), fc.double(), fc.string(), fc.maxSafeNat().map(String));
    const error = fc.record({
      metadata: fc.oneof(
        value,
        fc.record({
          retry_after_seconds: value,
          headers: fc.dictionary(fc.constantFrom("Retry-After", "X-RateLimit-Reset"), value),
        }),
      ),
      availability: fc.oneof(value, fc.record({ retry_after: value })),
    });
    const headers = fc.dictionary(
      fc.constantFrom("retry-after-ms", "Retry-After", "x-ratelimit-reset", "x"),
      value,
    );
    fc.assert(
      fc.property(headers, fc.oneof(value, error), (given, body) => {
        const wait = retryAfterMs(given, body, NOW);
        if (wait === undefined) return;
        expect(Number.isInteger(wait)).toBe(true);
        expect(Object.is(wait, -0)).toBe(false);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(MAX);
      }),
    );
  });

  it("reads every HTTP date back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seconds) => {
        expect(header(new Date(NOW + seconds * 1_000).toUTCString())).toBe(seconds * 1_000);
      }),
    );
  });

  it("does not read inherited fields", () => {
    const body = Object.create({ error: { metadata: { retry_after_seconds: 5 } } });
    expect(retryAfterMs({}, body, NOW)).toBeUndefined();
  });
});
