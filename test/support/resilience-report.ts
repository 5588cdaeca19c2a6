import { writeFileSync } from "node:fs";
import { arch, cpus, platform, release } from "node:os";
import { independentFailureLines } from "../sim/simulations/independent-failures.js";
import { outageBlockLines } from "../sim/simulations/outage-blocks.js";
import { overloadLines } from "../sim/simulations/overload.js";
import { stallLines } from "../sim/simulations/stalls.js";
import { totalOutageLines } from "../sim/simulations/total-outage.js";
import type { Line } from "../sim/support/line.js";
import { CALLS, SEED } from "../sim/support/settings.js";
import { resiliencePage } from "./resilience-page.js";

const lines: Line[] = [];
const startedAt = performance.now();
for (const simulate of [
  independentFailureLines,
  outageBlockLines,
  totalOutageLines,
  overloadLines,
  stallLines,
]) {
  const from = performance.now();
  lines.push(...(await simulate(SEED, CALLS)));
  process.stderr.write(`${simulate.name}: ${((performance.now() - from) / 1_000).toFixed(0)} s\n`);
}
const ms = performance.now() - startedAt;
const machine = `Node ${process.version}, ${platform()} ${release().split("-")[0]} ${arch()}, ${cpus().length} cores`;
const date = new Date().toISOString().slice(0, 10);
const path = process.argv[2] ?? "docs/resilience.md";
writeFileSync(path, resiliencePage({ lines, calls: CALLS, ms, machine, date }));
process.stdout.write(`${path} is written\n`);
