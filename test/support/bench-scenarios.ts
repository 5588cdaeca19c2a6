import type { BenchRun, Check, Scenario } from "./bench-scenario.js";
import { ANSWER } from "./bench-scenario.js";

const http = (status: number, message: string, code: string | null, more: object = {}) => ({
  fault: "http" as const,
  status,
  body: { error: { message, type: "invalid_request_error", param: null, code } },
  ...more,
});
const healthy = { text: ANSWER, continues: true };

/** Milliseconds between the first two requests to the primary; undefined when there was one. */
const gapMs = ({ primary: [first, second] }: BenchRun) => first && second && second.at - first.at;
const within = ({ primary }: BenchRun, ms: number) =>
  primary.filter(({ at }) => at - (primary[0]?.at ?? 0) < ms).length;

const atMost = (n: number, more: Partial<Check> = {}): Check => ({
  says: `at most ${n} requests to the primary`,
  holds: ({ primary }) => primary.length <= n,
  ...more,
});
const once: Check = { says: "the primary is asked once", holds: ({ primary }) => primary.length === 1 };
const askedAgain: Check = {
  says: "the primary is asked again",
  advisory: true,
  holds: ({ primary }) => primary.length >= 2,
};
const noTruncation: Check = {
  says: "no truncated answer passes for a success",
  holds: ({ complete, error }) => complete || error !== undefined,
};
const endsWithin = (seconds: number, more: Partial<Check> = {}): Check => ({
  says: `ends within ${seconds} s`,
  // Work does not get quicker with the clocks: a second for it.
  holds: ({ ms }, scale) => ms <= seconds * 1_000 * scale + (scale < 1 ? 1_000 : 0),
  ...more,
});
const alive: Check = { says: "a healthy call succeeds afterwards", holds: ({ alive }) => alive };
const usage: Check = { says: "usage is reported", advisory: true, holds: ({ usage }) => usage !== undefined };

/** The scenarios of Failover Bench, methodology v0.1, in our own words; S15 is a sequence and stands apart. */
export const BENCH_SCENARIOS: Scenario[] = [
  {
    id: "S01",
    title: "429 with Retry-After",
    does: "429 with `Retry-After: 2` once, then the answer",
    primary: () => [{ fault: "429-ra", retryAfter: 2 }, healthy],
    maxSeconds: 20,
    checks: [
      askedAgain,
      {
        says: "the wait is at least 1.8 s",
        advisory: true,
        // The header counts in whole seconds, so this wait does not scale.
        holds: (run) => (gapMs(run) ?? 0) >= 1_800,
      },
      { says: "at most 2 requests in 1.5 s", holds: (run) => within(run, 1_500) <= 2 },
    ],
  },
  {
    id: "S02",
    title: "429 without Retry-After, always",
    does: "429 without a hint, always",
    primary: () => http(429, "Rate limit reached.", "rate_limit_exceeded"),
    maxSeconds: 40,
    checks: [{ says: "at most 4 requests in 3 s", holds: (run) => within(run, 3_000) <= 4 }, atMost(6)],
  },
  {
    id: "S03",
    title: "500 once",
    does: "500 once, then the answer",
    primary: () => [http(500, "The server failed.", null), healthy],
    maxSeconds: 20,
    checks: [askedAgain],
  },
  {
    id: "S04",
    title: "503, always",
    does: "503, always",
    primary: () => http(503, "The engine is overloaded.", "overloaded"),
    maxSeconds: 40,
    checks: [atMost(6)],
  },
  {
    id: "S05",
    title: "Reset before headers",
    does: "RST once, then the answer",
    primary: () => [{ fault: "reset" }, healthy],
    maxSeconds: 20,
    checks: [],
  },
  {
    id: "S06",
    title: "No response at all",
    does: "takes the request and says nothing",
    primary: () => ({ fault: "ttfb-stall" }),
    maxSeconds: 130,
    checks: [endsWithin(100), atMost(1, { advisory: true })],
  },
  {
    id: "S07",
    title: "Slow first token",
    does: "headers at once, the first token after 20 s",
    primary: (scale) => ({ ...healthy, pace: { firstTokenMs: 20_000 * scale, tokenMs: 15 * scale } }),
    maxSeconds: 60,
    checks: [endsWithin(15, { advisory: true })],
  },
  {
    id: "S08",
    title: "Stream cut mid-answer",
    does: "FIN after 40 of 60 words",
    primary: (scale) => ({ ...healthy, fault: "cut", at: 40, pace: { tokenMs: 15 * scale } }),
    maxSeconds: 40,
    checks: [noTruncation],
  },
  {
    id: "S09",
    title: "Stream stalls",
    does: "silence after 20 words",
    primary: (scale) => ({ ...healthy, fault: "idle", at: 20, pace: { tokenMs: 15 * scale } }),
    maxSeconds: 70,
    checks: [endsWithin(45), noTruncation, alive],
  },
  {
    id: "S10",
    title: "Malformed event",
    does: "the tenth event is broken JSON, the rest is right",
    primary: (scale) => ({ ...healthy, fault: "malformed", at: 9, pace: { tokenMs: 15 * scale } }),
    maxSeconds: 30,
    checks: [
      alive,
      noTruncation,
      { says: "the answer is complete", advisory: true, holds: ({ complete }) => complete },
    ],
  },
  {
    id: "S11",
    title: "No [DONE]",
    does: "the whole answer, `[DONE]` missing",
    primary: (scale) => ({ ...healthy, fault: "no-done", pace: { tokenMs: 15 * scale } }),
    maxSeconds: 30,
    checks: [endsWithin(8), usage],
  },
  {
    id: "S12",
    title: "Context too long",
    does: "400 `context_length_exceeded`, always",
    primary: () =>
      http(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9631 tokens.",
        "context_length_exceeded",
      ),
    maxSeconds: 20,
    checks: [once],
  },
  {
    id: "S13",
    title: "Content filter",
    does: "400 `content_policy_violation`, always",
    primary: () => http(400, "Your request was rejected by the safety system.", "content_policy_violation"),
    ideal: "error",
    maxSeconds: 20,
    checks: [
      once,
      {
        says: "the caller learns the provider's reason",
        holds: ({ error }) => error?.attempts[0]?.failure?.class === "content_filter",
      },
    ],
  },
  {
    id: "S14",
    title: "Fallback refuses a prefill",
    does: "FIN after 40 words; the fallback would refuse to continue, and is asked to begin anew",
    primary: (scale) => ({ ...healthy, fault: "cut", at: 40, pace: { tokenMs: 15 * scale } }),
    maxSeconds: 40,
    checks: [{ says: "no prefill is sent", holds: ({ prefills }) => prefills === 0 }, noTruncation],
  },
  {
    id: "S14",
    title: "Fallback refuses a prefill",
    does: 'the same with `recovery: "continue"`: the fallback answers 400 to the prefill',
    primary: (scale) => ({ ...healthy, fault: "cut", at: 40, pace: { tokenMs: 15 * scale } }),
    fallback: [{ fault: "400-prefill" }, healthy],
    options: { recovery: "continue" },
    maxSeconds: 40,
    checks: [
      {
        says: "one prefill is sent, and refused",
        holds: ({ prefills, fallback }) => prefills === 1 && fallback.length === 2,
      },
      { says: "the refusal does not reach the caller", holds: ({ error }) => error === undefined },
      noTruncation,
    ],
  },
  {
    id: "S16",
    title: "Accounting of a failover",
    does: "503, always",
    primary: () => http(503, "The engine is overloaded.", "overloaded"),
    maxSeconds: 40,
    checks: [
      {
        says: "the fallback's model is reported",
        holds: ({ model }) => model?.includes("bench/fallback") ?? false,
      },
      usage,
      atMost(6),
    ],
  },
];
