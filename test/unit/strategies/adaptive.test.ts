import { describe, expect, it } from "vitest";
import { adaptive } from "../../../src/chain.js";
import { seeded } from "../../../src/seeded.js";
import { idsOf, orderView, targetsOf, vitals } from "./view.js";

const targets = targetsOf("a/one", "b/two", "c/three");
const known = (firstContentMs: number | undefined, successRate = 1) =>
  vitals({ samples: 10, firstContentMs, successRate });

describe("adaptive", () => {
  it("puts the fastest first, and one that keeps failing behind", () => {
    const view = orderView({
      vitals: { "a/one": known(900), "b/two": known(300, 0.1), "c/three": known(500) },
    });
    expect(idsOf(adaptive(), targets, view)).toEqual(["c/three", "a/one", "b/two"]);
  });

  it("keeps the given order among near ties, and the place of what is unknown", () => {
    const ties = orderView({ vitals: { "a/one": known(500), "b/two": known(480), "c/three": known(470) } });
    expect(idsOf(adaptive(), targets, ties)).toEqual(["a/one", "b/two", "c/three"]);
    const unknown = orderView({ vitals: { "b/two": known(500), "c/three": known(100) } });
    expect(idsOf(adaptive(), targets, unknown)).toEqual(["a/one", "c/three", "b/two"]);
    const few = orderView({
      vitals: { "a/one": known(500), "b/two": vitals({ samples: 2, firstContentMs: 1, successRate: 1 }) },
    });
    expect(idsOf(adaptive(), targets, few)[0]).toBe("a/one");
  });

  it("goes by price, failures included, or by success", () => {
    const prices = { "a/one": 0.03, "b/two": 0.01, "c/three": 0.02 };
    expect(idsOf(adaptive({ by: "cost" }), targets, orderView({ prices }))).toEqual([
      "b/two",
      "c/three",
      "a/one",
    ]);
    const flaky = { "b/two": known(100, 0.2) };
    expect(idsOf(adaptive({ by: "cost" }), targets, orderView({ prices, vitals: flaky }))[0]).toBe("c/three");
    const view = orderView({
      vitals: { "a/one": known(1, 0.5), "b/two": known(1, 0.99), "c/three": known(1, 0.7) },
    });
    expect(idsOf(adaptive({ by: "success" }), targets, view)).toEqual(["b/two", "c/three", "a/one"]);
  });

  it("explores: each of the others comes first in its part of `explore` of the calls, and never in a plan", () => {
    const random = seeded(5);
    const view = orderView({ random });
    const strategy = adaptive({ explore: 0.2 });
    const counts = { "a/one": 0, "b/two": 0, "c/three": 0 };
    for (let i = 0; i < 10_000; i++) counts[idsOf(strategy, targets, view)[0] as keyof typeof counts]++;
    expect(counts["b/two"] / 10_000).toBeCloseTo(0.1, 1);
    expect(counts["c/three"] / 10_000).toBeCloseTo(0.1, 1);
    expect(counts["a/one"] / 10_000).toBeCloseTo(0.8, 1);
    expect(idsOf(strategy, targets, orderView({ random: () => 0, dry: true }))[0]).toBe("a/one");
    expect(idsOf(adaptive({ explore: 0 }), targets, orderView({ random: () => 0 }))[0]).toBe("a/one");
  });

  it.each([
    [{ by: "luck" as never }, 'adaptive().by must be "latency", "cost" or "success", got "luck"'],
    [{ explore: 2 }, "adaptive().explore must be between 0 and 1, got 2"],
  ])("refuses %j", (options, message) => {
    expect(() => adaptive(options)).toThrow(message);
  });
});
