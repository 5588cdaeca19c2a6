import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machine } from "../machine.js";
import { callCost } from "./call-cost.js";
import { auditPage } from "./page.js";
import { bigJournal, readingTimes } from "./reading-times.js";
import { syncAcks, writerRate } from "./writer-rate.js";

const LEVELS = ["memory", "os", "fsync"] as const;
const RECORDS = { memory: 300_000, os: 300_000, fsync: 150_000 };
const CALLS_TO_READ = 1_000_000;

const [path = "docs/audit-numbers.md", parent = tmpdir()] = process.argv.slice(2);
const root = mkdtempSync(join(parent, "bench-audit-"));
let folders = 0;
const folder = () => {
  const dir = join(root, String(folders++));
  mkdirSync(dir);
  return dir;
};
const say = (text: string) => process.stderr.write(`${text}\n`);

try {
  const about = machine(root);
  const levels = [];
  for (const level of LEVELS) {
    say(`${level}: records per second, and what a call costs`);
    const perSecond = await writerRate(folder(), level, RECORDS[level]);
    levels.push({ level, perSecond, cost: await callCost(folder(), level) });
  }
  say("fsync: how long a line waits");
  const acks = await syncAcks(folder(), 10);
  say(`writing a journal of ${CALLS_TO_READ} calls`);
  const dir = folder();
  const lines = bigJournal(dir, CALLS_TO_READ);
  say("reading it");
  const reading = await readingTimes(dir);
  const page = auditPage({ about, levels, acks, reading: { ...reading, calls: CALLS_TO_READ, lines } });
  writeFileSync(path, page);
  process.stdout.write(`${path} is written\n`);
} finally {
  rmSync(root, { recursive: true });
}
