import type { AuditAttempt, AuditRecord } from "../../src/record.js";
import { seeded } from "../../src/seeded.js";
import type { FailureClass } from "../../src/types.js";
import { type SyntheticCall, syntheticCalls } from "./synthetic-calls.js";

const TARGETS = ["openai/gpt-4o", "anthropic/claude-opus-4.7", "google/gemini-3-pro"] as const;
const [FIRST, SECOND, THIRD] = TARGETS;
const SERVED = { [FIRST]: "Azure", [SECOND]: "Amazon Bedrock", [THIRD]: "Google Vertex" };
const MINUTE = 60_000;

export type Scene =
  | "plain"
  | "retry"
  | "failover"
  | "hedge"
  | "recovery"
  | "exhausted"
  | "aborted"
  | "skipped";

type Told = AuditRecord & {
  breakers?: { target: string; phase: "open" | "half_open" | "closed"; atMs: number }[];
};

const MESSAGES: Partial<Record<FailureClass, [string, number | undefined]>> = {
  rate_limit: ["Rate limit reached for requests per minute", 429],
  overloaded: ["The model is overloaded, please try again later", 503],
  server_error: ["Upstream error: bad gateway", 502],
  timeout: ["no first content within 30000 ms", undefined],
  stream_interrupted: ["the stream ended without a finish reason", undefined],
  network: ["connect ECONNREFUSED", undefined],
};

/** One call, told step by step. */
class Story {
  readonly attempts: AuditAttempt[] = [];
  readonly skipped: AuditRecord["skipped"] = [];
  readonly #at: number;
  readonly #random: () => number;
  elapsed = 0;

  constructor(at: number, random: () => number) {
    this.#at = at;
    this.#random = random;
  }

  #attempt(
    target: string,
    why: AuditAttempt["why"],
    from: number,
    rest: Partial<AuditAttempt>,
  ): AuditAttempt {
    const attempt: AuditAttempt = {
      n: this.attempts.length + 1,
      target,
      model: target,
      provider: "openrouter",
      why,
      startedAt: new Date(this.#at + from).toISOString(),
      durationMs: 0,
      outcome: "failed",
      ...rest,
    };
    this.attempts.push(attempt);
    this.elapsed = Math.max(this.elapsed, from + attempt.durationMs);
    return attempt;
  }

  wins(target: string, why: AuditAttempt["why"], from = this.elapsed): void {
    const slow = { [FIRST]: 1, [SECOND]: 1.5, [THIRD]: 0.75 }[target as typeof FIRST];
    const headersMs = 90 + this.#random() * 130;
    const firstContentMs = headersMs + slow * (180 + this.#random() ** 9 * 2_600 + this.#random() * 220);
    this.#attempt(target, why, from, {
      headersMs,
      firstContentMs,
      durationMs: firstContentMs + 500 + this.#random() ** 2 * 4_200,
      outcome: "won",
      usage: { inputTokens: 640, outputTokens: 120 + Math.floor(this.#random() * 500) },
      cost: { usd: (0.0022 + this.#random() * 0.004) * slow, estimated: false },
      servedModel: `${target}-2026-10-01`,
      servedBy: SERVED[target as typeof FIRST],
      generationId: `gen-${Math.floor(this.#random() * 1e9)}`,
    });
  }

  fails(
    target: string,
    why: AuditAttempt["why"],
    name: FailureClass,
    rest: Partial<AuditAttempt> = {},
  ): void {
    const [message = name, status] = MESSAGES[name] ?? [];
    this.#attempt(target, why, this.elapsed, {
      durationMs: 120 + this.#random() * 500,
      failure: { class: name, scope: "model", message, ...(status !== undefined && { status }) },
      verdict: "next",
      cost: { usd: 0.0004, estimated: true },
      ...rest,
    });
    this.elapsed += rest.waitMs ?? 0;
  }

  cancelled(target: string, why: AuditAttempt["why"], from: number, durationMs: number): void {
    this.#attempt(target, why, from, {
      headersMs: 160,
      durationMs,
      outcome: "cancelled",
      cost: { usd: 0.0017, estimated: true },
    });
  }
}

const SCENES: Record<Scene, (story: Story, random: () => number) => void> = {
  plain: (story) => story.wins(FIRST, "first"),
  retry(story) {
    story.fails(FIRST, "first", "rate_limit", { verdict: "retry", waitMs: 1_200 });
    story.wins(FIRST, "retry");
  },
  failover(story, random) {
    const names = ["rate_limit", "overloaded", "server_error", "timeout", "network"] as const;
    const name = names[Math.floor(random() ** 1.6 * names.length)] as FailureClass;
    story.fails(FIRST, "first", name, name === "timeout" ? { headersMs: 210, durationMs: 4_000 } : {});
    if (random() < 0.15) {
      story.fails(SECOND, "failover", "overloaded");
      story.wins(THIRD, "failover");
    } else story.wins(SECOND, "failover");
  },
  hedge(story, random) {
    const after = 1_400;
    story.cancelled(FIRST, "first", 0, after + 900 + random() * 400);
    story.wins(THIRD, "hedge", after);
    const [loser, winner] = story.attempts as [AuditAttempt, AuditAttempt];
    // The loser is let go when the other one is committed.
    loser.durationMs = after + (winner.firstContentMs as number);
    story.elapsed = after + winner.durationMs;
  },
  recovery(story, random) {
    story.fails(FIRST, "first", "rate_limit", { verdict: "retry", waitMs: 700 });
    story.fails(FIRST, "retry", "stream_interrupted", {
      headersMs: 150,
      firstContentMs: 480,
      durationMs: 2_300 + random() * 900,
    });
    story.wins(SECOND, "recovery");
  },
  exhausted(story) {
    story.fails(FIRST, "first", "overloaded");
    story.fails(SECOND, "failover", "overloaded");
    story.fails(THIRD, "failover", "server_error", { verdict: "stop" });
  },
  aborted(story, random) {
    story.cancelled(FIRST, "first", 0, 900 + random() * 2_000);
  },
  skipped(story) {
    const skip = { target: FIRST, model: FIRST, reason: "breaker_open" as const, detail: { forMs: 3_400 } };
    story.skipped.push(skip);
    story.wins(SECOND, "first");
  },
};

/** A call of the given kind, at the given moment. */
export function eventfulCall(scene: Scene, at: number, random = seeded(at)): SyntheticCall {
  const seed = Math.floor(random() * 2 ** 32);
  const [{ start }] = [...syntheticCalls(1, { seed, from: at, everyMs: 0 })] as [SyntheticCall];
  const story = new Story(at, random);
  SCENES[scene](story, random);
  const { attempts, skipped } = story;
  const { targets: _, ...rest } = start;
  const strategy = scene === "hedge" ? "hedged" : "sequential";
  const winner = attempts.find(({ outcome }) => outcome === "won");
  const outcome = winner ? "ok" : scene === "aborted" ? "aborted" : "failed";
  const record: Told = {
    ...rest,
    strategy,
    durationMs: story.elapsed,
    outcome,
    attempts,
    skipped,
    cost: {
      usd: attempts.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0),
      estimated: attempts.some(({ cost }) => cost?.estimated),
    },
    ...(winner && {
      answeredBy: {
        target: winner.target,
        model: winner.servedModel as string,
        requestedModel: winner.model,
        provider: "openrouter",
        servedBy: winner.servedBy as string,
        generationId: winner.generationId as string,
        attempt: winner.n,
      },
      usage: winner.usage as NonNullable<AuditRecord["usage"]>,
    }),
    ...(scene === "recovery" && { recovery: { mode: "restart", count: 1 } }),
    ...(outcome === "failed" && { error: { code: "exhausted", class: "server_error" } }),
    ...(outcome === "aborted" && { error: { code: "aborted", class: "aborted" } }),
  };
  return { start: { ...start, strategy }, record };
}

/** `minutes` of calls up to a moment, with one stretch in which the first target is in trouble; the same for the same seed. */
export function* eventfulCalls(
  count: number,
  { to, minutes = 60, seed = 3 }: { to: number; minutes?: number; seed?: number },
): Generator<SyntheticCall> {
  const random = seeded(seed);
  const from = to - minutes * MINUTE;
  const phases = breakerPhases(from, minutes);
  let told = 0;
  for (let i = 0; i < count; i++) {
    const at = Math.round(from + ((i + random()) / count) * minutes * MINUTE);
    const part = (at - from) / (minutes * MINUTE);
    const trouble = part > 0.52 && part < 0.72;
    const open = trouble && phases.filter(([when]) => when <= at).at(-1)?.[1] === "open";
    const call = eventfulCall(sceneOf(random(), trouble, open), at, random);
    const record = call.record as Told;
    record.breakers = [];
    for (; told < phases.length && phases[told]![0] <= at; told++) {
      const [when, phase, target] = phases[told]!;
      record.breakers.push({ target, phase, atMs: Math.min(0, when - at) });
    }
    yield call;
  }
}

function sceneOf(draw: number, trouble: boolean, open: boolean): Scene {
  if (open && draw < 0.86) return "skipped";
  if (trouble)
    return draw < 0.55 ? "failover" : draw < 0.62 ? "exhausted" : draw < 0.7 ? "recovery" : "plain";
  if (draw < 0.86) return "plain";
  if (draw < 0.9) return "retry";
  if (draw < 0.945) return "hedge";
  if (draw < 0.975) return "failover";
  if (draw < 0.984) return "recovery";
  return draw < 0.988 ? "exhausted" : "aborted";
}

function breakerPhases(from: number, minutes: number): [number, "open" | "half_open" | "closed", string][] {
  const at = (part: number) => from + part * minutes * MINUTE;
  const phases: [number, "open" | "half_open" | "closed", string][] = [[at(0.53), "open", FIRST]];
  for (let part = 0.56; part < 0.72; part += 0.03) {
    phases.push([at(part), "half_open", FIRST], [at(part + 0.006), part > 0.7 ? "closed" : "open", FIRST]);
  }
  phases.push([at(0.64), "open", SECOND], [at(0.66), "half_open", SECOND], [at(0.665), "closed", SECOND]);
  phases.push([at(0.74), "half_open", FIRST], [at(0.745), "closed", FIRST]);
  return phases.sort(([a], [b]) => a - b);
}
