import fc from "fast-check";
import { expect, it } from "vitest";
import { Budget, DEFAULT_BUDGET } from "../../src/budget.js";

const drain = (budget: Budget, config = DEFAULT_BUDGET) => {
  let taken = 0;
  while (taken < 1_000 && budget.takeRetry(config, "server_error")) taken++;
  return taken;
};

it("lets the reserve be spent, then one retry in ten calls; a timeout costs two", () => {
  const budget = new Budget();
  expect(drain(budget)).toBe(10);
  for (let i = 0; i < 9; i++) budget.deposit(DEFAULT_BUDGET);
  expect(drain(budget)).toBe(0);
  budget.deposit(DEFAULT_BUDGET);
  expect(budget.takeRetry(DEFAULT_BUDGET, "timeout")).toBe(false);
  for (let i = 0; i < 10; i++) budget.deposit(DEFAULT_BUDGET);
  expect(budget.takeRetry(DEFAULT_BUDGET, "timeout")).toBe(true);
  expect(drain(budget)).toBe(0);
});

it("hedges draw on their own share, and on the retries'", () => {
  const budget = new Budget();
  const config = { ratio: 0.1, reserve: 0, hedgeRatio: 0.05 };
  for (let i = 0; i < 20; i++) budget.deposit(config);
  expect(budget.takeHedge(config)).toBe(true);
  expect(budget.takeHedge(config)).toBe(false);
  expect(drain(budget, config)).toBe(1);
  expect(budget.takeHedge(config)).toBe(false);
});

it("saves up to ten without a reserve, and never more than the cap", () => {
  const budget = new Budget();
  const config = { ratio: 0.5, reserve: 0, hedgeRatio: 0.5 };
  expect(drain(budget, config)).toBe(0);
  for (let i = 0; i < 1_000; i++) budget.deposit(config);
  expect(budget.left(config)).toEqual({ retries: 10, hedges: 10 });
  expect(drain(budget, config)).toBe(10);
});

it("never allows more extra requests than its share of the calls, plus the reserve", () => {
  const act = fc.constantFrom("call", "retry", "timeout", "hedge");
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 400 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(20),
      (acts, ratio, reserve) => {
        const config = { ratio, reserve, hedgeRatio: ratio / 2 };
        const budget = new Budget();
        let calls = 0;
        let extra = 0;
        let hedges = 0;
        for (const each of acts) {
          if (each === "call") {
            calls++;
            budget.deposit(config);
          } else if (each === "hedge") {
            if (budget.takeHedge(config)) {
              hedges++;
              extra++;
            }
          } else if (budget.takeRetry(config, each === "timeout" ? "timeout" : "network")) extra++;
        }
        expect(extra).toBeLessThanOrEqual(ratio * calls + reserve + 1e-6);
        expect(hedges).toBeLessThanOrEqual((ratio / 2) * calls + reserve + 1e-6);
      },
    ),
  );
});
