import { describe, expect, it } from "vitest";
import { waterfallOf } from "../../../src/page/waterfall-model.js";
import { eventfulCall, type Scene } from "../../support/eventful-calls.js";

const AT = Date.UTC(2026, 10, 25, 9);

function fall(scene: Scene) {
  const { record } = eventfulCall(scene, AT);
  return { record, ...waterfallOf(record.startedAt, record.attempts, record) };
}

describe("the waterfall of a call", () => {
  it("puts an attempt's phases one after another, up to its end", () => {
    const { lanes, record } = fall("plain");
    const { headersMs = 0, firstContentMs = 0, durationMs } = record.attempts[0]!;
    expect(lanes[0]!.phases).toEqual([
      { name: "connect", from: 0, to: headersMs },
      { name: "wait", from: headersMs, to: firstContentMs },
      { name: "stream", from: firstContentMs, to: durationMs },
    ]);
    expect(lanes[0]!.committedAt).toBe(firstContentMs);
  });

  it("shows a failure before headers as one phase, and the wait behind it", () => {
    const { lanes } = fall("retry");
    const [failed, won] = lanes;
    expect(failed!.phases.map(({ name }) => name)).toEqual(["connect"]);
    expect(failed!.committedAt).toBeUndefined();
    expect(failed!.waitedTo).toBe(failed!.to + 1_200);
    expect(won!.from).toBeCloseTo(failed!.waitedTo!, -1);
  });

  it("puts a hedge beside the lane that ran, and commits the winner alone", () => {
    const { lanes } = fall("hedge");
    expect(lanes.map(({ besides }) => besides)).toEqual([undefined, 0]);
    expect(lanes[0]!.committedAt).toBeUndefined();
    expect(lanes[1]!.committedAt).toBeCloseTo(lanes[0]!.to, 3);
  });

  it("marks what the caller had seen before a recovery, and who took over", () => {
    const { lanes } = fall("recovery");
    expect(lanes.map(({ committedAt }) => committedAt !== undefined)).toEqual([false, true, true]);
    expect(lanes.map(({ recovery }) => recovery)).toEqual([undefined, undefined, "restart"]);
  });

  it("stands a clock that went back, and attempts without a record", () => {
    const { record } = eventfulCall("failover", AT);
    const later = new Date(AT + 60_000).toISOString();
    const { lanes, totalMs, ticks } = waterfallOf(later, record.attempts);
    expect(lanes.every(({ from }) => from === 0)).toBe(true);
    expect(totalMs).toBe(Math.max(...record.attempts.map(({ durationMs }) => durationMs)));
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(waterfallOf(later, [])).toEqual({ totalMs: 1, lanes: [], ticks: expect.any(Array) });
  });
});
