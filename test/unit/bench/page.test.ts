import { describe, expect, it } from "vitest";
import { judged } from "../../bench/bars.js";
import { benchmarkPage, plots, type Results } from "../../bench/page.js";
import { Samples } from "../../bench/samples.js";
import { barLines, table } from "../../bench/tables.js";

const samples = new Samples(
  {
    sustained: {
      floor: { cpuUs: [5, 4, 6], rssGrowth: [1_048_576] },
      model: { cpuUs: [10, 10, 10], rssGrowth: [2_097_152] },
    },
    "length-100": { floor: { cpuUs: [4], rssPeak: [1_048_576] } },
    "length-1000": { floor: { cpuUs: [3], rssPeak: [2_097_152] } },
  },
  {
    sustained: { "ai-sdk": { toString: () => "" } as never },
    "switch-503": { "ai-retry": "does not switch" },
  },
);
samples.notes.sustained = { "ai-sdk": "ended with 1 | at\nline 2" };

const results: Results = {
  about: {
    text: "Node v20.0.0, 2 cores",
    fileSystem: "ext4",
    load: 0.25,
    date: "2026-01-02",
    rounds: 7,
    seconds: 1_800,
  },
  versions: [{ label: "floor", versions: "undici 7.0.0" }],
  values: samples.values,
  notes: samples.notes,
};

describe("a table of one measure", () => {
  const lines = table(samples, "sustained").split("\n");

  it("has medians with quartiles, in units that are read, and ratios to the floor", () => {
    expect(lines[0]).toBe("|  | CPU, µs | RSS growth, MiB | CPU : floor |");
    expect(lines[2]).toBe(
      "| floor: undici + eventsource-parser | 5.00 (4.50 – 5.50) | 1.00 (1.00 – 1.00) | 1.00 |",
    );
    expect(lines[3]).toMatch(/^\| ours, OpenRouterChatModel \| 10\.0 .*\| 2\.00 \|$/);
  });

  it("says why one has no figures, in one cell", () => {
    expect(lines[4]).toBe("| AI SDK + OpenRouter provider | ended with 1 \\| at line 2 |  |  |");
  });
});

describe("the page", () => {
  const bars = judged(samples, "full");
  const page = benchmarkPage(results, bars);

  it("tells machine, date, Node, rounds and versions", () => {
    for (const fact of ["2026-01-02, Node v20.0.0, 2 cores", "7 rounds", "30 minutes", "undici 7.0.0"])
      expect(page).toContain(fact);
  });

  it("tells of each bar whether it is met, and which were not measured", () => {
    expect(page).toContain("| sustained, CPU per chunk, OpenRouterChatModel : floor | 1 | 2.00 | **no** |");
    expect(page).toContain("| paced, OpenRouterChatModel : floor | 1.15 | not measured |  |");
    expect(page).toContain(`0 of ${bars.length} are met`);
    expect(page).toContain("with [profiles](benchmarks/profiles.md)");
  });

  it("says what did not run", () => {
    expect(page).toMatch(/## Burst on Node 24\n\n.*\n\nNot run\./);
    expect(page).toContain("does not switch");
  });

  it("shows just the plots that there are", () => {
    const shown = [...page.matchAll(/\(benchmarks\/([\w-]+)\.svg\)/g)].map(([, name]) => name);
    expect(shown.sort()).toEqual(Object.keys(plots(samples)).sort());
    expect(shown).toEqual(["growth-length", "growth-length-memory", "sustained"]);
  });
});

describe("the bars on a terminal", () => {
  it("begin with FAIL where one is over what is allowed", () => {
    const [first, second] = barLines(judged(samples, "short", 3), 3).split("\n");
    expect(first).toMatch(/^ok +2\.00 {2}\(bar 1, fails above 3\.00\) {2}sustained/);
    expect(second).toMatch(/^FAIL {2}not measured/);
  });
});
