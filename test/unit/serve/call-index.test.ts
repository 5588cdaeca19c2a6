import { describe, expect, it } from "vitest";
import type { JournalEntry, JournalEvent } from "../../../src/journal/entry.js";
import { CallIndex } from "../../../src/serve/call-index.js";
import { queryOf, select } from "../../../src/serve/call-query.js";
import { rowOf } from "../../../src/serve/kept-call.js";
import { eventfulCall, eventfulCalls } from "../../support/eventful-calls.js";
import type { SyntheticCall } from "../../support/synthetic-calls.js";

const AT = Date.UTC(2026, 10, 25, 9);
let seq = 0;

function entry(event: JournalEvent, chainId = "00f1e2d3c4b5a697"): JournalEntry {
  return { seq: ++seq, ts: new Date(AT).toISOString(), mono: seq, chainId, ...event, prev: "", hash: "" };
}

function entriesOf({ start, record }: SyntheticCall): JournalEntry[] {
  const { callId } = start;
  return [
    entry({ event: "request.start", callId, start }),
    ...record.attempts.map((attempt) => entry({ event: "attempt", callId, attempt })),
    entry({ event: "request.end", callId, outcome: record.outcome, record }),
  ];
}

const page = (index: CallIndex, query = "limit=500") =>
  select(index.calls, queryOf(new URLSearchParams(query)));

describe("the index of calls", () => {
  it("keeps the latest, and says since when", () => {
    const calls = [...eventfulCalls(1_000, { to: AT })];
    const index = new CallIndex(100);
    for (const call of calls) index.add(entriesOf(call));
    const { kept, keptSince, calls: read } = index.state;
    expect(read).toBe(1_000);
    expect(kept).toBeGreaterThanOrEqual(100);
    expect(kept).toBeLessThanOrEqual(105);
    expect(keptSince).toBe(Date.parse(calls.at(-kept)!.start.startedAt));
    expect(index.find(calls[0]!.start.callId)).toBeUndefined();
    expect(page(index).calls.map(({ callId }) => callId)).toEqual(
      calls
        .slice(-kept)
        .map(({ start }) => start.callId)
        .reverse(),
    );
  });

  it("lists the calls of several writers by time, though they are read one after another", () => {
    const calls = [...eventfulCalls(60, { to: AT })];
    const index = new CallIndex(40);
    index.add(calls.filter((_, i) => i % 2 === 1).flatMap(entriesOf));
    index.add(calls.filter((_, i) => i % 2 === 0).flatMap(entriesOf));
    expect(page(index).calls.map(({ at }) => at)).toEqual(
      calls
        .slice(-40)
        .map(({ start }) => Date.parse(start.startedAt))
        .reverse(),
    );
  });

  it("counts a call once, also when a writer has written its lines again", () => {
    const index = new CallIndex();
    const call = eventfulCall("recovery", AT);
    const [started, first, ...others] = entriesOf(call);
    index.add([started!, first!, started!, first!]);
    expect(index.state).toMatchObject({ calls: 1, running: 1 });
    expect(rowOf(index.find(call.start.callId)!)).toMatchObject({
      state: "running",
      attempts: 1,
      trail: "f",
    });
    index.add([...others, ...entriesOf(call)]);
    expect(index.state).toMatchObject({ calls: 1, running: 0 });
    expect(rowOf(index.find(call.start.callId)!)).toMatchObject({
      state: "ok",
      trail: "ffw",
      recovered: true,
    });
  });

  it("tells a call whose process died from one that runs", () => {
    const index = new CallIndex();
    const [dead, alive] = [eventfulCall("plain", AT), eventfulCall("plain", AT + 1)];
    index.add([entriesOf(dead)[0]!, entriesOf(alive)[0]!]);
    index.add([entry({ event: "request.end", callId: dead.start.callId, outcome: "unknown" })]);
    expect(page(index).calls.map(({ state }) => state)).toEqual(["running", "unknown"]);
  });

  it("takes a call whose start is gone with an older segment", () => {
    const index = new CallIndex();
    const call = eventfulCall("failover", AT);
    index.add(entriesOf(call).slice(-1));
    expect(rowOf(index.find(call.start.callId)!)).toMatchObject({ state: "ok", at: AT });
  });

  it("names the files that hold a call", () => {
    const index = new CallIndex();
    const open = (segment: number): JournalEntry =>
      entry({
        event: "segment.open",
        segment,
        writer: { pid: 1, host: "h", version: "1" },
        durability: "os",
        openCalls: [],
        checkpoints: 0,
      });
    const [within, across] = [eventfulCall("plain", AT), eventfulCall("plain", AT + 1)];
    const [started, ...rest] = entriesOf(across);
    seq = 0;
    index.add([open(1), ...entriesOf(within)]);
    const begun = { ...started!, seq: ++seq };
    index.add([begun, open(2), ...rest.map((each) => ({ ...each, seq: ++seq })), open(3)]);
    const names = (call: SyntheticCall) => index.filesOf(index.find(call.start.callId)!);
    expect(names(within)).toEqual(["00f1e2d3c4b5a697.000001.jsonl"]);
    expect(names(across)).toEqual(["00f1e2d3c4b5a697.000001.jsonl", "00f1e2d3c4b5a697.000002.jsonl"]);
  });

  it("goes on after entries that are not what they should be, and counts them", () => {
    const index = new CallIndex();
    const good = eventfulCall("plain", AT);
    const broken = [
      { event: "request.start", callId: "a" },
      { event: "request.start", callId: "b", start: { startedAt: "yesterday" } },
      { event: "request.start", callId: "c", start: { startedAt: new Date(AT).toISOString() } },
      { event: "request.end", callId: "c", outcome: "ok", record: { attempts: "none" } },
      { event: "something.new" },
    ];
    index.add(broken.map((event) => entry(event as JournalEvent)));
    index.add([entry({ event: "gap", reason: "queue_full", lost: { attempt: 3 } }), ...entriesOf(good)]);
    expect(index.state).toMatchObject({ unreadable: 4, gaps: 1, running: 0 });
    expect(rowOf(index.find(good.start.callId)!).state).toBe("ok");
    expect(page(index, "text=zzz").calls).toEqual([]);
  });
});
