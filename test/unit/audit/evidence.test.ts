import { expect, it } from "vitest";
import { Dispatch, START_WAIT_MS } from "../../../src/audit/dispatch.js";
import { systemClock } from "../../../src/clock.js";
import { Evidence } from "../../../src/evidence.js";
import { silentLogger } from "../../../src/logger.js";
import { answer, scripted } from "../../../src/providers/scripted.js";
import type { AuditRecord, AuditSink, CallStart } from "../../../src/record.js";
import { Observers } from "../../../src/telemetry/observers.js";
import type { Target } from "../../../src/types.js";
import { ask, bench } from "../../support/chain.js";
import { steppedClock } from "../../support/stepped-clock.js";

const start: CallStart = {
  v: 1,
  callId: "c",
  startedAt: "2026-11-26T00:00:00.000Z",
  strategy: "sequential",
  streamed: true,
  labels: { service: "billing" },
  caller: { userId: "u" },
  targets: ["a/one"],
  requestDigest: "",
};
const content = { request: { messages: [] }, text: "" };
const target = { id: "a/one", model: "a/one", provider: scripted({ script: {} }) } as unknown as Target;
const began = { type: "attempt.started", wall: 0, target, why: "first", omitted: [] } as const;

const turn = () => new Promise((resolve) => setImmediate(resolve));

function evidence(sink: AuditSink): Evidence {
  const dispatch = new Dispatch([sink], silentLogger, systemClock);
  return new Evidence(start, 0, {
    logger: silentLogger,
    dispatch,
    content,
    observers: new Observers([], silentLogger),
    within: (action) => action(),
  });
}

it("tells of attempts that are still open when the call ends, before the record", () => {
  const told: unknown[] = [];
  const calls = evidence({
    attempt: ({ n, outcome, durationMs }) => void told.push({ n, outcome, durationMs }),
    write: ({ attempts }) => void told.push(attempts.map(({ durationMs }) => durationMs)),
  });
  calls.emit({ ...began, at: 1, n: 1 });
  calls.emit({ ...began, at: 2, n: 2 });
  calls.emit({ type: "attempt.won", at: 4, n: 1, finishReason: "stop" });
  calls.close({ type: "call.finished", at: 7, outcome: "ok" });
  expect(told).toEqual([
    { n: 1, outcome: "won", durationMs: 3 },
    { n: 2, outcome: "cancelled", durationMs: 5 },
    [3, 5],
  ]);
});

it("lets no sink change what others are told", async () => {
  const spoil = (what: object, key: string, value: unknown) => {
    expect(() => Object.assign(what, { [key]: value })).toThrow(TypeError);
  };
  let written: AuditRecord | undefined;
  let asked = 0;
  const calls = evidence({
    start(call) {
      asked++;
      spoil(call, "callId", "another");
      spoil(call.labels, "service", "another");
      spoil(call.caller, "userId", "another");
      spoil(call.targets, "0", "another");
    },
    attempt(entry) {
      asked++;
      // A copy of its own.
      entry.n = 9;
      spoil(entry.usage!, "inputTokens", 9);
    },
    write(record) {
      written = record;
    },
  });
  await calls.announce();
  calls.emit({ ...began, at: 1, n: 1 });
  calls.emit({ type: "attempt.usage", at: 2, n: 1, usage: { inputTokens: 1, outputTokens: 2 } });
  calls.emit({ type: "attempt.won", at: 3, n: 1, finishReason: "stop" });
  calls.close({ type: "call.finished", at: 3, outcome: "ok" });
  expect(asked).toBe(2);
  expect(written).toMatchObject({ callId: "c", labels: { service: "billing" }, caller: { userId: "u" } });
  expect(written?.attempts).toMatchObject([{ n: 1, usage: { inputTokens: 1 } }]);
});

it("does not blame a sink for a blocked event loop", async () => {
  const sink: AuditSink = { start: async () => void (await turn()), write() {} };
  const dispatch = new Dispatch([sink], silentLogger, systemClock);
  // From here the loop goes on to its timers.
  await turn();
  const noted = dispatch.start(start, content);
  const until = performance.now() + START_WAIT_MS + 20;
  while (performance.now() < until);
  await noted;
  expect(dispatch.errors).toBe(0);
});

it("waits for a sink that hangs no longer than it may", async () => {
  const clock = steppedClock();
  const dispatch = new Dispatch([{ start: () => new Promise(() => {}), write() {} }], silentLogger, clock);
  let noted = false;
  void dispatch.start(start, content)?.then(() => {
    noted = true;
  });
  clock.advance(START_WAIT_MS - 1);
  await turn();
  expect([noted, dispatch.errors]).toEqual([false, 0]);
  clock.advance(1);
  await turn();
  expect([noted, dispatch.errors]).toEqual([true, 1]);
});

it("tells of the start of a call that was over before it began", () => {
  const told: string[] = [];
  const calls = evidence({
    start: ({ callId }) => void told.push(`start ${callId}`),
    write: ({ callId }) => void told.push(`end ${callId}`),
  });
  calls.close({ type: "call.finished", at: 0, outcome: "aborted", code: "aborted" });
  expect(told).toEqual(["start c", "end c"]);
});

it("freezes nothing that a provider or a reader holds", async () => {
  const usage = { inputTokens: 1, outputTokens: 0 };
  const { chain, provider } = bench({ "a/one": [answer("a")] });
  provider.open = async (_, { onHeaders }) => {
    onHeaders({ status: 200 });
    return (async function* () {
      yield [{ type: "text" as const, text: "a" }];
      usage.outputTokens++;
      yield [
        { type: "usage" as const, usage },
        { type: "finish" as const, reason: "stop" },
      ];
    })();
  };
  for (const outputTokens of [1, 2]) {
    const answered = await chain.complete(ask);
    expect(answered.record.usage).toEqual({ inputTokens: 1, outputTokens });
    expect(Object.isFrozen(answered.usage)).toBe(false);
  }
  expect(Object.isFrozen(usage)).toBe(false);
});

it("lets no sink change what is sent", async () => {
  const audit: AuditSink = {
    start(_, told) {
      expect(told?.request).toEqual(ask);
      told?.request.messages.push({ role: "user", content: "and more" });
      Object.assign(told?.request.messages[0] ?? {}, { content: "something else" });
    },
    write() {},
  };
  const { chain, provider } = bench({ "a/one": [answer("a")] }, { audit });
  await chain.complete(ask);
  expect(provider.requests[0]?.request.messages).toEqual(ask.messages);
  expect(chain.sinkErrors).toBe(0);
});
