import { mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type JournalAudit, journalAudit } from "../../../src/audit/journal.js";
import type { JournalOptions } from "../../../src/audit/journal-options.js";
import { systemClock } from "../../../src/clock.js";
import { AuditRefusal } from "../../../src/errors.js";
import type { Clock } from "../../../src/types.js";
import { type DiskFaults, faultyDisk, gate, systemError } from "../../support/faulty-disk.js";
import { calls, tell } from "../../support/journal-calls.js";
import { countBy, filesIn, lostIn, readChain, verifiedChain } from "../../support/journal-chain.js";
import { type SteppedClock, steppedClock } from "../../support/stepped-clock.js";

let dir: string;
let faults: DiskFaults;
let clock: SteppedClock;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "journal-"));
  faults = {};
  clock = steppedClock();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const journal = (options: Partial<JournalOptions> = {}, time: Clock = clock): JournalAudit =>
  journalAudit({ dir, ...options }, { disk: faultyDisk(faults), clock: time });

/** Time is virtual and the disk is not: on a busy machine it would be late, and given up. */
const isDiskAtWork = () => process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"));

/** Moves time on until the promise has settled. */
async function passing<T>(work: Promise<T>, stepMs = 50): Promise<T> {
  let settled = false;
  const done = () => {
    settled = true;
  };
  work.then(done, done);
  while (!settled) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (!settled && !isDiskAtWork()) clock.advance(stepMs);
  }
  return work;
}

describe("a sync that fails", () => {
  it("ends its segment; its lines are written once more behind a gap, and the old ones are set aside", async () => {
    const sink = journal({ durability: "fsync" }, systemClock);
    const [first, second, third] = calls(3);
    await tell(sink, first);
    await sink.flush!();
    faults.datasync = () => {
      delete faults.datasync;
      throw systemError("EIO", "fdatasync");
    };
    expect(await tell(sink, second)).toEqual([new Error("the journal cannot be written: EIO")]);
    await sink.flush!();
    const [path] = await filesIn(dir, ".jsonl");
    const torn = await filesIn(dir, ".torn");
    await tell(sink, third);
    await sink.close!();

    const chain = await verifiedChain(dir);
    expect(chain.segments).toHaveLength(2);
    expect(countBy(chain.entries, "request.start")).toBe(3);
    const [gap] = chain.gaps;
    expect(gap).toMatchObject({ reason: "fsync_failed", error: "EIO", lost: {}, rewritten: 1 });
    const [from, to] = gap!.skipped!;
    expect(to - from).toBe(0);
    const [open] = chain.segments[1]!;
    expect(open).toMatchObject({
      event: "segment.open",
      setAside: { to: `${path!.split("/").pop()}.1.torn` },
    });
    expect(torn).toHaveLength(1);
    const aside = JSON.parse((await readFile(torn[0]!, "utf8")).trim());
    expect(aside).toMatchObject({ event: "request.start", seq: from });
    expect(sink.lost).toBe(0);
  });

  it("does so as often as it fails, and for a line that ends a segment too", async () => {
    const sink = journal({ durability: "fsync", rotate: { maxBytes: 4_096 } }, systemClock);
    let syncs = 0;
    faults.datasync = () => {
      if (++syncs % 3 === 0) throw systemError("EIO", "fdatasync");
    };
    const all = calls(12);
    for (const call of all) await tell(sink, call);
    await sink.flush!().catch(() => {});
    delete faults.datasync;
    await sink.close!().catch(() => {});
    const chain = await verifiedChain(dir);
    expect(countBy(chain.entries, "request.start")).toBe(12);
    expect(countBy(chain.entries, "request.end")).toBe(12);
    expect(chain.gaps.length).toBeGreaterThan(2);
    for (const { rewritten = 0, skipped } of chain.gaps) {
      // What was numbered in vain is what is written again, and what the writer itself had to say.
      expect(skipped![1] - skipped![0] + 1).toBeGreaterThanOrEqual(rewritten);
    }
    expect(lostIn(chain)).toEqual({});
  });
});

describe("a write that fails", () => {
  it("with EIO ends the segment in the same way", async () => {
    const sink = journal({}, systemClock);
    const [first, second] = calls(2);
    await tell(sink, first);
    await sink.flush!();
    faults.append = () => {
      delete faults.append;
      throw systemError("EIO", "write");
    };
    expect(await tell(sink, second)).toMatchObject([{ message: expect.stringContaining("EIO") }]);
    await sink.close!();
    const chain = await verifiedChain(dir);
    expect(chain.gaps).toMatchObject([{ reason: "write_failed", error: "EIO", lost: {}, rewritten: 1 }]);
    expect(countBy(chain.entries, "request.end")).toBe(2);
  });

  it("goes on in the middle of a line when the disk took a part and then was full", async () => {
    const sink = journal({}, systemClock);
    let tries = 0;
    faults.append = () => {
      tries++;
      if (tries === 1) return 21;
      if (tries < 5) throw systemError("ENOSPC", "write");
      return undefined;
    };
    const [call] = calls(1);
    expect(await tell(sink, call)).toMatchObject([{ message: expect.stringContaining("ENOSPC") }]);
    await sink.close!();
    const chain = await verifiedChain(dir);
    expect(chain.segments).toHaveLength(1);
    expect(chain.gaps).toEqual([]);
    expect(countBy(chain.entries, "request.start")).toBe(1);
  });
});

describe("a disk that takes its time", () => {
  const [one, two, three] = calls(3);
  const slowSync = () => {
    const syncing = gate();
    const { opened, open } = gate();
    faults.datasync = () => {
      syncing.open();
      return opened;
    };
    return { syncing: syncing.opened, open };
  };
  const { start } = one;

  it("holds a call for maxWaitMs with block, and goes on with all lines", async () => {
    const { syncing, open } = slowSync();
    const sink = journal({ durability: "fsync", maxWaitMs: 150 });
    let waited = false;
    const starting = Promise.resolve(sink.start!(start)).then(() => {
      waited = true;
    });
    await syncing;
    clock.advance(149);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(waited).toBe(false);
    clock.advance(1);
    await starting;
    // The next one waits as long: a promise of block is not given up after the first.
    const next = Promise.resolve(sink.start!(two.start));
    clock.advance(150);
    await next;
    open();
    await passing(sink.close!());
    expect(countBy((await readChain(dir)).entries, "request.start")).toBe(2);
  });

  it("holds no call with drop once it is late", async () => {
    const { syncing, open } = slowSync();
    const sink = journal({ durability: "fsync", onFull: "drop", maxWaitMs: 150 });
    const first = Promise.resolve(sink.start!(start));
    await syncing;
    clock.advance(150);
    await first;
    const timers = clock.pending;
    await sink.start!(two.start);
    expect(clock.pending).toBe(timers);
    open();
    await passing(sink.flush!());
    // And waits again for a disk that is quick.
    await tell(sink, three);
    await passing(sink.close!());
    expect(countBy((await readChain(dir)).entries, "request.start")).toBe(3);
  });

  it("refuses calls with reject, at once when it is late", async () => {
    const { syncing, open } = slowSync();
    const sink = journal({ durability: "fsync", onFull: "reject", maxWaitMs: 150 });
    const first = Promise.resolve(sink.start!(start));
    const refused = expect(first).rejects.toThrow(AuditRefusal);
    await syncing;
    clock.advance(150);
    await refused;
    await expect(sink.start!(two.start)).rejects.toThrow('within 150 ms, and its onFull is "reject"');
    open();
    await passing(sink.flush!());
    await sink.start!(three.start);
    await passing(sink.close!());
  });

  it("bounds its queue in bytes, and tells exactly what did not fit", async () => {
    const { opened, open } = gate();
    const sink = journal({ onFull: "drop", maxQueueBytes: 65_536 });
    await sink.start!(start);
    faults.append = () => opened;
    const all = calls(300);
    for (const call of all) await passing(tell(sink, call));
    expect(sink.queuedBytes).toBeLessThanOrEqual(65_536);
    expect(sink.lost).toBeGreaterThan(500);
    delete faults.append;
    open();
    await passing(sink.flush!());
    await passing(sink.close!());
    const chain = await readChain(dir);
    const lost = lostIn(chain);
    const attempts = all.reduce((sum, { record }) => sum + record.attempts.length, 0);
    expect(countBy(chain.entries, "request.start") + lost["request.start"]!).toBe(301);
    expect(countBy(chain.entries, "attempt") + lost.attempt!).toBe(attempts);
    expect(countBy(chain.entries, "request.end") + lost["request.end"]!).toBe(300);
    expect(sink.lost).toBe(Object.values(lost).reduce((sum, count) => sum + count, 0));
    expect(chain.gaps[0]).toMatchObject({ reason: "queue_full" });
  });

  it("lets calls that wait for room in one after the other, each within its time", async () => {
    const { opened, open } = gate();
    const sink = journal({ maxQueueBytes: 65_536 });
    await sink.start!(start);
    faults.append = () => opened;
    const all = calls(200);
    const waiting = all.map(({ start }) => Promise.resolve(sink.start!(start)).catch(() => {}));
    await vi.waitFor(() => expect(clock.pending).toBe(200));
    delete faults.append;
    open();
    await Promise.all(waiting);
    await passing(sink.close!());
    const { entries, gaps } = await readChain(dir);
    expect(gaps).toEqual([]);
    expect(entries.flatMap((each) => (each.event === "request.start" ? each.callId : []))).toEqual([
      start.callId,
      ...all.map((call) => call.start.callId),
    ]);
    expect(clock.pending).toBe(0);
  });

  it("that never comes back does not keep close from ending, which says what is missing", async () => {
    const { opened, open } = gate();
    faults.append = async () => {
      await opened;
      throw systemError("EIO", "write");
    };
    const sink = journal();
    await passing(tell(sink, one));
    await expect(passing(sink.close!())).rejects.toThrow("closed with 3 lines that are not in it");
    // So that the file is not left to the garbage collector.
    open();
    await expect(passing(sink.flush!())).rejects.toThrow("EIO");
  });
});

describe("a disk that is full when the journal is closed", () => {
  it("is given up after 2 s, and leaves no line that counts behind a torn one", async () => {
    const [first, second, third] = calls(3);
    const sink = journal();
    await tell(sink, first);
    await passing(sink.flush!());
    faults.append = () => {
      throw systemError("ENOSPC", "write");
    };
    await passing(tell(sink, second));
    const before = clock.now();
    await expect(passing(sink.close!())).rejects.toThrow("closed with 3 lines that are not in it");
    expect(clock.now() - before).toBeLessThanOrEqual(3_000);
    delete faults.append;

    const next = journal();
    await tell(next, third);
    await passing(next.close!());
    const chain = await readChain(dir);
    expect(countBy(chain.entries, "request.start")).toBe(2);
    expect(countBy(chain.entries, "recovery")).toBe(1);
  });

  it("and has room again before the end, takes the rest and is told of what was given up", async () => {
    const all = calls(2_000);
    // Two batches: the first one finds no room in time, the second one does.
    const sink = journal();
    await tell(sink, all[0]!);
    await passing(sink.flush!());
    faults.append = () => {
      throw systemError("ENOSPC", "write");
    };
    for (const { record } of all.slice(1)) {
      try {
        sink.write(record);
      } catch {}
    }
    const closing = Promise.resolve(sink.close!()).catch((error) => error);
    await vi.waitFor(() => expect(sink.lost === 0 && clock.pending > 0).toBe(true));
    while (sink.lost === 0) {
      clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    delete faults.append;
    await passing(closing);
    const chain = await readChain(dir);
    expect(lostIn(chain)["request.end"]).toBeGreaterThan(0);
    expect(countBy(chain.entries, "request.end") + lostIn(chain)["request.end"]!).toBe(2_000);
  });
});

describe("a segment that somebody takes away", () => {
  it.each(["moved", "deleted"])(
    "when %s is followed by another one, which tells what went with it",
    async (how) => {
      const sink = journal();
      const [first, second, third] = calls(3);
      await tell(sink, first);
      await tell(sink, second);
      await passing(sink.flush!());
      const [path] = (await filesIn(dir, ".jsonl")) as [string];
      const { lines } = await linesOf(path);
      if (how === "moved") await rename(path, `${path}.1`);
      else await rm(path);
      clock.advance(2_000);
      const [trouble] = await passing(tell(sink, third));
      expect(trouble?.message).toContain("is gone: somebody has moved or deleted it");
      await passing(sink.close!());
      const chain = await readChain(dir);
      expect(chain.gaps).toMatchObject([{ reason: "segment_lost" }]);
      const { lost } = chain.gaps[0]!;
      expect(lost).toEqual(lines);
      expect(chain.segments[0]![0]).toMatchObject({ event: "segment.open", segment: 2 });
    },
  );

  it("just before the end is told of as well", async () => {
    const sink = journal();
    await tell(sink, calls(1)[0]);
    await passing(sink.flush!());
    const [path] = (await filesIn(dir, ".jsonl")) as [string];
    await rm(path);
    await expect(passing(sink.close!())).rejects.toThrow("is gone");
    const chain = await readChain(dir);
    expect(chain.gaps).toMatchObject([
      { reason: "segment_lost", lost: { "request.start": 1, "request.end": 1 } },
    ]);
    expect(chain.entries.at(-1)).toMatchObject({ event: "segment.close", reason: "closed" });
  });

  it("with its folder comes back when the folder can be made again", async () => {
    const sink = journal();
    const [first, second] = calls(2);
    await tell(sink, first);
    await passing(sink.flush!());
    await rm(dir, { recursive: true });
    clock.advance(2_000);
    await passing(tell(sink, second));
    await passing(sink.close!()).catch(() => {});
    expect((await stat(dir)).isDirectory()).toBe(true);
    const { gaps } = await readChain(dir);
    expect(gaps).toMatchObject([{ reason: "segment_lost" }]);
  });
});

async function linesOf(path: string) {
  const lines: Record<string, number> = {};
  for (const line of (await readFile(path, "utf8")).trim().split("\n")) {
    const { event } = JSON.parse(line);
    lines[event] = (lines[event] ?? 0) + 1;
  }
  return { lines };
}
