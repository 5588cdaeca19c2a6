import { defined } from "./defined.js";
import type { Price } from "./model-facts.js";
import type { Usage } from "./types.js";

type Rates = Omit<Price, "tiers">;

/** Tokens, counted or estimated. */
export interface TokenCounts {
  input: number;
  output: number;
}

/**
 * USD of one answer, by its tokens. The tokens read from and written to a cache are part of `inputTokens`, as in `usage` on the wire;
 * reasoning is part of `outputTokens`. What the wire gave as `usage.cost` is better: it knows discounts, images and searches.
 */
export function costOf(usage: Usage, price: Price): number {
  const input = amount(usage.inputTokens);
  const read = Math.min(amount(usage.cacheReadInputTokens), input);
  const written = Math.min(amount(usage.cacheCreationInputTokens), input - read);
  const rates = ratesAt(input, price);
  return total(
    [input - read - written, rates.input],
    [read, rates.cacheRead ?? rates.input],
    [written, rates.cacheWrite ?? rates.input],
    [amount(usage.outputTokens), rates.output],
    rates.request,
  );
}

/** USD of an answer of this size, nothing of it cached. */
export function likelyCost({ input, output }: TokenCounts, price: Price): number {
  return costOf({ inputTokens: input, outputTokens: output }, price);
}

/** USD that an answer of at most this size costs at most, whatever of its input is cached and whichever tier it reaches. */
export function worstCost({ input, output }: TokenCounts, price: Price): number {
  const tokens = amount(input);
  const reached = [price, ...(price.tiers ?? []).filter((tier) => tokens >= tier.minInputTokens)];
  const dearest = (...keys: (keyof Rates)[]) =>
    Math.max(...reached.flatMap((rates) => keys.map((key) => amount(rates[key]))));
  return total(
    [tokens, dearest("input", "cacheRead", "cacheWrite")],
    [amount(output), dearest("output")],
    dearest("request"),
  );
}

function ratesAt(input: number, price: Price): Rates {
  const tiers = (price.tiers ?? []).filter((tier) => input >= tier.minInputTokens);
  return Object.assign({}, price, ...tiers.map(defined));
}

/** Pairs of tokens and USD per million, and USD. */
function total(...items: ([tokens: number, rate: number | undefined] | number | undefined)[]): number {
  let usd = 0;
  for (const item of items) {
    usd += Array.isArray(item) ? (item[0] * amount(item[1])) / 1_000_000 : amount(item);
  }
  // Sums of such products carry binary dust that no bill shows.
  return Number(usd.toPrecision(12));
}

function amount(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0;
}
