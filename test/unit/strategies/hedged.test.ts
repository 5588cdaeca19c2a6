import { describe, expect, it } from "vitest";
import { hedged, race, weighted } from "../../../src/chain.js";
import { idsOf, orderView, paceView, targetsOf, vitals } from "./view.js";

const never = Number.POSITIVE_INFINITY;

describe("hedged", () => {
  it("waits for afterMs, then for a quantile of what the running target needs", () => {
    expect(hedged({ afterMs: 700 }).hedgeDelay(paceView())).toBe(700);
    const times = Array.from({ length: 100 }, (_, i) => (i + 1) * 10);
    expect(hedged().hedgeDelay(paceView({ known: vitals({ times }) }))).toBe(950);
    expect(hedged({ afterQuantile: 0.5 }).hedgeDelay(paceView({ known: vitals({ times }) }))).toBe(500);
  });

  it("takes afterMs beside a quantile for a floor, and in its place while too little is known", () => {
    const strategy = hedged({ afterMs: 600, afterQuantile: 0.5 });
    const times = Array.from({ length: 20 }, () => 100);
    expect(strategy.hedgeDelay(paceView({ known: vitals({ times }) }))).toBe(600);
    expect(strategy.hedgeDelay(paceView({ known: vitals({ times: times.slice(1) }) }))).toBe(600);
    expect(hedged().hedgeDelay(paceView({ known: vitals({ times: times.slice(1) }) }))).toBe(never);
  });

  it("has at most `max` lanes under way, and none beside a tool that must not be asked for twice", () => {
    const strategy = hedged({ afterMs: 1, max: 3, exceptTools: ["pay"] });
    expect(strategy.hedgeDelay(paceView({ inFlight: 2 }))).toBe(1);
    expect(strategy.hedgeDelay(paceView({ inFlight: 3 }))).toBe(never);
    const call = { id: "", dry: false, tools: ["look", "pay"] };
    expect(strategy.hedgeDelay(paceView({ call }))).toBe(never);
    expect(strategy.hedgeDelay(paceView({ call: { ...call, tools: ["look"] } }))).toBe(1);
  });

  it("takes its order, and the ids it refers to, from another strategy", () => {
    const strategy = hedged({ order: weighted({ weights: { "b/two": 1 } }) });
    expect(strategy).toMatchObject({ name: "hedged(weighted)", targetIds: ["b/two"] });
    expect(idsOf(strategy, targetsOf("a/one", "b/two"), orderView({}))).toEqual(["b/two", "a/one"]);
  });

  it.each([
    [{ afterMs: -1 }, "hedged().afterMs must be >= 0 (milliseconds), got -1"],
    [{ afterQuantile: 1 }, "hedged().afterQuantile must be between 0 and 1, got 1"],
    [{ max: 0 }, "hedged().max must be a whole number >= 1, got 0"],
    [{ exceptTools: "pay" as never }, 'hedged().exceptTools must be a list of tool names, got "pay"'],
  ])("refuses %j", (options, message) => {
    expect(() => hedged(options)).toThrow(message);
  });
});

describe("race", () => {
  it("starts all at once, or `max` of them, on no budget", () => {
    expect(race().hedgeDelay(paceView({ inFlight: 7 }))).toBe(0);
    expect(race({ max: 2 }).hedgeDelay(paceView({ inFlight: 1 }))).toBe(0);
    expect(race({ max: 2 }).hedgeDelay(paceView({ inFlight: 2 }))).toBe(never);
    expect(race().budgeted).toBe(false);
    const call = { id: "", dry: false, tools: ["pay"] };
    expect(race({ exceptTools: ["pay"] }).hedgeDelay(paceView({ call }))).toBe(never);
    expect(() => race({ max: 1.5 })).toThrow("race().max must be a whole number >= 1, got 1.5");
  });
});
