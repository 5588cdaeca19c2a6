import { writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { runFlap } from "./bench-flap.js";
import { runScenario } from "./bench-scenario.js";
import { BENCH_SCENARIOS } from "./bench-scenarios.js";
import type { FaultCase } from "./fault-case.js";
import { runFault } from "./fault-run.js";
import { type FaultResult, faultsPage } from "./faults-page.js";
import { MATRIX_FAULTS } from "./matrix-faults.js";
import { SURVEY_FAULTS } from "./survey-faults.js";

async function inTurn(faults: readonly FaultCase[]): Promise<FaultResult[]> {
  const results: FaultResult[] = [];
  for (const fault of faults) results.push(await runFault(fault));
  return results;
}

const survey = await inTurn(SURVEY_FAULTS);
// The bench mostly waits; S15 alone takes 80 s.
const [matrix, bench, flap] = await Promise.all([
  inTurn(MATRIX_FAULTS),
  Promise.all(BENCH_SCENARIOS.map((scenario) => runScenario(scenario, 1))),
  runFlap(1),
]);
const machine = `Node ${process.version}, ${platform()} ${release().split("-")[0]} ${arch()}, ${cpus().length} cores`;
const date = new Date().toISOString().slice(0, 10);
const page = faultsPage({ survey, matrix, bench, flap, machine, date });
const path = process.argv[2] ?? "docs/faults.md";
writeFileSync(path, page);
process.stdout.write(`${path} is written\n`);
