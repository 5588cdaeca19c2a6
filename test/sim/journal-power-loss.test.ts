import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeDisk } from "../../src/journal/disk.js";
import { Journal } from "../../src/journal/journal.js";
import { verifyJournal } from "../../src/journal/verify.js";
import type { AuditRecord, CallStart } from "../../src/record.js";
import type { Clock } from "../../src/types.js";
import { callsIn, entriesIn } from "../support/chain-lines.js";
import { LossyDisk } from "../support/lossy-disk.js";
import { type Random, stream } from "./support/random.js";

/** 300; of the runs that are asked for two in five, since each takes longer than those of other properties: 4 000 in CI, 10⁴ in the deep run. */
const RUNS = Math.min(Math.ceil(Number(process.env.SIM_RUNS ?? 750) * 0.4), 10_000);
const FIRST = Number(process.env.SIM_SEED ?? 1);

/** Waits are over at once: what is waited for is a disk, and it does not get better by itself here. */
function hastyClock(): Clock {
  let now = 0;
  return {
    now: () => ++now,
    wall: () => Date.UTC(2026, 10, 25) + now,
    setTimeout: (callback) => setImmediate(callback),
    clearTimeout: (timer) => clearImmediate(timer as NodeJS.Immediate),
  };
}

const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(base, "power-loss-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SETTINGS = {
  version: "1.0.0",
  maxSegmentAgeMs: 86_400_000,
  maxQueueBytes: 1 << 24,
  closeMs: 2_000,
  onTrouble: () => {},
};

/** What was promised to be on the disk. */
interface Promised {
  starts: Set<string>;
  ends: Set<string>;
}

/** Calls begin and end until the disk is gone, or there are no more. */
async function traffic(
  journal: Journal,
  random: Random,
  name: string,
  promised: Promised,
  isDead: () => boolean,
) {
  const { writer } = journal;
  const open: string[] = [];
  const calls = Math.floor(random() * 30);
  for (let i = 0; i < calls && !isDead(); i++) {
    const callId = `${name}.${i}`;
    const labels = { text: "x".repeat(Math.floor(random() * 300)) };
    const start = { callId, labels } as unknown as CallStart;
    const begun = new Promise<void>((resolve) => {
      writer.append({ event: "request.start", callId, start }, () => {
        if (!isDead()) promised.starts.add(callId);
        resolve();
      });
    });
    open.push(callId);
    while (open.length > 0 && random() < 0.45) {
      const [ending = ""] = open.splice(Math.floor(random() * open.length), 1);
      const record = { callId: ending, attempts: [] } as unknown as AuditRecord;
      writer.append({ event: "request.end", callId: ending, outcome: "ok", record }, () => {
        if (!isDead()) promised.ends.add(ending);
      });
    }
    // Not a tick: how many of them the file system takes differs from run to run.
    if (random() < 0.5) await begun;
  }
}

async function run(seed: number): Promise<void> {
  const random = stream(seed, "power loss");
  const dir = mkdtempSync(join(root, `${seed}-`));
  const settings = { ...SETTINGS, dir, clock: hastyClock() };
  const lossy = new LossyDisk(stream(seed, "disk"), random() < 0.5 ? 0 : random() * 0.2);
  const promised: Promised = { starts: new Set(), ends: new Set() };
  const lives = 1 + Math.floor(random() * 4);
  for (let life = 1; life <= lives; life++) {
    // Some die while they recover what others have left.
    const { disk, died } = lossy.boot(random() < 0.4 ? 1 + random() * 6 : 1 + random() * 60);
    let isDead = false;
    void died.then(() => {
      isDead = true;
    });
    const maxSegmentBytes = 1_000 + random() * 6_000;
    const journal = new Journal({ ...settings, disk, durability: "fsync", maxSegmentBytes });
    await Promise.race([died, traffic(journal, random, `${life}`, promised, () => isDead)]);
    // Nothing must be under way that goes past the disk, such as the claim of a chain.
    await Promise.race([died, random() < 0.3 ? journal.close() : journal.writer.flush()]);
    isDead = true;
    lossy.end(random() < 0.8 ? "power" : "kill", dir);
  }
  lossy.end("power", dir);

  const last = new Journal({ ...settings, disk: nodeDisk, durability: "os", maxSegmentBytes: 1 << 20 });
  await last.close();
  const { ok, chains, problems } = await verifyJournal(dir);
  expect({ ok, problems, chains: chains.flatMap(({ problem }) => problem ?? []) }).toEqual({
    ok: true,
    problems: [],
    chains: [],
  });
  const entries = (await entriesIn(dir)).flatMap((chain) => chain.entries);
  const calls = callsIn(entries);
  for (const callId of promised.starts) expect(calls.get(callId), `start of ${callId}`).toBeDefined();
  for (const callId of promised.ends) expect(calls.get(callId)?.ends, `end of ${callId}`).toEqual(["ok"]);
  for (const [callId, { starts, ends }] of calls)
    expect({ starts, ends: ends.length }, callId).toEqual({ starts: 1, ends: 1 });
  rmSync(dir, { recursive: true });
}

it(`keeps all that was on the disk through ${RUNS} power cuts, and its chain whole`, {
  timeout: 900_000,
}, async () => {
  let next = FIRST;
  const worker = async () => {
    while (next < FIRST + RUNS) {
      const seed = next++;
      await run(seed).catch((error) => {
        throw new Error(`SIM_SEED=${seed} SIM_RUNS=1: ${error.message}`, { cause: error });
      });
    }
  };
  // While one waits for the file system, others go on.
  await Promise.all(Array.from({ length: 4 }, worker));
});
