import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeFault, FAULTS } from "../../../src/testing/index.js";

const page = readFileSync(new URL("../../../docs/simulator.md", import.meta.url), "utf8");

test("the documentation lists every fault as the code describes it, and no other", () => {
  const rows = page
    .split("\n")
    .filter((line) => /^\| `[^`]+` \| .* \|$/.test(line) && line.split(" | ").length === 2);
  const expected = FAULTS.map((name) => `| \`${name}\` | ${describeFault(name).replaceAll("|", "\\|")} |`);
  expect([...rows].sort()).toEqual([...expected].sort());
});
