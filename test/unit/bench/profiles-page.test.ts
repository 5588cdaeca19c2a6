import { describe, expect, it } from "vitest";
import { functionsOf, threadOf } from "../../bench/profile-reading.js";
import { PROFILES, profileStages, watched } from "../../bench/profiles.js";
import { functionTable, medians, ownerTable, profilesPage } from "../../bench/profiles-page.js";
import { Samples } from "../../bench/samples.js";

const samples = new Samples();
const rounds = [
  { floor: { undici: 3, "Node.js": 1 }, model: { "this package": 1, undici: 1, "Node.js": 2 } },
  { floor: { undici: 5, "Node.js": 1 }, model: { "this package": 9, undici: 1 } },
  {
    floor: { undici: 4, "Node.js": 1, "(program)": 7 },
    model: { "this package": 5, undici: 1, "Node.js": 3 },
  },
];
for (const round of rounds)
  for (const [name, owners] of Object.entries(round))
    samples.add(name, { paced: owners, [threadOf("paced")]: { cpuUs: 9 } });
const functions = Object.fromEntries(
  Array.from({ length: 14 }, (_, index) => [`f${index} in src/a.ts`, index]),
);
samples.add("model", { [functionsOf("paced")]: functions });
samples.note("first", "published", "ended with 1 |\nat line 2");

describe("medians by name", () => {
  it("count a round without a sample as 0", () => {
    expect(medians(samples, "paced", "model")).toEqual({ "this package": 5, undici: 1, "Node.js": 2 });
    expect(medians(samples, "paced", "floor")).toEqual({ undici: 4, "Node.js": 1, "(program)": 0 });
  });
});

describe("a table of owners", () => {
  it("begins with what costs the last of ours most, and ends with sums and the thread's time", () => {
    expect(ownerTable(samples, "paced", ["floor", "model"], "model").split("\n")).toEqual([
      "|  | floor: undici + eventsource-parser | ours, OpenRouterChatModel |",
      "|---|---|---|",
      "| this package | 0 | 5.00 (63 %) |",
      "| Node.js | 1.00 (20 %) | 2.00 (25 %) |",
      "| undici | 4.00 (80 %) | 1.00 (13 %) |",
      "| all, main thread | 5.00 | 8.00 |",
      "| CPU time of that thread | 9.00 | 9.00 |",
    ]);
  });

  it("puts what only others have in the order of what it costs them", () => {
    const lines = ownerTable(samples, "paced", ["floor", "model"], "nobody").split("\n");
    expect(lines.slice(2, 5).map((line) => line.split(" | ")[0])).toEqual([
      "| this package",
      "| undici",
      "| Node.js",
    ]);
  });
});

describe("a table of functions", () => {
  it("has the twelve longest, with their modules", () => {
    const lines = functionTable(samples, functionsOf("paced"), "model").split("\n");
    expect(lines).toHaveLength(2 + 12);
    expect(lines[2]).toBe("| `f13` | `src/a.ts` | 13.0 |");
    expect(lines.at(-1)).toBe("| `f2` | `src/a.ts` | 2.00 |");
  });
});

describe("the page of profiles", () => {
  const about = { text: "Node v20.0.0, 2 cores", load: 0.25, date: "2026-01-02", rounds: 3 };
  const page = profilesPage(about, samples);

  it("tells machine, date, rounds and the command", () => {
    for (const fact of ["2026-01-02, Node v20.0.0, 2 cores", "3 rounds", "npm run bench -- --profile"])
      expect(page).toContain(fact);
  });

  it("has a part for each profile, and says why a peer is missing", () => {
    for (const { title } of PROFILES) expect(page).toContain(`## ${title}\n`);
    expect(page).toContain("published @aigne/open-router: ended with 1 | at line 2");
  });
});

describe("profiles", () => {
  it("take turns, and end with one of ours", () => {
    const stages = profileStages({ port: 1, rounds: 2 });
    expect(stages.map(({ name, rounds }) => [name, rounds])).toEqual(
      ["paced", "first", "short-64", "sustained"].map((name) => [name, 2]),
    );
    for (const profile of PROFILES) expect(watched(profile).measured.calls).toBeGreaterThan(0);
  });
});
