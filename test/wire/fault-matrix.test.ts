import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { expectFault } from "../support/expect-fault.js";
import { runFault } from "../support/fault-run.js";
import { faultCells } from "../support/faults-page.js";
import { MATRIX_FAULTS } from "../support/matrix-faults.js";
import { leavesNothingBehind } from "../support/resources.js";

leavesNothingBehind();

const page = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8");

describe.concurrent("the fault matrix", () => {
  test.for(MATRIX_FAULTS)("row $row, $name: $does", async (fault) => {
    const result = await runFault(fault);
    expectFault(result);
    expect(page).toContain(faultCells(result));
  });
});
