import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Script, ScriptStep } from "../../src/providers/scripted.js";
import type { RecoveryMode } from "../../src/types.js";
import { ask, bench, drain, type Outcome } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TOTAL_MS = 90_000;
const MODELS = ["a/one", "b/two", "c/three"];

/** The one right text of a model, in its pieces. */
const piecesOf = (model: string) => ["<", model, " says ", "it all", ">"];
const textOf = (model: string) => piecesOf(model).join("");

const http = (status: number, retryAfter?: string): ScriptStep => ({
  kind: "http",
  status,
  headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
  body: JSON.stringify({ error: { message: "no", code: status } }),
});

const delay = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  fc.constantFrom(25_000, 40_000, Number.POSITIVE_INFINITY),
);
const before = fc.constantFrom<ScriptStep>(
  http(429),
  http(429, "1"),
  http(429, "4"),
  http(429, "3600"),
  http(500),
  http(503, "2"),
  http(400),
  http(401),
  http(402),
  http(404),
  { kind: "thrown", error: Object.assign(new Error("x"), { code: "ECONNRESET" }), afterContent: false },
  { kind: "empty", reasoning: false },
);
const during = fc.constantFrom<ScriptStep>(
  { kind: "eof", afterContent: true },
  { kind: "error_body", body: { error: { code: 502, message: "gone" } }, afterContent: true },
  { kind: "invalid", reason: "json", message: "broken" },
  Number.POSITIVE_INFINITY,
  { type: "finish", reason: "error" },
  { type: "finish", reason: "content_filter" },
);

/** One answer of a model: whole, failed before its first content, or dead at some point after. */
const scriptOf = (model: string): fc.Arbitrary<Script> => {
  const pieces = piecesOf(model);
  const whole: ScriptStep[] = [
    ...pieces,
    { type: "usage", usage: { inputTokens: 1, outputTokens: 5 } },
    { type: "finish", reason: "stop" },
  ];
  return fc.oneof(
    fc.tuple(delay, delay).map(([a, b]) => [a, ...whole.slice(0, 2), b, ...whole.slice(2)]),
    fc.tuple(delay, before).map(([a, fault]) => [a, fault]),
    fc
      .tuple(delay, fc.integer({ min: 0, max: pieces.length }), during)
      .map(([a, at, fault]) => ({ headersMs: 0, steps: [a, ...pieces.slice(0, at), fault] })),
  );
};

const scenario = fc.record({
  scripts: fc.tuple(...MODELS.map((model) => fc.array(scriptOf(model), { minLength: 1, maxLength: 4 }))),
  targets: fc.integer({ min: 1, max: 3 }),
  recovery: fc.constantFrom<RecoveryMode>("restart", "fail"),
  gate: fc.constantFrom("content" as const, "complete" as const),
  abortAfterMs: fc.option(fc.integer({ min: 0, max: 30_000 }), { freq: 4 }),
  hedgeMs: fc.option(fc.integer({ min: 0, max: 5_000 }), { freq: 2 }),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

it("whatever the providers do, a call ends once, in time, in one model's whole answer or one error, with nothing left over", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (s) => {
      const script = Object.fromEntries(MODELS.slice(0, s.targets).map((model, i) => [model, s.scripts[i]!]));
      const { hedgeMs } = s;
      const { chain, provider, audit } = bench(script, {
        recovery: s.recovery,
        timeouts: { totalMs: TOTAL_MS },
        random: () => s.random,
        ...(hedgeMs !== null && {
          strategy: {
            name: "hedge",
            order: (targets) => targets,
            hedgeDelay: ({ inFlight }) => (inFlight < 2 ? hedgeMs : Number.POSITIVE_INFINITY),
          },
        }),
      });
      const caller = new AbortController();
      const startedAt = performance.now();
      const timer = s.abortAfterMs === null ? undefined : setTimeout(() => caller.abort(), s.abortAfterMs);
      let outcome: Outcome | undefined;
      let endedAt = 0;
      const reading = drain(chain.stream(ask, { signal: caller.signal, gate: s.gate })).then((done) => {
        outcome = done;
        endedAt = performance.now();
      });
      for (let i = 0; i < 2_000 && !outcome; i++) await vi.advanceTimersByTimeAsync(i < 100 ? 10 : 500);
      clearTimeout(timer);
      expect(outcome, "the call hangs").toBeDefined();
      await reading;
      const { record, error, text, parts } = outcome!;

      expect(endedAt - startedAt).toBeLessThanOrEqual(TOTAL_MS);
      expect(audit.records).toEqual([record]);
      if (error) {
        expect(parts.some(({ type }) => type === "finish")).toBe(false);
        expect(record.answeredBy).toBeUndefined();
        expect(error.attempts).toHaveLength(record.attempts.length);
        if (error.partial !== undefined)
          expect(MODELS.some((model) => textOf(model).startsWith(error.partial!))).toBe(true);
      } else {
        expect(text).toBe(textOf(record.answeredBy!.requestedModel));
        expect(parts.filter(({ type }) => type === "finish")).toHaveLength(1);
        expect(record.attempts.filter(({ outcome: how }) => how === "won").map(({ n }) => n)).toEqual([
          record.answeredBy!.attempt,
        ]);
      }
      // Every request that left is one attempt of the record, and the other way round.
      expect(record.attempts.map(({ model }) => model)).toEqual(provider.requests.map(({ model }) => model));
      for (const model of MODELS)
        expect(record.attempts.filter((a) => a.model === model).length).toBeLessThanOrEqual(3);
      if (s.gate === "complete" || s.recovery === "fail")
        expect(parts.some(({ type }) => type === "restart")).toBe(false);
      expect(provider.closed).toBe(provider.opened);
      expect(vi.getTimerCount()).toBe(0);
      expect(record.durationMs).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: Number(process.env.SIM_RUNS ?? 1_000) },
  );
}, 120_000);
