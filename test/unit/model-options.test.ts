import { describe, expect, it } from "vitest";
import { toWireOptions } from "../../src/model-options.js";

describe("model options on the wire", () => {
  it("are renamed from camelCase, and kept where they are in wire form", () => {
    expect(
      toWireOptions({
        temperature: 0,
        topP: 0.5,
        maxTokens: 9,
        seed: 0,
        stop: ["x"],
        provider: { order: ["a"] },
        logit_bias: {},
      }),
    ).toEqual({
      temperature: 0,
      top_p: 0.5,
      max_tokens: 9,
      seed: 0,
      stop: ["x"],
      provider: { order: ["a"] },
      logit_bias: {},
    });
  });

  it("leave AIGNE's own keys and empty ones at home", () => {
    expect(
      toWireOptions({ cacheConfig: {}, preferInputFileType: "url", model: "x", seed: undefined, user: null }),
    ).toEqual({});
  });

  it.each([
    ["high", { effort: "high" }],
    [2_000, { max_tokens: 2_000 }],
  ])("say reasoningEffort %s in OpenRouter's words", (reasoningEffort, reasoning) => {
    expect(toWireOptions({ reasoningEffort })).toEqual({ reasoning });
  });

  it("prefer the wire form where both are given", () => {
    expect(toWireOptions({ maxTokens: 1, max_tokens: 2 })).toEqual({ max_tokens: 2 });
    expect(toWireOptions({ max_tokens: 2, maxTokens: 1 })).toEqual({ max_tokens: 2 });
    expect(toWireOptions({ reasoningEffort: "low", reasoning: { effort: "high" } })).toEqual({
      reasoning: { effort: "high" },
    });
  });
});
