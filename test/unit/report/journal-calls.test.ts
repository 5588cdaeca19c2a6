import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { segmentFile } from "../../../src/journal/segment.js";
import type { AuditRecord } from "../../../src/record.js";
import type { Begun } from "../../../src/report/fold.js";
import { type JournalCallsOptions, readCalls } from "../../../src/report/journal-calls.js";
import { CHAIN_ID, JournalFixture, writeJournal } from "../../support/journal-fixture.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "calls-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function read(options: JournalCallsOptions = {}) {
  const told = { records: [] as AuditRecord[], unknown: [] as Begun[], open: [] as Begun[] };
  const visitor = {
    add: (record: AuditRecord) => void told.records.push(record),
    addUnknown: (call: Begun) => void told.unknown.push(call),
    addOpen: (call: Begun) => void told.open.push(call),
  };
  return { ...told, ...(await readCalls(dir, visitor, options)) };
}

const ids = (records: readonly { callId: string }[]) => records.map(({ callId }) => callId);

it("tells of every call once, over chains and segments, and how far it has come", async () => {
  const calls = [...syntheticCalls(60)];
  writeJournal(dir, calls.slice(0, 40), { segmentCalls: 7 });
  writeJournal(dir, calls.slice(40), { chainId: "ffffffffffffffff" });
  const progress: [number, number][] = [];
  const { records, segments, bytes, unreadable } = await read({
    onProgress: (...args) => void progress.push(args),
  });
  expect(records).toEqual(calls.map(({ record }) => record));
  expect([segments, unreadable]).toEqual([7, 0]);
  expect(progress.at(-1)).toEqual([bytes, bytes]);
  expect(progress.every(([done], i) => done >= (progress[i - 1]?.[0] ?? 0))).toBe(true);
});

it("leaves out what began before or after, and segments that are long over", async () => {
  const calls = [...syntheticCalls(40, { everyMs: 3_600_000 })];
  writeJournal(dir, calls, { segmentCalls: 5 });
  const started = calls.map(({ start }) => Date.parse(start.startedAt));
  const { records, segments } = await read({ sinceMs: started[20], untilMs: started[30] });
  expect(ids(records)).toEqual(ids(calls.slice(20, 30).map(({ record }) => record)));
  expect(segments).toBeLessThan(8);
});

it("tells of calls that have not ended, and of those whose process died", async () => {
  const [first, second, third, gone] = [...syntheticCalls(4)];
  const fixture = new JournalFixture(dir, { running: true });
  for (const { start } of [second!, third!])
    fixture.event({ event: "request.start", callId: start.callId, start }, start.startedAt);
  fixture.add(first!);
  fixture.event({ event: "request.end", callId: second!.start.callId, outcome: "unknown" });
  // Its start was in a segment that is no longer there.
  fixture.event({ event: "request.end", callId: gone!.start.callId, outcome: "unknown" });
  fixture.end();
  const { records, unknown, open } = await read();
  expect(ids(records)).toEqual([first!.start.callId]);
  expect(unknown).toEqual([second!.start, { startedAt: "2026-11-25T09:00:00.000Z", labels: {} }]);
  expect(open).toEqual([third!.start]);
});

it("does not count twice what was written again in the next segment", async () => {
  const calls = [...syntheticCalls(6)];
  writeJournal(dir, [...calls, ...calls.slice(3)], { segmentCalls: 6 });
  const { records, open } = await read();
  expect(ids(records)).toEqual(ids(calls.map(({ record }) => record)));
  expect(open).toEqual([]);
});

it("says how many ends it could not read, and stumbles over nothing", async () => {
  writeJournal(dir, syntheticCalls(3), { running: true });
  const odd = [
    "no JSON at all",
    '{"seq":1,"event":"request.end","callId":"a","outcome":"ok","record":',
    '{"seq":1,"event":"request.end","callId":"b","outcome":"ok","record":7}',
    '{"seq":1,"event":"request.end","callId":"c","outcome":"ok"}',
    '{"seq":1,"event":"request.end","callId":"d","outcome":"ok","record":{"startedAt":"x","attempts":[]}}',
    '{"seq":1,"event":"request.end","callId":"torn","outc',
  ];
  appendFileSync(join(dir, segmentFile(CHAIN_ID, 1)), odd.join("\n"));
  const { records, unreadable } = await read();
  expect([records.length, unreadable]).toEqual([3, 4]);
});

it("stops when told to", async () => {
  writeJournal(dir, syntheticCalls(3));
  await expect(read({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
});
