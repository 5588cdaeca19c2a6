import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { JournalEvent, SetAside } from "../../../src/journal/entry.js";
import { verifyJournal } from "../../../src/journal/verify.js";
import { CHAIN_ID, JournalFixture, writeJournal } from "../../support/journal-fixture.js";
import { JournalLines } from "../../support/journal-lines.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "holes-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const pathOf = (segment: number | string) =>
  join(dir, `${CHAIN_ID}.${String(segment).padStart(6, "0")}.jsonl`);

async function problemOf(): Promise<string | undefined> {
  const { ok, chains } = await verifyJournal(dir);
  const { place = "", what } = chains[0]?.problem ?? {};
  return ok ? undefined : `${place.replace(CHAIN_ID, "C")} ${what}`;
}

it.each([
  ["in mid-chain", [2], [3], "C.000004.jsonl:1", "segment 2 is missing"],
  ["at the beginning", [1], [2], "C.000003.jsonl:1", "segment 1 is missing"],
  ["between several", [2, 4], [3], "C.000005.jsonl:1", "segment 4 is missing"],
] as const)("a file without a line does not fill a hole %s", async (_, removed, emptied, place, what) => {
  writeJournal(dir, syntheticCalls(10), { segmentCalls: 2 });
  for (const segment of removed) rmSync(pathOf(segment));
  for (const segment of emptied) writeFileSync(pathOf(segment), "");
  expect(await problemOf()).toBe(
    `${place} follows on a line that is not here: ${what}, and no tombstone says that retention removed it`,
  );
});

it("a file without a line may stand behind what retention removed", async () => {
  const fixture = new JournalFixture(dir, { segmentCalls: 2 });
  for (const call of syntheticCalls(6)) fixture.add(call);
  fixture.flush();
  const ended = readFileSync(pathOf(1), "utf8").trimEnd().split("\n");
  const { seq: lastSeq, hash: head } = JSON.parse(ended.at(-1)!) as { seq: number; hash: string };
  const removed = { file: `${CHAIN_ID}.000001.jsonl`, firstSeq: 1, lastSeq, head, bytes: 1 };
  fixture.event({ event: "tombstone", segments: [removed] });
  fixture.end();
  for (const segment of [3, 2]) renameSync(pathOf(segment), pathOf(segment + 1));
  rmSync(pathOf(1));
  writeFileSync(pathOf(2), "");
  const { chains } = await verifyJournal(dir);
  expect(chains[0]?.removed).toEqual({ segments: 1, lastSeq });
});

it("a segment has one name", async () => {
  writeJournal(dir, syntheticCalls(4), { segmentCalls: 2 });
  writeFileSync(pathOf("000000"), "");
  renameSync(pathOf(1), pathOf("0000001"));
  const { notes } = await verifyJournal(dir);
  expect(notes).toEqual([
    `not part of a journal, and ignored: ${CHAIN_ID}.000000.jsonl, ${CHAIN_ID}.0000001.jsonl`,
  ]);
  expect(await problemOf()).toMatch(/^C\.000002\.jsonl:1 .* segment 1 is missing/);
});

it("what is no file is not read: a pipe would never end", async () => {
  writeJournal(dir, syntheticCalls(2));
  mkdirSync(pathOf(7));
  execFileSync("mkfifo", [pathOf(8)]);
  const { ok, notes } = await verifyJournal(dir);
  expect([ok, notes]).toEqual([
    true,
    [`not part of a journal, and ignored: ${CHAIN_ID}.000007.jsonl, ${CHAIN_ID}.000008.jsonl`],
  ]);
});

it("nor is such a copy of what was set aside", async () => {
  const lines = new JournalLines(dir).open().start("a").unknown("a");
  const size = readFileSync(pathOf(1)).length;
  const setAside: SetAside = { file: lines.file, fromByte: size, bytes: 3, sha256: "0", to: "b.torn" };
  lines.open({ setAside }).close();
  execFileSync("mkfifo", [join(dir, "b.torn")]);
  expect(await problemOf()).toMatch(/^C\.000001\.jsonl:4 has bytes set aside in b\.torn, which is no file/);
});

it.each([7, {}, "x", null])("a tombstone of %j is a finding", async (segments) => {
  const fixture = new JournalFixture(dir);
  for (const call of syntheticCalls(1)) fixture.add(call);
  fixture.event({ event: "tombstone", segments } as unknown as JournalEvent);
  fixture.end();
  expect(await problemOf()).toMatch(/^C\.000001\.jsonl:\d+ is a tombstone that names no segments$/);
});
