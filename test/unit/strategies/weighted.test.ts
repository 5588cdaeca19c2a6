import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { weighted } from "../../../src/chain.js";
import { idsOf, orderView, targetsOf } from "./view.js";

const targets = targetsOf("a/one", "b/two", "c/three");
const firsts = (weights: Record<string, number>, calls: number, seed = 1) => {
  const strategy = weighted({ weights, seed });
  return Array.from({ length: calls }, () => idsOf(strategy, targets, orderView({}))[0]!);
};

describe("weighted", () => {
  it("gives every target its share, smoothly, whatever the weights", () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 9 })),
        fc.nat(),
        (shares, seed) => {
          const weights = Object.fromEntries(targets.map(({ id }, i) => [id, shares[i]!]));
          const total = shares.reduce((a, b) => a + b);
          const asked = firsts(weights, total * 3, seed);
          // Of any stretch as long as the cycle, each has its share, but for one at either edge.
          for (let from = 0; from <= total * 2; from++) {
            for (const { id } of targets) {
              const count = asked.slice(from, from + total).filter((each) => each === id).length;
              expect(Math.abs(count - weights[id]!)).toBeLessThanOrEqual(1);
            }
          }
        },
      ),
    );
  });

  it("does not ask three times in a row at 2 : 1 : 1", () => {
    const asked = firsts({ "a/one": 2, "b/two": 1, "c/three": 1 }, 40).join(" ");
    expect(asked).not.toContain("a/one a/one a/one");
  });

  it("walks the same way from the same seed, and begins elsewhere from another", () => {
    const weights = { "a/one": 5, "b/two": 3, "c/three": 2 };
    expect(firsts(weights, 30, 7)).toEqual(firsts(weights, 30, 7));
    const ways = new Set([1, 2, 3, 4, 5, 6].map((seed) => firsts(weights, 10, seed).join()));
    expect(ways.size).toBeGreaterThan(1);
  });

  it("puts those without a weight last, in their order, and keeps its place when only a plan is asked for", () => {
    const strategy = weighted({ weights: { "c/three": 1 } });
    expect(idsOf(strategy, targets, orderView({}))).toEqual(["c/three", "a/one", "b/two"]);
    const even = weighted({ weights: { "a/one": 1, "b/two": 1 }, seed: 3 });
    const planned = idsOf(even, targets, orderView({ dry: true }));
    expect(idsOf(even, targets, orderView({ dry: true }))).toEqual(planned);
    expect(idsOf(even, targets, orderView({}))).toEqual(planned);
    expect(idsOf(even, targets, orderView({}))).not.toEqual(planned);
  });

  it.each([
    [{}, "weighted().weights must hold at least one weight > 0"],
    [{ "a/one": 0 }, "weighted().weights must hold at least one weight > 0"],
    [{ "a/one": -1 }, 'weighted().weights["a/one"] must be >= 0, got -1'],
    [{ "a/one": Number.NaN }, 'weighted().weights["a/one"] must be >= 0, got NaN'],
  ])("refuses %j", (weights, message) => {
    expect(() => weighted({ weights })).toThrow(message);
  });
});
