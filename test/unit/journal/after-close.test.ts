import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { systemClock } from "../../../src/clock.js";
import { Journal } from "../../../src/journal/journal.js";
import { verifyJournal } from "../../../src/journal/verify.js";
import type { AuditRecord, CallStart } from "../../../src/record.js";
import { entriesIn } from "../../support/chain-lines.js";
import { tappedDisk } from "../../support/tapped-disk.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "closed-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const start = (callId: string) => ({ v: 1, callId, requestDigest: "0" }) as CallStart;
const record = (callId: string) =>
  ({ v: 1, callId, requestDigest: "0", outcome: "ok", attempts: [] }) as unknown as AuditRecord;
const events = async () => (await entriesIn(dir)).flatMap(({ entries }) => entries.map(({ event }) => event));

it("writes nothing once it is closed, since the chain may be another's, and counts what comes as lost", async () => {
  const journal = journalAudit({ dir });
  await journal.start?.(start("a"));
  journal.write(record("a"));
  await journal.close?.();
  const files = readdirSync(dir);
  expect(() => journal.write(record("b"))).toThrow("the journal is closed: lines that come now are lost");
  await journal.start?.(start("c"));
  await journal.flush?.();
  await expect(journal.close?.()).rejects.toThrow("2 lines that are not in it");
  expect(journal.lost).toBe(2);
  expect(readdirSync(dir)).toEqual(files);
  expect(await events()).toEqual(["segment.open", "request.start", "request.end", "segment.close"]);
});

it("refuses a call at once that comes after the end, when it has to be in the journal", async () => {
  const journal = journalAudit({ dir, onFull: "reject" });
  await journal.close?.();
  await expect(journal.start?.(start("a"))).rejects.toThrow("did not take the start of this call");
});

it("keeps the order of its lines, and comes to an end, when some come as fast as they are written", async () => {
  const late = { event: "request.end", callId: "late", outcome: "unknown" } as const;
  const disk = tappedDisk(() => {
    // In the middle of the last write, too.
    if (!journal.writer.append(late)) journal.writer.lose(late.event);
  });
  const journal: Journal = new Journal({
    dir,
    disk,
    clock: systemClock,
    version: "1.0.0",
    durability: "os",
    maxSegmentBytes: 1 << 30,
    maxSegmentAgeMs: 86_400_000,
    maxQueueBytes: 1 << 20,
    closeMs: 50,
    onTrouble: () => {},
  });
  journal.writer.append({ event: "request.start", callId: "a", start: start("a") });
  await journal.close();
  const written = await events();
  expect(written.filter((event) => event === "segment.close")).toHaveLength(1);
  expect(written.at(-1)).toBe("segment.close");
  expect((await verifyJournal(dir)).chains.map(({ lines }) => lines)).toEqual([written.length]);
});

it("makes no checkpoint once it is closed", async () => {
  const timers = new Set<() => void>();
  const clock = {
    ...systemClock,
    setTimeout: (callback: () => void, ms: number) => {
      if (ms < 10_000) return systemClock.setTimeout(callback, ms);
      timers.add(callback);
      return callback;
    },
    clearTimeout: (timer: unknown) => {
      if (!timers.delete(timer as () => void)) systemClock.clearTimeout(timer);
    },
  };
  const told: number[] = [];
  const checkpoint = {
    everyRecords: 1_000,
    everyMs: 60_000,
    to: ({ n }: { n: number }) => void told.push(n),
  };
  const journal = journalAudit({ dir, checkpoint }, { clock });
  await journal.start?.(start("a"));
  await journal.close?.();
  expect(told).toEqual([1]);
  // The line that closed the chain is no reason to vouch for it again.
  expect(timers.size).toBe(0);
});
