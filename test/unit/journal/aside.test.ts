import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { type Disk, nodeDisk } from "../../../src/journal/disk.js";
import { verifyJournal } from "../../../src/journal/verify.js";
import type { CallStart } from "../../../src/record.js";
import { entriesIn } from "../../support/chain-lines.js";
import { systemError } from "../../support/faulty-disk.js";

/** Whether there is room for what is to be set aside, and whether it can be read. */
const seam = vi.hoisted(() => ({ isFull: false, isUnreadable: false }));

vi.mock("node:fs/promises", async (original) => {
  const actual = await original<typeof import("node:fs/promises")>();
  const open: typeof actual.open = async (path, flags, mode) => {
    if (seam.isFull && String(path).endsWith(".torn")) throw systemError("ENOSPC", "open");
    if (seam.isUnreadable && flags === "r" && String(path).endsWith(".jsonl"))
      throw systemError("EIO", "open");
    return actual.open(path, flags, mode);
  };
  const readFile = (async (...args: Parameters<typeof actual.readFile>) => {
    if (seam.isUnreadable && String(args[0]).endsWith(".jsonl")) throw systemError("EIO", "read");
    return actual.readFile(...args);
  }) as typeof actual.readFile;
  return { ...actual, open, readFile };
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "aside-"));
});
afterEach(() => {
  Object.assign(seam, { isFull: false, isUnreadable: false });
  rmSync(dir, { recursive: true });
});

const start = (callId: string) => ({ v: 1, callId, requestDigest: "0" }) as CallStart;

/** Writes two lines; the second sync fails, and what the kernel holds of that line is out of the chain. */
async function failSecondSync() {
  let syncs = 0;
  const disk: Disk = {
    ...nodeDisk,
    async create(path) {
      const file = await nodeDisk.create(path);
      const datasync = async () => {
        if (++syncs === 2) throw systemError("ENOSPC", "fdatasync");
        await file.datasync();
      };
      return { identity: file.identity, append: (b) => file.append(b), datasync, close: () => file.close() };
    },
  };
  const journal = journalAudit({ dir, durability: "fsync" }, { disk });
  const ignore = () => {};
  await journal.start?.(start("a"))?.catch(ignore);
  await journal.start?.(start("b"))?.catch(ignore);
  await Promise.resolve(journal.close?.()).catch(ignore);
  Object.assign(seam, { isFull: false, isUnreadable: false });
  const entries = (await entriesIn(dir)).flatMap((chain) => chain.entries);
  return { entries, report: await verifyJournal(dir) };
}

it.each([
  ["there is no room for", { isFull: true }, { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  ["cannot be read", { isUnreadable: true }, {}],
])("says where a segment ends, also when %s what stands behind", async (_, state, said) => {
  Object.assign(seam, state);
  const { entries, report } = await failSecondSync();
  const told = entries.flatMap((entry) => (entry.event === "segment.open" && entry.setAside) || []);
  expect(told).toEqual([
    { file: expect.any(String), fromByte: expect.any(Number), bytes: expect.any(Number), ...said },
  ]);
  expect(readdirSync(dir).filter((file) => file.endsWith(".torn"))).toEqual([]);
  expect(entries.filter(({ event }) => event === "request.start")).toHaveLength(2);
  expect(report.chains.map(({ problem }) => problem)).toEqual([undefined]);
});
