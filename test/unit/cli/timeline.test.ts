import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { widthOf } from "../../../src/cli/columns.js";
import { attemptRow, dollars, paint, type Row, recordLines, skipRow } from "../../../src/cli/timeline.js";
import type { AuditAttempt, AuditRecord } from "../../../src/record.js";

const plain = pc.createColors(false);
const targets = ["openai/gpt-4o", "anthropic/claude-opus-4.7"];
const line = (row: Row, columns = 79) => paint(row, { columns, targets }, plain);

function attempt(more: Partial<AuditAttempt>): AuditAttempt {
  return {
    n: 1,
    target: "openai/gpt-4o",
    model: "openai/gpt-4o",
    provider: "openrouter",
    why: "first",
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 1_234.5,
    outcome: "failed",
    ...more,
  };
}
const failure = (more: object) =>
  ({ scope: "model", message: "no", ...more }) as AuditAttempt["failure"] & {};

describe("a timeline", () => {
  it("names class and status, verdict and milliseconds of a failed attempt", () => {
    const entry = attempt({ failure: failure({ class: "rate_limit", status: 429 }), verdict: "next" });
    expect(line(attemptRow(entry))).toBe(
      "  ✗  1 openai/gpt-4o             rate_limit 429       → next model     1,235 ms",
    );
  });

  it("names the clock that ran out by its option", () => {
    const clocks = {
      connect: "connectMs",
      first_token: "firstTokenMs",
      idle: "idleMs",
      attempt: "attemptMs",
      throughput: "throughput",
    };
    for (const [phase, name] of Object.entries(clocks)) {
      const entry = attempt({ failure: failure({ class: "timeout", phase }), verdict: "next" });
      expect(line(attemptRow(entry))).toContain(`timeout ${name}`);
    }
  });

  it("says how long it waits before a retry, and when it stops", () => {
    const broken = { failure: failure({ class: "server_error", status: 500 }) };
    expect(line(attemptRow(attempt({ ...broken, verdict: "retry", waitMs: 417.4 })))).toContain(
      "↻ after 417 ms",
    );
    expect(line(attemptRow(attempt({ ...broken, verdict: "stop" })))).toContain("■ stop");
  });

  it("tells when the text of the answer began, and what was cancelled", () => {
    expect(line(attemptRow(attempt({ outcome: "won", firstContentMs: 206 })))).toMatch(
      /✓ {2}1 openai\/gpt-4o +answered +text at 206 ms +1,235 ms$/,
    );
    expect(line(attemptRow(attempt({ outcome: "cancelled" })))).toMatch(/○ {2}1 .*cancelled +1,235 ms$/);
  });

  it("gives the reason and the numbers of a skip", () => {
    const detail = { window: 131_072, needed: 141_607 };
    const skip = { target: "m/l", model: "m/l", reason: "context_too_small", detail } as const;
    expect(line(skipRow(skip))).toMatch(/m\/l +skipped context_too_small: 131,072 < 141,607$/);
    const dead = {
      target: "m/l",
      model: "m/l",
      reason: "account_blocked",
      detail: { after: "a/b" },
    } as const;
    const odd = { ...skip, reason: "\u001b[31mx" as typeof skip.reason, detail: { "\u202ea": "\u001b[0m" } };
    for (const unsafe of ["\u001b", "\u202e"]) expect(line(skipRow(odd))).not.toContain(unsafe);
    expect(line(skipRow(dead))).toMatch(/skipped account_blocked: after a\/b$/);
  });

  it("takes one line of the terminal, however long its parts are", () => {
    const entry = attempt({
      n: 1_000,
      target: "some-author/".repeat(20),
      durationMs: 1e8,
      failure: failure({ class: "stream_interrupted", status: 599 }),
      verdict: "retry",
      waitMs: 2 ** 31,
    });
    for (const columns of [69, 79, 109]) {
      const text = paint(attemptRow(entry), { columns, targets: [entry.target] }, plain);
      expect(widthOf(text)).toBeLessThanOrEqual(columns);
      expect(text).toContain("100,000 s");
    }
  });
});

describe("the essence of a record", () => {
  const record = {
    callId: "3f0e6a3c-9b5c-4c3e-8f57-0d6f6f1f7a10",
    outcome: "ok",
    durationMs: 1_500,
    attempts: [attempt({}), attempt({ n: 2, outcome: "won" })],
    skipped: [],
    cost: { usd: 0.00092, estimated: false },
    answeredBy: { model: "served-model", servedBy: "Upstream" },
  } as unknown as AuditRecord;

  it("has who answered, the attempts, the time, the cost and the call id, on lines that fit", () => {
    const lines = recordLines(record, 60);
    expect(lines.join(" · ")).toBe(
      "answeredBy served-model · servedBy Upstream · attempts 2 · 1,500 ms · cost $0.00092 · callId 3f0e6a3c-9b5c-4c3e-8f57-0d6f6f1f7a10",
    );
    for (const text of lines) expect(widthOf(text)).toBeLessThanOrEqual(60);
  });

  it("has the outcome and the error's code when nobody answered", () => {
    const { answeredBy: _, ...rest } = record;
    const failed = {
      ...rest,
      outcome: "failed",
      error: { code: "exhausted", class: "network" },
    } as AuditRecord;
    expect(recordLines(failed, 100)[0]).toMatch(/^outcome failed · error exhausted · attempts 2/);
  });

  it("shows small sums without exponents or trailing zeros", () => {
    expect([0.00092, 0.1, 12, 0.000001, 0].map(dollars)).toEqual([
      "$0.00092",
      "$0.10",
      "$12.00",
      "$0.000001",
      "$0.00",
    ]);
  });
});
