import { describe, expect, it } from "vitest";
import { clock, days, money, percent } from "../../../src/cli/audit/figures.js";
import { bar, sparkline, summedUp } from "../../../src/cli/bars.js";
import { widthOf } from "../../../src/cli/columns.js";
import { tableLines } from "../../../src/cli/table.js";

interface Row {
  name: string;
  n: number;
}

const COLUMNS = [
  { title: "name", of: ({ name }: Row) => name, flexible: true },
  { title: "count", of: ({ n }: Row) => String(n), align: "right" as const },
  { title: "half", of: ({ n }: Row) => String(n / 2), align: "right" as const, optional: 2 },
  { title: "twice", of: ({ n }: Row) => String(n * 2), align: "right" as const, optional: 1 },
];
const ROWS = [
  { name: "a name of more than forty columns in all, see", n: 1 },
  { name: "日本", n: 10_000 },
];

describe("a table", () => {
  const lines = (width: number) => tableLines(COLUMNS, ROWS, { width });

  it("shows all where there is room", () => {
    expect(lines(80)).toEqual([
      "  name                                           count  half  twice",
      "  a name of more than forty columns in all, see      1   0.5      2",
      "  日本                                           10000  5000  20000",
    ]);
  });

  it("cuts names first, then leaves columns out, then cuts more", () => {
    expect(lines(50)[1]).toBe("  a name of more than forty c…      1   0.5      2");
    expect(lines(44)[1]).toBe("  a name of more than forty c…      1      2");
    expect(lines(36)[1]).toBe("  a name of more than forty …      1");
    expect(lines(24)[1]).toBe("  a name of more…      1");
    for (const width of [24, 36, 44, 50, 80])
      for (const line of lines(width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });

  it("draws into what is left, and only where that is enough", () => {
    const drawn = (width: number) =>
      tableLines(COLUMNS.slice(1, 2), ROWS, { width, rest: (_, room) => "#".repeat(room) })[1];
    expect(drawn(60)).toBe(`      1  ${"#".repeat(24)}`);
    expect(drawn(15)).toBe("      1  ######");
    expect(drawn(14)).toBe("      1");
  });

  it("lets no text steer the terminal or break the line", () => {
    const [, line] = tableLines(COLUMNS.slice(0, 1), [{ name: "a\x1b[31m\nb", n: 1 }], { width: 40 });
    expect(line).toBe("  a[31m b");
  });
});

it("draws bars of eighths, and none of nothing", () => {
  expect([0, 0.0001, 0.5, 0.55, 1].map((share) => bar(share, 4))).toEqual(["", "▏", "██", "██▎", "████"]);
});

it("draws heights beside the highest, or beside a given one", () => {
  expect(sparkline([0, 1, 4, 8])).toBe(" ▁▄█");
  expect(sparkline([0, 1, 4], 8)).toBe(" ▁▄");
  expect(sparkline([0, 0])).toBe("  ");
  expect(summedUp([1, 2, 3, 4, 5], 3)).toEqual([3, 7, 5]);
  expect(summedUp([1, 2], 3)).toEqual([1, 2]);
});

it("writes figures for a person, and rounds nothing to all or none", () => {
  expect([null, 0, 1, 0.5, 0.99999, 0.00001, 0.9912].map(percent)).toEqual([
    "–",
    "0 %",
    "100 %",
    "50.0 %",
    "99.99 %",
    "0.01 %",
    "99.12 %",
  ]);
  expect([null, 1.4, 9_999, 12_340, 700_000].map(clock)).toEqual([
    "–",
    "1 ms",
    "9,999 ms",
    "12.3 s",
    "12 min",
  ]);
  expect([0, 0.0000123, 0.05, 3, 12_345.6].map(money)).toEqual([
    "$0.00",
    "$0.000012",
    "$0.0500",
    "$3.00",
    "$12,346",
  ]);
  const from = "2026-11-25T09:00:00.000Z";
  expect(days({ from, to: "2026-11-25T09:30:00.000Z" })).toBe("2026-11-25 09:00 to 09:30 UTC, 30 minutes");
  expect(days({ from, to: "2026-12-02T09:00:00.000Z" })).toBe(
    "2026-11-25 09:00 to 2026-12-02 09:00 UTC, 7 days",
  );
});
