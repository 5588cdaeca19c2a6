import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JournalEvent } from "../../../src/journal/entry.js";
import { endOf, type FollowOptions, follow } from "../../../src/journal/follow.js";
import { rawLinesBack } from "../../../src/journal/raw-lines-back.js";
import { recentLines } from "../../../src/journal/recent-lines.js";
import { JournalFixture, writeJournal } from "../../support/journal-fixture.js";
import { JournalLines } from "../../support/journal-lines.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

let dir: string;
let lines: JournalLines;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "follow-"));
  lines = new JournalLines(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Follows while `acts` are done, one between two looks; returns what came, as `chain seq`. */
async function followed(acts: (() => void)[], from: FollowOptions["from"] = "end"): Promise<string[]> {
  const stop = new AbortController();
  const left = [...acts];
  const seen: string[] = [];
  const sleep = async () => {
    const act = left.shift();
    if (act) act();
    else stop.abort();
  };
  for await (const entries of follow(dir, { from, signal: stop.signal, sleep }))
    seen.push(...entries.map(({ chainId, seq }) => `${chainId[0]}${seq}`));
  return seen;
}

const tornLine = '{"seq":9,"ts":"2026';

describe("follow", () => {
  it("gives what is written from now on: lines, segments and chains that are new", async () => {
    lines.open().start("a");
    const other = new JournalLines(dir, "f".repeat(16));
    const seen = await followed([
      () => lines.start("b"),
      () => {},
      () => lines.close().open().start("c"),
      () => other.open().start("d"),
    ]);
    expect(seen).toEqual(["03", "04", "05", "06", "f1", "f2"]);
  });

  it("begins at the start when asked to, or where somebody else has stopped", async () => {
    lines.open().start("a").close().open();
    expect(await followed([() => lines.start("b")], "start")).toEqual(["01", "02", "03", "04", "05"]);
    const here = await endOf(dir);
    lines.start("c");
    expect(await followed([], here)).toEqual(["06"]);
  });

  it("gives no half line, wherever it began", async () => {
    lines.open().start("a");
    const at = statSync(join(dir, lines.file)).size;
    lines.start("b").start("c");
    const path = join(dir, lines.file);
    const { length } = "x".repeat(20);
    const size = statSync(path).size;
    truncateSync(path, at + length);
    const rest = { prev: lines.prev, seq: lines.seq };
    expect(await endOf(dir)).toEqual(new Map([[lines.file, at]]));
    truncateSync(path, at);
    Object.assign(lines, rest);
    expect(size).toBeGreaterThan(at + length);
    expect(await followed([() => appendFileSync(path, tornLine), () => {}])).toEqual([]);
  });

  it("goes on after a torn tail that recovery moves aside, and gives no line twice", async () => {
    lines.open().start("a");
    const path = join(dir, lines.file);
    const good = lines.bytes;
    const setAside = { file: lines.file, fromByte: good, bytes: tornLine.length, sha256: "", to: "x.torn" };
    const seen = await followed(
      [
        () => appendFileSync(path, tornLine),
        () => truncateSync(path, good),
        () => lines.open({ setAside }).start("b"),
        () => {
          // A file that became shorter, and is written once more.
          truncateSync(path, 0);
          const again = new JournalLines(dir);
          again.open().start("a").start("z");
        },
      ],
      "start",
    );
    expect(seen).toEqual(["01", "02", "03", "04"]);
  });

  it("waits for the line break, and gives no number twice", async () => {
    lines.open();
    const path = join(dir, lines.file);
    const size = lines.bytes;
    lines.start("a");
    const line = readFileSync(path, "utf8").slice(size);
    truncateSync(path, size);
    const seen = await followed([
      () => appendFileSync(path, line.trimEnd()),
      () => truncateSync(path, size),
      () => appendFileSync(path, line),
      () => appendFileSync(path, line),
    ]);
    expect(seen).toEqual(["02"]);
    const half = () => appendFileSync(path, line.replace('"seq":2', '"seq":3').trimEnd());
    expect(await followed([half])).toEqual([]);
  });

  it("leaves out whole lines that are set aside", async () => {
    lines.open();
    const { bytes: fromByte, seq, prev, file } = lines;
    lines.start("a").start("b");
    Object.assign(lines, { seq, prev });
    lines.open({ setAside: { file, fromByte, bytes: 1, sha256: "", to: "x.torn" } }, { skip: 2 }).start("a");
    expect(await followed([], "start")).toEqual(["01", "04", "05"]);
  });

  it("bears that retention removes segments, that the folder is not there yet, and lines that are none", async () => {
    lines.open().start("a").close();
    const first = join(dir, lines.file);
    const seen = await followed(
      [
        () => {
          rmSync(first);
          lines.open();
        },
        () => lines.raw("garbage\n").raw("null\n").raw("{}\n").start("b"),
      ],
      "start",
    );
    expect(seen).toEqual(["01", "02", "03", "04", "05"]);
    rmSync(dir, { recursive: true });
    expect(await followed([() => new JournalLines(dir).open()])).toEqual(["01"]);
  });

  it("merges chains by time, and keeps each in its order though its clock goes back", async () => {
    const gap: JournalEvent = { event: "gap", reason: "queue_full", lost: {} };
    const seconds = { aaaaaaaaaaaaaaaa: [1, 4, 2, 6], bbbbbbbbbbbbbbbb: [0, 3, 5, 7] };
    for (const [chainId, moments] of Object.entries(seconds)) {
      const fixture = new JournalFixture(dir, { chainId, running: true });
      for (const second of moments) fixture.event(gap, `2026-11-25T09:00:0${second}.000Z`);
      fixture.end();
    }
    // Each begins with the opening of its segment.
    expect(await followed([], "start")).toEqual(["b1", "b2", "a1", "a2", "b3", "a3", "a4", "b4", "a5", "b5"]);
  });
});

describe("reading back", () => {
  it("gives the same lines as reading on, the last one first", async () => {
    for (const text of [
      "",
      "\n",
      "a\n",
      "\n\nb\n",
      "a\nb",
      `${"x".repeat(300_000)}\ny\n${"z".repeat(600_000)}\n`,
    ]) {
      const path = join(dir, "text");
      rmSync(path, { force: true });
      appendFileSync(path, text);
      const read: string[] = [];
      for await (const batch of rawLinesBack(path, text.length)) read.push(...batch.map(String));
      expect(read.reverse()).toEqual(text.split("\n").slice(0, -1));
    }
  });

  it("finds the last calls over all chains and segments", async () => {
    writeJournal(dir, syntheticCalls(50), { segmentCalls: 20 });
    writeJournal(dir, syntheticCalls(50, { seed: 2 }), { chainId: "b".repeat(16) });
    const wanted = (line: Buffer) => line.includes('"request.start"');
    const all = await recentLines(dir, await endOf(dir), { count: 1_000, wanted });
    expect(all).toHaveLength(100);
    const last = await recentLines(dir, await endOf(dir), { count: 30, wanted });
    expect(last).toEqual(all.slice(-30));
    expect(new Set(last.map(({ entry }) => entry.chainId)).size).toBe(2);
  });
});
