import { describe, expect, it } from "vitest";
import type { Plan, PlannedTarget } from "../../../src/chain.js";
import { widthOf } from "../../../src/cli/columns.js";
import { planLines, totalLines } from "../../../src/cli/plan-table.js";

function planned(target: string, more: Partial<PlannedTarget> = {}): PlannedTarget {
  return { target, model: target, provider: "p", attempts: 3, waitMs: 95_000, ...more };
}

function plan(...targets: PlannedTarget[]): Plan {
  return { strategy: "sequential", inputTokens: 1_000, targets, worstCase: { attempts: 3, waitMs: 95_000 } };
}

const text = (lines: { text: string }[]) => lines.map((line) => line.text).join("\n");

describe("a plan as a table", () => {
  it("lines its columns up, whatever is not known", () => {
    const [head, ...rows] = planLines(
      plan(
        planned("a/one", {
          contextWindow: 1_048_576,
          price: { input: 0.0375, output: 1.255 },
          costUsd: 0.0123,
        }),
        planned("b/two", { waitMs: null, attempts: 1 }),
      ),
      100,
    );
    expect(head!.text).toBe("     target     window    $/M in/out  tries    wait     cost");
    expect(rows.map((row) => row.text).slice(0, 2)).toEqual([
      "   1 a/one   1,048,576  0.0375/1.255      3    95 s  $0.0123",
      "   2 b/two           ?             ?      1  no end        ?",
    ]);
    expect(text(rows)).toContain("?: not known.");
  });

  it("becomes a list just where it does not fit", () => {
    const one = plan(planned("a/one", { contextWindow: 8_192, price: { input: 0, output: 0 }, costUsd: 0 }));
    const width = widthOf(planLines(one, 100)[0]!.text);
    expect(planLines(one, width)[0]!.tone).toBe("head");
    expect(text(planLines(one, width - 1))).toBe(
      [
        "   1 a/one",
        "     window 8,192 · $0.00 in, $0.00 out per M",
        "     tokens",
        "     at most 3 tries · 95 s · $0.00",
      ].join("\n"),
    );
  });

  it("numbers the targets that are asked, and gives the reasons of the others", () => {
    const skip = { reason: "too_dear", detail: { usd: 0.375, primaryUsd: 0.06 } } as const;
    const lines = planLines(plan(planned("a/one", { skip, costUsd: 0 }), planned("b/two")), 100);
    expect(lines.map((line) => line.text)).toEqual([
      expect.stringContaining("target"),
      "   – a/one        ?           ?",
      "     skipped too_dear: usd 0.375, primaryUsd 0.06",
      expect.stringMatching(/^ {3}1 b\/two/),
      expect.stringContaining("at the most"),
      "     ?: not known.",
    ]);
  });

  it.each([30, 59, 79, 109])(
    "is never wider than %i columns, and passes no control character on",
    (columns) => {
      const name = `a/${"long-".repeat(30)}\x1b[2Jname`;
      const of = plan(
        planned(name, {
          contextWindow: 1_100,
          maxTokens: 12_345,
          price: { input: 1, output: 2 },
          likelyUsd: 0.01,
        }),
        planned("漢字/漢字漢字", { skip: { reason: "unsupported", detail: { feature: "a\x07b" } } }),
      );
      for (const line of [...planLines(of, columns), ...totalLines(of, columns)]) {
        expect(widthOf(line.text)).toBeLessThanOrEqual(columns);
        expect(line.text).not.toMatch(/\p{Cc}/u);
      }
      const whole = text(planLines(of, columns)).replace(/\s+/g, " ");
      expect(whole).toContain("max_tokens 12,345");
      expect(whole).toContain("the prompt may not fit");
    },
  );
});

describe("the total of a plan", () => {
  it("rounds up, since it is a bound", () => {
    const of = { ...plan(planned("a/one")), worstCase: { attempts: 1, waitMs: 95_001, costUsd: 1.2301 } };
    expect(text(totalLines(of, 100))).toBe(
      "  worst case  1 try · 96 s until an answer begins, or the error · $1.24",
    );
    const exact = { ...of, worstCase: { attempts: 2, waitMs: 9_000, costUsd: 0.1 + 0.2 } };
    expect(text(totalLines(exact, 100))).toContain(
      "2 tries · 9 s until an answer begins, or the error · $0.30",
    );
    const tiny = { ...of, worstCase: { attempts: 2, waitMs: 250, costUsd: 0.00000012 } };
    expect(text(totalLines(tiny, 100))).toContain("0.3 s until an answer begins, or the error · $0.000001");
  });

  it("says what nothing bounds, and is not there when nobody is asked", () => {
    const open = { ...plan(planned("a/one")), worstCase: { attempts: 3, waitMs: null } };
    expect(text(totalLines(open, 100))).toContain("3 tries · nothing bounds the wait · cost not known");
    expect(totalLines(plan(planned("a/one", { skip: { reason: "deadline" } })), 100)).toEqual([]);
  });
});
