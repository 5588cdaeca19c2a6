import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { calls } from "../../support/journal-calls.js";
import { countBy, readChain } from "../../support/journal-chain.js";
import { steppedClock } from "../../support/stepped-clock.js";
import { tappedDisk } from "../../support/tapped-disk.js";

it("a line that comes in whatever tick after the last one was written is written as well", async () => {
  const dir = await mkdtemp(join(tmpdir(), "journal-"));
  const sink = journalAudit({ dir });
  const all = calls(60);
  for (const [ticks, { start, record }] of all.entries()) {
    await sink.start?.(start);
    for (let i = 0; i < ticks; i++) await undefined;
    sink.write(record);
    await sink.flush?.();
    expect(sink.queuedBytes).toBe(0);
  }
  await sink.close?.();
  expect(countBy((await readChain(dir)).entries, "request.end")).toBe(all.length);
  await rm(dir, { recursive: true });
});

describe("a line that a call waits for", () => {
  /** A journal whose folder has been read, and how many lines each write to its file had. */
  async function opened(dir: string, onWrite = () => {}, durability: "os" | "fsync" = "os") {
    const writes: number[] = [];
    const disk = tappedDisk((bytes) => {
      writes.push(Buffer.from(bytes).toString().trimEnd().split("\n").length);
      onWrite();
    });
    // Of a moment that stays: once a second the file is looked up by its name first.
    const sink = journalAudit({ dir, durability }, { disk, clock: steppedClock() });
    const [first, ...others] = calls(6);
    await sink.start?.(first!.start);
    sink.write(first!.record);
    await sink.flush?.();
    writes.length = 0;
    return { sink, writes, others };
  }

  it("is with the disk before its call goes on; what is told meanwhile goes together, as does what nobody waits for", async () => {
    const dir = await mkdtemp(join(tmpdir(), "journal-"));
    const { sink, writes, others } = await opened(dir);
    const starts = others.slice(0, 4).map(({ start }) => sink.start?.(start));
    expect(writes).toEqual([1]);
    await Promise.all(starts);
    expect(writes).toEqual([1, 3]);
    for (const { record } of others.slice(0, 4)) sink.write(record);
    expect(writes).toEqual([1, 3]);
    await sink.flush?.();
    expect(writes).toEqual([1, 3, 4]);
    await sink.close?.();
    await rm(dir, { recursive: true });
  });

  it("shares a sync with all that are told in the same tick", async () => {
    const dir = await mkdtemp(join(tmpdir(), "journal-"));
    const { sink, writes, others } = await opened(dir, () => {}, "fsync");
    await Promise.all(others.map(({ start }) => sink.start?.(start)));
    expect(writes).toEqual([others.length]);
    await sink.close?.();
    await rm(dir, { recursive: true });
  });

  it("is written once, and whole, when the write itself brings another line", async () => {
    const dir = await mkdtemp(join(tmpdir(), "journal-"));
    const late: (() => void)[] = [];
    const { sink, others } = await opened(dir, () => late.pop()?.());
    const [one, two] = others;
    late.push(() => void sink.start?.(two!.start));
    await sink.start?.(one!.start);
    await sink.flush?.();
    await sink.close?.();
    const { entries } = await readChain(dir);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(countBy(entries, "request.start")).toBe(3);
    await rm(dir, { recursive: true });
  });
});
