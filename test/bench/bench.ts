import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judged, LEEWAY } from "./bars.js";
import { startServer } from "./children.js";
import { machine } from "./machine.js";
import { findNode24 } from "./node24.js";
import { readOptions } from "./options.js";
import { profileStages } from "./profiles.js";
import { lastResults, publish, publishProfiles } from "./publish.js";
import { ROSTER, versionsOf } from "./roster.js";
import { runStages } from "./rounds.js";
import { allStages, shortStages } from "./stages.js";
import { barLines, table } from "./tables.js";

const ROUNDS = { full: 7, short: 3, profile: 3 };

const options = readOptions(process.argv.slice(2));
const form = options.short ? "short" : "full";
const rounds = options.rounds ?? ROUNDS[form];
const say = (text: string) => process.stderr.write(`${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

async function measure(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "bench-run-"));
  const server = await startServer();

  try {
    const about = { ...machine(dir), rounds };
    const wanted = ({ name }: { name: string }) => options.only?.includes(name) ?? true;
    const needsNode24 = form === "full" && wanted({ name: "burst-node24" });
    const node24 = needsNode24 ? findNode24(options.node24, dir) : undefined;
    const setup = { port: server.port, rounds, node24: node24?.path, only: options.contestants };
    const stages = (form === "short" ? shortStages(setup) : allStages(setup)).filter(wanted);
    if (stages.every(({ tasks }) => tasks.length === 0))
      throw new Error("there is nothing of that name to run");
    const began = performance.now();
    const samples = await runStages(stages, say);
    const seconds = Math.round((performance.now() - began) / 1_000);
    const bars = judged(samples, form, form === "short" ? LEEWAY : 1);
    if (form === "short") {
      print(barLines(bars, LEEWAY));
      if (bars.some(({ met }) => !met)) process.exitCode = 1;
    } else if (options.only || options.contestants) {
      for (const measure of Object.keys(samples.values)) print(`${measure}\n${table(samples, measure)}\n`);
      print(
        barLines(
          bars.filter(({ measured }) => measured !== undefined),
          1,
        ),
      );
    } else {
      const versions = [
        ...ROSTER.map((each) => ({ label: each.label, versions: versionsOf(each) })),
        ...(node24 ? [{ label: "Node 24", versions: node24.version }] : []),
      ];
      publish({ about: { ...about, seconds }, versions, values: samples.values, notes: samples.notes });
      print("docs/benchmarks.md is written");
    }
  } finally {
    server.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function profile(): Promise<void> {
  const about = { ...machine(tmpdir()), rounds: options.rounds ?? ROUNDS.profile };
  const server = await startServer();
  try {
    const samples = await runStages(profileStages({ port: server.port, rounds: about.rounds }), say);
    print(`${publishProfiles(about, samples)} is written`);
  } finally {
    server.stop();
  }
}

if (options.profile) await profile();
else if (options.page) publish(lastResults());
else await measure();
