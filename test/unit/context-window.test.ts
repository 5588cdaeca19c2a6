import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterOverflow, fitWindow } from "../../src/context-window.js";
import { classify } from "../../src/failure.js";
import { MARGIN } from "../../src/tokens.js";
import { failureCorpus } from "../support/failure-corpus.js";

const fitted = (input: number, window?: number, asked?: number, maxOutput?: number) =>
  fitWindow({ input, window, asked, maxOutput });

describe("fitWindow", () => {
  it.each<[string, [number, number?, number?, number?], object]>([
    ["an unknown window", [1e9], { fits: true }],
    ["a prompt that fits", [1_000, 8_000], { fits: true }],
    ["a prompt and an answer that fit", [1_000, 8_000, 4_000], { fits: true }],
    ["a prompt that surely overflows", [11_000, 8_000], { fits: false, needed: 11_000 }],
    ["a prompt that may overflow", [10_000, 8_000], { fits: true }],
    ["a prompt that leaves no room for an answer", [10_660, 8_000, 4_000], { fits: false, needed: 10_676 }],
    ["an answer of few tokens", [10_660, 8_000, 5], { fits: true }],
    ["an answer that surely overflows", [1_000, 8_000, 8_000], { fits: true, maxTokens: 6_750 }],
    ["an answer as long as the window", [1_390, 262_000, 262_000], { fits: true, maxTokens: 260_262 }],
    ["an answer that may overflow", [1_000, 8_000, 7_200], { fits: true }],
    ["a margin that eats the room", [8_000, 8_000, 4_000], { fits: true, maxTokens: 1_000 }],
    ["a model of shorter answers", [1_000, 8_000, 8_000, 4_096], { fits: true, maxTokens: 4_096 }],
    ["a model of longer answers", [1_000, 8_000, 8_000, 64_000], { fits: true, maxTokens: 6_750 }],
    ["answers longer than the model's, with room for them", [1_000, 80_000, 8_000, 4_096], { fits: true }],
    ["no sensible max_tokens", [1_000, 8_000, Number.NaN], { fits: true }],
    ["no sensible window", [1_000, 0, 100], { fits: true }],
  ])("%s", (_, args, expected) => expect(fitted(...args)).toEqual(expected));

  const tokens = fc.integer({ min: 0, max: 4_000_000 });
  const some = fc.option(fc.integer({ min: 1, max: 4_000_000 }), { nil: undefined });

  it("skips only what surely overflows, and says by how much", () => {
    fc.assert(
      fc.property(tokens, some, some, some, (input, window, asked, maxOutput) => {
        const result = fitted(input, window, asked, maxOutput);
        if (result.fits) return;
        expect(input * (1 - MARGIN) + Math.min(asked ?? 0, 16)).toBeGreaterThan(window as number);
        expect(result.needed).toBeGreaterThan(window as number);
      }),
    );
  });

  it("only ever lowers max_tokens, to at least 16, and where the whole surely overflows", () => {
    fc.assert(
      fc.property(tokens, some, some, some, (input, window, asked, maxOutput) => {
        const result = fitted(input, window, asked, maxOutput);
        if (!result.fits || result.maxTokens === undefined) return;
        const [low, high] = [input * (1 - MARGIN), input * (1 + MARGIN)];
        expect(Number.isInteger(result.maxTokens)).toBe(true);
        expect(result.maxTokens).toBeGreaterThanOrEqual(16);
        expect(result.maxTokens).toBeLessThan(asked as number);
        expect(low + (asked as number)).toBeGreaterThan(window as number);
        expect(low + result.maxTokens).toBeLessThanOrEqual(window as number);
        if ((window as number) - high < Math.max(16, ((window as number) - low) / 2)) return;
        expect(high + result.maxTokens).toBeLessThanOrEqual(window as number);
      }),
    );
  });
});

describe("afterOverflow", () => {
  const retried = (limitTokens?: number, neededTokens?: number, outputTokens?: number, asked?: number) =>
    afterOverflow({ asked, limitTokens, neededTokens, outputTokens });

  it.each<[string, (number | undefined)[], number | undefined]>([
    ["OpenRouter", [262_000, 263_390, 262_000, 262_000], 260_580],
    ["Anthropic", [200_000, 242_959, 64_000, 64_000], 19_235],
    ["vLLM", [4_096, 4_104, 2_000, 2_000], 1_954],
    ["an answer that nobody asked to be so long", [262_000, 263_390, 262_000], 260_580],
    ["a prompt that is too long as it is", [131_072, 156_632, 4_096, 4_096], undefined],
    ["a prompt that leaves hardly any room", [4_096, 5_000, 930, 930], undefined],
    ["the need of the prompt alone", [200_000, 200_251, undefined, 64_000], undefined],
    ["no limit", [undefined, 263_390, 262_000, 262_000], undefined],
    ["no need", [262_000, undefined, 262_000, 262_000], undefined],
    ["a need below the limit", [262_000, 200_000, 100_000, 100_000], undefined],
    ["an answer longer than the need", [1_000, 2_000, 3_000, 3_000], undefined],
    ["less asked than there is room", [262_000, 263_390, 262_000, 4_096], undefined],
    ["numbers that are none", [Number.NaN, Number.POSITIVE_INFINITY, -1, 5], undefined],
  ])("%s", (_, [limit, needed, output, asked], expected) => {
    expect(retried(limit, needed, output, asked)).toBe(expected);
  });

  it("is lower than what was asked, at least 16, and fits by the server's own numbers", () => {
    const count = fc.option(fc.integer({ min: -5, max: 2_000_000 }), { nil: undefined });
    fc.assert(
      fc.property(count, count, count, count, (limit, needed, output, asked) => {
        const tokens = retried(limit, needed, output, asked);
        if (tokens === undefined) return;
        expect(tokens).toBeGreaterThanOrEqual(16);
        if (asked !== undefined && asked > 0) expect(tokens).toBeLessThan(asked);
        expect((needed as number) - (output as number) + tokens).toBeLessThan(limit as number);
      }),
    );
  });

  it("finds the errors of the corpus that another max_tokens would have spared", () => {
    const found = failureCorpus()
      .filter(({ family }) => family === "context-length")
      .flatMap(({ name, signal }) => {
        const { limitTokens, neededTokens, outputTokens } = classify(signal);
        return retried(limitTokens, neededTokens, outputTokens) === undefined ? [] : [name];
      });
    expect(found).toEqual([
      "OpenRouter before the request, 2025",
      "the same with a provider's name",
      "OpenRouter before the request, 2026",
      "the same with image input",
      "Anthropic, prompt and answer together",
      "vLLM, max_tokens too large",
      "max_tokens_exceeded that is a window after all",
    ]);
  });
});
