import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import type { JournalOptions } from "../../../src/audit/journal-options.js";
import type { Tombstone } from "../../../src/journal/entry.js";
import { retired } from "../../../src/journal/retention.js";
import type { Segment } from "../../../src/journal/segment.js";
import { faultyDisk, gate } from "../../support/faulty-disk.js";
import { calls, tell } from "../../support/journal-calls.js";
import { filesIn, verifiedChain } from "../../support/journal-chain.js";
import { steppedClock } from "../../support/stepped-clock.js";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "journal-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Tells of so many calls, one after the other. */
async function filled(options: Partial<JournalOptions>, count: number) {
  const sink = journalAudit({ dir, ...options });
  for (const call of calls(count)) {
    await tell(sink, call);
    await sink.flush?.();
  }
  return sink;
}

describe("rotation", () => {
  it("begins a new segment when one is full, which goes on where that one ends", async () => {
    const sink = await filled({ rotate: { maxBytes: 8_192 } }, 20);
    await sink.close!();
    const { segments } = await verifiedChain(dir);
    expect(segments.length).toBeGreaterThan(4);
    for (const [i, entries] of segments.entries()) {
      const [open] = entries;
      const close = entries.at(-1)!;
      expect(open).toMatchObject({ event: "segment.open", segment: i + 1, checkpoints: 0 });
      expect(close).toMatchObject({
        event: "segment.close",
        lines: entries.length,
        reason: i + 1 === segments.length ? "closed" : "full",
      });
    }
    for (const path of await filesIn(dir, ".jsonl"))
      expect((await stat(path)).size).toBeLessThan(8_192 + 8_192);
  });

  it("begins one when the last is old, at the next line", async () => {
    const clock = steppedClock();
    const sink = journalAudit({ dir, rotate: { maxAgeMs: 60_000 } }, { clock });
    const [first, second, third] = calls(3);
    await tell(sink, first);
    await sink.flush!();
    clock.advance(59_000);
    await tell(sink, second);
    await sink.flush!();
    clock.advance(1_000);
    await tell(sink, third);
    await sink.close!();
    const { segments } = await verifiedChain(dir);
    expect(segments.map((entries) => entries.at(-1))).toMatchObject([
      { reason: "age" },
      { reason: "closed" },
    ]);
  });

  it("tells a new segment which calls are under way", async () => {
    const sink = journalAudit({ dir, rotate: { maxBytes: 4_096 } });
    const [held, ...others] = calls(8);
    await sink.start!(held!.start);
    for (const call of others) {
      await tell(sink, call);
      await sink.flush!();
    }
    await sink.close!();
    const { segments } = await verifiedChain(dir);
    expect(segments.length).toBeGreaterThan(2);
    for (const [open] of segments.slice(1))
      expect(open).toMatchObject({ openCalls: expect.arrayContaining([held!.start.callId]) });
  });
});

describe("retention", () => {
  const segments = (...ages: number[]): Segment[] =>
    ages.map((age, i) => ({ index: i + 1, bytes: 100, modifiedMs: 1_000 - age }) as Segment);
  const indexes = (retain: Parameters<typeof retired>[1], ...ages: number[]) =>
    retired(segments(...ages), retain, 1_000).map(({ index }) => index);

  it("takes the oldest, and never the one that is being written", () => {
    expect(indexes({ maxSegments: 2 }, 9, 8, 7, 6)).toEqual([1, 2]);
    expect(indexes({ maxBytes: 250 }, 9, 8, 7, 6)).toEqual([1, 2]);
    expect(indexes({ maxAgeMs: 7 }, 9, 8, 7, 6)).toEqual([1, 2]);
    expect(indexes({ maxAgeMs: 1, maxBytes: 1, maxSegments: 1 }, 9, 8, 7, 6)).toEqual([1, 2, 3]);
    expect(indexes({ maxSegments: 1 }, 9)).toEqual([]);
    expect(indexes({}, 9, 8, 7)).toEqual([]);
  });

  it("leaves a tombstone with the place and the head of what is gone", async () => {
    const sink = await filled({ rotate: { maxBytes: 4_096 }, retain: { maxSegments: 2 } }, 12);
    await vi.waitFor(async () => expect((await filesIn(dir, ".jsonl")).length).toBeLessThanOrEqual(3));
    await sink.close!();
    const { entries, segments } = await verifiedChain(dir);
    const stones = entries.flatMap((each) =>
      each.event === "tombstone" ? (each as Tombstone).segments : [],
    );
    const last = stones.at(-1)!;
    const [first] = segments[0]!;
    expect(last.lastSeq + 1).toBe(first!.seq);
    expect(last.head).toBe(first!.prev);
    expect(await readdir(dir)).not.toContain(last.file);
  });

  it("deletes for writers, too, that never live to see a rotation", async () => {
    for (let life = 0; life < 5; life++) {
      const sink = journalAudit({ dir, retain: { maxSegments: 2 } });
      await tell(sink, calls(1)[0]);
      await sink.close!();
    }
    expect((await filesIn(dir, ".jsonl")).length).toBeLessThanOrEqual(3);
    await verifiedChain(dir);
  });

  it("names a segment that is damaged, and shows nothing of it", async () => {
    for (let life = 0; life < 3; life++) await (await filled({}, 1)).close!();
    const [file] = await filesIn(dir, ".jsonl");
    await writeFile(file!, "a secret question\n");
    const sink = journalAudit({ dir, retain: { maxSegments: 1 } });
    const said = await Promise.resolve(sink.close!()).catch((error: Error) => error.message);
    expect(said).toContain(`${basename(file!)} is damaged`);
    expect(said).not.toContain("secret");
  });

  it("comes to rest, even if the calls under way fill a segment", async () => {
    const sink = journalAudit({ dir, rotate: { maxBytes: 4_096 }, retain: { maxSegments: 2 } });
    for (const { start } of calls(120)) await sink.start?.(start);
    const seen = new Set<string>();
    for (let looks = 0; looks < 10; looks++) {
      for (const file of await filesIn(dir, ".jsonl")) seen.add(file);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { length } = await filesIn(dir, ".jsonl");
    await sink.close!();
    expect(length).toBeLessThanOrEqual(3);
    expect((await filesIn(dir, ".jsonl")).every((file) => seen.has(file))).toBe(true);
  });

  it("deletes nothing before the tombstone is durable", async () => {
    const before = await filled({ rotate: { maxBytes: 4_096 } }, 8);
    await before.close!();
    const old = await filesIn(dir, ".jsonl");
    const tombstone = gate();
    const sync = gate();
    let isHeld = false;
    const disk = faultyDisk({
      append: (bytes) => {
        if (Buffer.from(bytes).includes('"event":"tombstone"')) isHeld = true;
        return undefined;
      },
      datasync: () => {
        if (!isHeld) return undefined;
        tombstone.open();
        return sync.opened;
      },
    });
    const options = { durability: "fsync", rotate: { maxBytes: 4_096 }, retain: { maxSegments: 1 } } as const;
    const sink = journalAudit({ dir, maxWaitMs: 1, ...options }, { disk });
    for (const call of calls(20)) {
      if (isHeld) break;
      await tell(sink, call);
      await Promise.race([sink.flush!(), tombstone.opened]);
    }
    await tombstone.opened;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await filesIn(dir, ".jsonl")).toEqual(expect.arrayContaining(old));
    isHeld = false;
    sync.open();
    await vi.waitFor(async () => expect((await filesIn(dir, ".jsonl")).length).toBeLessThan(old.length));
    await sink.close!();
    await verifiedChain(dir);
  });

  it("goes by when a segment was written to last", async () => {
    const sink = await filled({ rotate: { maxBytes: 4_096 } }, 6);
    await sink.close!();
    const [oldest] = await filesIn(dir, ".jsonl");
    await utimes(oldest!, 1, 1);
    const next = journalAudit({ dir, rotate: { maxBytes: 4_096 }, retain: { maxAgeMs: 3_600_000 } });
    for (const call of calls(6)) {
      await tell(next, call);
      await next.flush?.();
    }
    await vi.waitFor(async () => expect(await filesIn(dir, ".jsonl")).not.toContain(oldest));
    await next.close!();
    expect((await verifiedChain(dir)).entries.filter(({ event }) => event === "tombstone")).toMatchObject([
      { segments: [{ firstSeq: 1 }] },
    ]);
  });
});
