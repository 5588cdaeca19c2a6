import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  backoff,
  DEFAULT_POLICY,
  FAILURE_CLASSES,
  judge,
  resolvePolicy,
  type Situation,
} from "../../src/retry.js";
import type { Failure } from "../../src/types.js";

const failure = (over: Partial<Failure> = {}): Failure => ({
  class: "server_error",
  scope: "model",
  message: "no",
  ...over,
});
const situation = (over: Partial<Situation> = {}): Situation => ({
  policy: DEFAULT_POLICY,
  retries: 0,
  waitedMs: 0,
  maxRetryAfterMs: 5_000,
  remainingMs: Number.POSITIVE_INFINITY,
  last: false,
  random: () => 1,
  ...over,
});

describe("judge", () => {
  // The contract's table: verdict beside another target, verdict as the last one.
  it.each([
    ["rate_limit", "next", "retry"],
    ["overloaded", "retry", "retry"],
    ["server_error", "retry", "retry"],
    ["network", "retry", "retry"],
    ["timeout", "next", "next"],
    ["stream_interrupted", "next", "retry"],
    ["empty_response", "next", "retry"],
    ["invalid_response", "next", "retry"],
    ["context_length", "next", "stop"],
    ["not_found", "next", "next"],
    ["unsupported", "next", "next"],
    ["unknown", "next", "next"],
    ["auth", "next", "stop"],
    ["payment", "next", "stop"],
    ["content_filter", "stop", "stop"],
    ["invalid_request", "stop", "stop"],
    ["aborted", "stop", "stop"],
    ["deadline", "stop", "stop"],
  ] as const)("decides %s by the table", (name, beside, asLast) => {
    expect(judge(failure({ class: name }), situation()).do).toBe(beside);
    expect(judge(failure({ class: name }), situation({ last: true })).do).toBe(asLast);
  });

  it("covers every class in the default policy", () => {
    expect(FAILURE_CLASSES).toHaveLength(18);
  });

  it("does not retry a bad certificate", () => {
    expect(judge(failure({ class: "network", code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), situation()).do).toBe(
      "next",
    );
  });

  it("does not begin a wait that leaves no time to answer", () => {
    const tight = situation({ remainingMs: 700 });
    expect(judge(failure(), tight).do).toBe("next");
    expect(judge(failure(), situation({ remainingMs: 750 }))).toEqual({ do: "retry", waitMs: 500 });
  });

  it("never shortens a Retry-After, whatever the backoff would be", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (retryAfterMs, chance) => {
          const verdict = judge(
            failure({ class: "rate_limit", retryAfterMs }),
            situation({ random: () => chance }),
          );
          expect(verdict).toEqual({ do: "retry", waitMs: retryAfterMs });
        },
      ),
    );
  });
});

describe("backoff", () => {
  const rule = { ...DEFAULT_POLICY.server_error };

  it("doubles from 500 ms to a cap of 8 s", () => {
    const delays = [0, 1, 2, 3, 4, 5, 400].map((retries) =>
      backoff({ ...rule, jitter: false }, retries, () => 0),
    );
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it("draws full jitter from the whole delay and equal jitter from its upper half", () => {
    expect(backoff(rule, 1, () => 0.25)).toBe(250);
    expect(backoff({ ...rule, jitter: "equal" }, 1, () => 0.25)).toBe(625);
  });

  it("stays a delay that a timer keeps, for any rule", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, noNaN: true }),
        fc.double({ min: 1, noNaN: true }),
        (retries, delay, factor) => {
          const ms = backoff({ ...rule, minDelayMs: delay, maxDelayMs: 1e300, factor }, retries, () => 1);
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(2 ** 31 - 1);
        },
      ),
    );
  });
});

describe("resolvePolicy", () => {
  it("leaves the defaults as they are", () => {
    resolvePolicy({ timeout: { retries: 9 } });
    expect(DEFAULT_POLICY.timeout.retries).toBe(0);
  });
});
