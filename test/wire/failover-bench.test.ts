import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runFlap } from "../support/bench-flap.js";
import { runScenario } from "../support/bench-scenario.js";
import { BENCH_SCENARIOS } from "../support/bench-scenarios.js";
import { benchCells } from "../support/faults-page.js";

const page = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8");

/** A tenth of the published profile: its 20 s to the first token are 2 s here, our `firstTokenMs` of 10 s is 1 s. */
const SCALE = 0.1;

describe.concurrent("the scenarios of Failover Bench", () => {
  test.for(BENCH_SCENARIOS)("$id, $title: $does", async (scenario) => {
    const judged = await runScenario(scenario, SCALE);
    const { verdict, broken, run } = judged;
    expect({ verdict, broken, alive: run.alive }).toEqual({ verdict: "pass", broken: [], alive: true });
    expect(page).toContain(benchCells(judged));
  });

  test("S15, a flapping primary: every call is answered, few ask the dead primary, and it is used again once it is well", async () => {
    const run = await runFlap(0.2);
    expect(run).toMatchObject({ calls: 20, lost: 0 });
    expect(run.during).toBeGreaterThan(10);
    expect(run.served).toBe(run.during);
    expect(run.primaryDuring / run.during).toBeLessThanOrEqual(0.6);
    expect(run.recoveredMs).toBeLessThan(30_000 * 0.2 + 1_000);
  });

  test("S15 at 20 calls a second", async () => {
    const run = await runFlap(0.2, { calls: 20 * 80, everyMs: 50 });
    expect(run).toMatchObject({ lost: 0 });
    expect(run.during).toBeGreaterThan(500);
    expect(run.primaryDuring / run.during).toBeLessThanOrEqual(0.1);
  });
});
