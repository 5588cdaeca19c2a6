import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { JournalEntry, JournalEvent } from "../../src/journal/entry.js";
import { follow } from "../../src/journal/follow.js";
import { bodyOf, GENESIS } from "../../src/journal/line.js";
import { segmentFile } from "../../src/journal/segment.js";
import { CallIndex } from "../../src/serve/call-index.js";
import { overviewOf } from "../../src/serve/overview.js";
import { jsonLines, play } from "../support/cli.js";
import { CHAIN_ID, JournalFixture } from "../support/journal-fixture.js";
import { seal } from "../support/sealed-line.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

const dir = mkdtempSync(join(tmpdir(), "hostile-"));
const calls = [...syntheticCalls(40)];
const attempt = calls.find(({ record }) => record.attempts.length > 0)!.record.attempts[0]!;

/** What whoever can write to the folder may put in a record; its hash holds. */
const CHANGES: Record<string, unknown>[] = [
  { breakers: [{ target: "a", phase: "open", atMs: "x" }] },
  { breakers: [{ target: "a", phase: "open", atMs: 1e300 }] },
  { attempts: [null] },
  { attempts: [{}] },
  { attempts: [{ ...attempt, outcome: "odd" }] },
  { attempts: [{ ...attempt, cost: { usd: "x" } }] },
  { attempts: [{ ...attempt, failure: null }] },
  { labels: null },
  { labels: { service: 1 } },
  { caller: null },
  { outcome: "odd" },
  { durationMs: "long" },
  { strategy: null },
  { skipped: [null] },
  { skipped: [{ target: "a", model: "a", reason: "\u202eevil" }] },
  { answeredBy: {} },
  { startedAt: "+275760-09-13T00:00:00.000Z" },
  { error: "x" },
];

beforeAll(() => {
  const fixture = new JournalFixture(dir);
  calls.forEach(({ start, record }, i) => {
    const { callId, outcome } = record;
    fixture.event({ event: "request.start", callId, start });
    fixture.event({
      event: "request.end",
      callId,
      outcome,
      record: { ...record, ...CHANGES[i] },
    } as JournalEvent);
  });
  const odd = [{ event: "gap", lost: null }, { event: "recovery" }, { event: "request.end", callId: 5 }];
  for (const event of odd) fixture.event(event as unknown as JournalEvent);
  fixture.end();
});
afterAll(() => rmSync(dir, { recursive: true }));

it.each([
  ["report", "--json"],
  ["tail", "-n", "100"],
  ["export", "--parquet", join(dir, "parquet")],
  ...calls.slice(0, CHANGES.length).map(({ record }) => ["show", record.callId]),
])("audit %s %s goes on where a record is none", async (...argv) => {
  const { code, stdout } = await play(["audit", ...argv, "--dir", dir]);
  expect([code, stdout.length > 0]).toEqual([0, true]);
});

it("no line leads out of the folder", async () => {
  const place = { seq: 1, ts: "2026-11-25T09:00:00.000Z", mono: 1, prev: GENESIS };
  const odd = join(dir, "odd");
  mkdirSync(odd);
  const lines = ["../00f1e2d3c4b5a697", CHAIN_ID].map((chainId, i) => {
    const body = bodyOf({ event: "segment.open", segment: i ? "/../../x" : 1 } as unknown as JournalEvent);
    return seal({ ...place, seq: i + 1, chainId }, body).text;
  });
  writeFileSync(join(odd, segmentFile(CHAIN_ID, 1)), lines.join(""));
  const index = new CallIndex();
  const stop = new AbortController();
  for await (const entries of follow(odd, { from: "start", signal: stop.signal })) {
    expect(entries.map(({ chainId }) => chainId)).toEqual([CHAIN_ID]);
    index.add(entries);
    stop.abort();
  }
  expect(index.state.unreadable).toBe(1);
});

it("counts what it leaves out", async () => {
  const { stdout, stderr } = await play(["audit", "report", "--dir", dir, "--json"]);
  const { calls: counted } = JSON.parse(stdout) as { calls: { total: number } };
  expect(counted.total).toBe(calls.length - CHANGES.length);
  expect(stderr).toContain(`${CHANGES.length + 1} lines could not be read`);
});

it("is shown as a page nevertheless", async () => {
  const { stdout } = await play(["audit", "tail", "--json", "-n", "1000", "--dir", dir]);
  const index = new CallIndex();
  index.add(jsonLines(stdout) as unknown as JournalEntry[]);
  expect(index.state.unreadable).toBe(CHANGES.length);
  const { calls: counted } = await overviewOf(index.calls, { from: -Infinity, to: Infinity });
  expect([counted.total, counted.open]).toEqual([calls.length, CHANGES.length]);
});
