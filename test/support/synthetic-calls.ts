import type { AuditAttempt, AuditRecord, CallStart } from "../../src/record.js";
import { seeded } from "../../src/seeded.js";

/** A call as a journal tells it: its start and its record. */
export interface SyntheticCall {
  start: CallStart;
  record: AuditRecord;
}

const MODELS = ["openai/gpt-4o", "anthropic/claude-opus-4.7", "google/gemini-3-pro"] as const;
const FAILURES = [
  ["rate_limit", "model", 429],
  ["overloaded", "model", 503],
  ["server_error", "provider", 502],
  ["timeout", "model", undefined],
  ["stream_interrupted", "model", undefined],
  ["network", "provider", undefined],
] as const;

export interface SyntheticOptions {
  seed?: number;
  /** Wall-clock ms of the first call, and the mean distance of the next ones. */
  from?: number;
  everyMs?: number;
}

/** Calls as a backend with a flaky first model makes them; the same for the same seed. */
export function* syntheticCalls(
  count: number,
  { seed = 1, from = Date.UTC(2026, 10, 25, 9), everyMs = 250 }: SyntheticOptions = {},
): Generator<SyntheticCall> {
  const random = seeded(seed);
  let at = from;
  for (let i = 0; i < count; i++) {
    at += random() * 2 * everyMs;
    yield callAt(i, at, random);
  }
}

function callAt(i: number, at: number, random: () => number): SyntheticCall {
  const start: CallStart = {
    v: 1,
    callId: uuid(random),
    startedAt: new Date(at).toISOString(),
    strategy: "sequential",
    streamed: random() < 0.8,
    labels: { service: ["billing", "search", "chat"][Math.floor(random() * 3)] as string },
    caller: { userId: `user-${Math.floor(random() * 50)}` },
    targets: [...MODELS],
    requestDigest: hex(random, 64),
  };
  const attempts: AuditAttempt[] = [];
  const skipped: AuditRecord["skipped"] = [];
  let elapsed = 0;
  // Ten minutes in each hour the first model is in trouble.
  const trouble = Math.floor(at / 600_000) % 6 === 2;
  let won = false;
  if (trouble && random() < 0.5) {
    skipped.push({ target: MODELS[0], model: MODELS[0], reason: "breaker_open", detail: { forMs: 4_000 } });
  }
  for (const [position, model] of MODELS.entries()) {
    if (skipped.length > 0 && position === 0) continue;
    const failing = random() < (position === 0 && trouble ? 0.6 : 0.04);
    const firstContentMs = 200 + position * 80 + random() ** 4 * 3_000;
    const durationMs = failing ? 30 + random() * 2_000 : firstContentMs + 500 + random() * 3_000;
    const [className, scope, status] = FAILURES[
      Math.floor(random() * FAILURES.length)
    ] as (typeof FAILURES)[0];
    attempts.push({
      n: attempts.length + 1,
      target: model,
      model,
      provider: "openrouter",
      why: attempts.length === 0 ? "first" : "failover",
      startedAt: new Date(at + elapsed).toISOString(),
      ...(!failing && { headersMs: firstContentMs - 50, firstContentMs }),
      durationMs,
      outcome: failing ? "failed" : "won",
      ...(failing && {
        failure: {
          class: className,
          scope,
          message: `the ${className} of call ${i}`,
          ...(status && { status }),
        },
        verdict: position < MODELS.length - 1 ? ("next" as const) : ("stop" as const),
      }),
      ...(!failing && {
        usage: { inputTokens: 500, outputTokens: 200 },
        servedModel: `${model}-2026-10-01`,
        servedBy: "Azure",
        generationId: `gen-${i}`,
      }),
      cost: { usd: failing ? 0.0004 : 0.0031 + position * 0.001, estimated: failing },
    });
    elapsed += durationMs;
    if (failing) continue;
    won = true;
    break;
  }
  const last = attempts.at(-1) as AuditAttempt;
  const { targets: _, ...rest } = start;
  const record: AuditRecord = {
    ...rest,
    durationMs: elapsed,
    outcome: won ? "ok" : "failed",
    ...(won && {
      answeredBy: {
        target: last.target,
        model: last.servedModel as string,
        requestedModel: last.model,
        provider: last.provider,
        servedBy: "Azure",
        generationId: `gen-${i}`,
        attempt: last.n,
      },
      usage: { inputTokens: 500, outputTokens: 200 },
    }),
    attempts,
    skipped,
    cost: {
      usd: attempts.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0),
      estimated: attempts.length > 1,
    },
    ...(!won && { error: { code: "exhausted", class: last.failure?.class ?? "unknown" } }),
  };
  return { start, record };
}

function hex(random: () => number, digits: number): string {
  let text = "";
  while (text.length < digits)
    text += Math.floor(random() * 16 ** 8)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, digits);
}

function uuid(random: () => number): string {
  const digits = hex(random, 32);
  return [0, 8, 12, 16, 20].map((from, i, all) => digits.slice(from, all[i + 1] ?? 32)).join("-");
}
