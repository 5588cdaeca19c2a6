import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Price } from "../../src/model-facts.js";
import { costOf, likelyCost, worstCost } from "../../src/price.js";
import { readUsage } from "../../src/providers/usage.js";
import type { Usage } from "../../src/types.js";

const PRICE: Price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
const TIERED: Price = {
  ...PRICE,
  tiers: [
    { minInputTokens: 200_000, input: 6, output: 22.5 },
    { minInputTokens: 400_000, input: 9 },
  ],
};
const usage = (inputTokens: number, outputTokens: number, more: Partial<Usage> = {}): Usage => ({
  inputTokens,
  outputTokens,
  ...more,
});

describe("costOf", () => {
  it.each<[string, Usage, Price, number]>([
    ["tokens in and out", usage(1_000, 500), PRICE, 0.0105],
    ["free ones", usage(1_000_000, 500_000), { input: 0, output: 0 }, 0],
    ["no tokens", usage(0, 0), PRICE, 0],
    ["tokens read", usage(1_000, 0, { cacheReadInputTokens: 900 }), PRICE, 0.00057],
    ["tokens written", usage(1_000, 0, { cacheCreationInputTokens: 900 }), PRICE, 0.003675],
    [
      "tokens read and written",
      usage(1_000, 0, { cacheReadInputTokens: 500, cacheCreationInputTokens: 500 }),
      PRICE,
      0.002025,
    ],
    [
      "a cache without a price",
      usage(1_000, 0, { cacheReadInputTokens: 900 }),
      { input: 3, output: 15 },
      0.003,
    ],
    [
      "more tokens read than there are",
      usage(100, 0, { cacheReadInputTokens: 5_000, cacheCreationInputTokens: 5_000 }),
      PRICE,
      0.00003,
    ],
    ["reasoning, which is output", usage(0, 1_000, { reasoningTokens: 900 }), PRICE, 0.015],
    ["a price per request", usage(0, 0), { ...PRICE, request: 0.01 }, 0.01],
    ["a prompt below the tier", usage(199_999, 0), TIERED, 0.599997],
    ["a prompt at the tier", usage(200_000, 1_000), TIERED, 1.2225],
    ["a later tier, which inherits", usage(400_000, 1_000), TIERED, 3.6225],
    [
      "tiers of which the later wins, whatever its bound",
      usage(500_000, 0),
      { ...PRICE, tiers: [...TIERED.tiers!].reverse() },
      3,
    ],
    ["what the wire says is no matter", usage(1_000, 500, { costUsd: 99 }), PRICE, 0.0105],
    ["sums without dust", usage(100_000, 200_000), { input: 1, output: 1 }, 0.3],
    ["numbers that are none", usage(Number.NaN, -5), { input: Number.NaN, output: -1 }, 0],
  ])("%s", (_, tokens, price, usd) => expect(costOf(tokens, price)).toBe(usd));

  it("takes tokens of a cache for a part of the prompt, as the wire does", () => {
    const read = readUsage({
      prompt_tokens: 1_000,
      completion_tokens: 0,
      prompt_tokens_details: { cached_tokens: 900, cache_write_tokens: 100 },
    });
    expect(costOf(read!, PRICE)).toBe((900 * 0.3 + 100 * 3.75) / 1e6);
  });

  it("does not change what it is given", () => {
    const price = Object.freeze({ ...TIERED, tiers: TIERED.tiers!.map((tier) => Object.freeze(tier)) });
    expect(costOf(usage(500_000, 1), price)).toBe(costOf(usage(500_000, 1), TIERED));
  });
});

describe("likelyCost and worstCost", () => {
  it("differ where a cache may be written", () => {
    expect(likelyCost({ input: 1_000, output: 500 }, PRICE)).toBe(0.0105);
    expect(worstCost({ input: 1_000, output: 500 }, PRICE)).toBe(0.01125);
    expect(worstCost({ input: 1_000, output: 500 }, { input: 3, output: 15 })).toBe(0.0105);
    expect(worstCost({ input: 1_000, output: 500 }, { input: 0, output: 0 })).toBe(0);
  });

  it("is that of the dearest tier that may be reached", () => {
    const falling: Price = { input: 5, output: 20, tiers: [{ minInputTokens: 1_000, input: 1, output: 1 }] };
    expect(likelyCost({ input: 1_000, output: 1_000 }, falling)).toBe(0.002);
    expect(worstCost({ input: 1_000, output: 1_000 }, falling)).toBe(0.025);
  });

  const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
  const rates = {
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    request: rate,
  };
  const tier = fc.record(
    { minInputTokens: fc.nat(1_000_000), ...rates },
    { requiredKeys: ["minInputTokens"] },
  );
  const price = fc.record(
    { ...rates, tiers: fc.array(tier, { maxLength: 4 }) },
    { requiredKeys: ["input", "output"] },
  );
  const tokens = fc.nat(2_000_000);

  it("bounds every cost of so many tokens or fewer", () => {
    fc.assert(
      fc.property(
        price,
        tokens,
        tokens,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (each, input, output, [a, b, c, d]) => {
          const fewer = Math.floor(input * a!);
          const cost = costOf(
            usage(fewer, Math.floor(output * b!), {
              cacheReadInputTokens: Math.floor(fewer * c!),
              cacheCreationInputTokens: Math.floor(fewer * d!),
            }),
            each,
          );
          const worst = worstCost({ input, output }, each);
          expect(cost).toBeLessThanOrEqual(worst * (1 + 1e-9));
          expect(likelyCost({ input, output }, each)).toBeLessThanOrEqual(worst * (1 + 1e-9));
        },
      ),
    );
  });

  it("are numbers of at least 0, whatever the tokens and prices", () => {
    const any = fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, undefined, 1e308, "3"),
    ) as fc.Arbitrary<number>;
    const wild = fc.record({
      ...{ input: any, output: any, cacheRead: any, cacheWrite: any, request: any },
      tiers: fc.array(fc.record({ minInputTokens: any, input: any }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(wild, any, any, any, (each, input, output, cached) => {
        const counts = { input, output };
        const spent = usage(input, output, {
          cacheReadInputTokens: cached,
          cacheCreationInputTokens: cached,
        });
        for (const usd of [costOf(spent, each), likelyCost(counts, each), worstCost(counts, each)]) {
          expect(usd).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
