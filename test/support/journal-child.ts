import { writeSync } from "node:fs";
import { journalAudit } from "../../src/audit/journal.js";
import type { AuditRecord, CallStart } from "../../src/record.js";

/** A process that writes a journal until it is killed, and tells on its standard output of each line that counts. */
const [dir = "", durability = "os", name = "", checkpoints = ""] = process.argv.slice(2);

const journal = journalAudit({
  dir,
  durability: durability as "os" | "fsync",
  rotate: { maxBytes: 6_000 },
  maxWaitMs: 240,
  checkpoint: { everyRecords: 20, to: checkpoints },
  onFull: "reject",
});

/** Nothing of it is lost with the process: it is in the pipe when the call returns. */
const tell = (line: string) => writeSync(1, `${line}\n`);

/** A journal may complain of what its neighbours do; what it has promised it must keep all the same. */
const complain = (error: unknown) => console.error(String(error));

const pause = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));

async function calls(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    const callId = `${name}.${lane}.${i}`;
    const start = { v: 1, callId, requestDigest: "0", labels: { text: "x".repeat(i % 200) } };
    try {
      await journal.start?.(start as unknown as CallStart);
    } catch {
      // Refused: nothing is promised of this one.
      continue;
    }
    tell(`start ${callId}`);
    if (Math.random() < 0.3) await pause();
    const record = { v: 1, callId, requestDigest: "0", outcome: "ok", attempts: [] };
    try {
      void journal.write(record as unknown as AuditRecord);
    } catch (error) {
      complain(error);
    }
    if (Math.random() < 0.7) continue;
    await journal.flush?.().catch(complain);
    tell(`end ${callId}`);
  }
}

tell("up");
for (let lane = 0; lane < 20; lane++) void calls(lane);
