import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectFault } from "../support/expect-fault.js";
import { runFault } from "../support/fault-run.js";
import { faultCells } from "../support/faults-page.js";
import { leavesNothingBehind } from "../support/resources.js";
import { SURVEY_FAULTS } from "../support/survey-faults.js";

leavesNothingBehind();

const page = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8");

describe.concurrent("the 33 faults of the field survey", () => {
  test.for(SURVEY_FAULTS)("$name: $does", async (fault) => {
    const result = await runFault(fault);
    expectFault(result);
    expect(page).toContain(faultCells(result));
  });

  test("are 33: 28 full answers, and 5 typed errors with a shared key, 3 with another", () => {
    const stops = SURVEY_FAULTS.filter(({ expect }) => expect.verdict === "stopped").map(({ name }) => name);
    expect(SURVEY_FAULTS).toHaveLength(33);
    expect(stops).toEqual(["filter-empty", "400-bad", "401", "402", "403-mod"]);
    const mended = SURVEY_FAULTS.filter(({ expectOtherKey }) => expectOtherKey?.verdict === "fallback");
    expect(mended.map(({ name }) => name)).toEqual(["401", "402"]);
  });
});
