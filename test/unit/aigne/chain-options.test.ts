import { describe, expect, test } from "vitest";
import { chainOptions, targetPath } from "../../../src/aigne/chain-options.js";
import { FallbackChain, OptionsError, scripted } from "../../../src/chain.js";

const provider = scripted({ script: {} });
type Options = Parameters<typeof chainOptions>[0];

/** What the constructor of the model does with the options. */
function build(options: object): FallbackChain {
  return new FallbackChain(chainOptions(options as Options, provider), { targetPath });
}

test("the model comes first, then the fallbacks in their order", () => {
  const fallback = { model: "c/d", maxOutputTokens: 5 };
  expect(chainOptions({ model: "a/b", fallbackModels: ["b/c", fallback] }, provider).targets).toEqual([
    "a/b",
    "b/c",
    fallback,
  ]);
});

test("what is not set, or null, has its default", () => {
  const nothing = { model: null, fallbackModels: null, timeouts: null, labels: undefined };
  expect(chainOptions(nothing as unknown as Options, provider)).toEqual({
    targets: ["openai/gpt-4o"],
    provider,
  });
});

test("every option of resilience reaches the chain, and none of AIGNE's", () => {
  const resilience = {
    timeouts: { idleMs: 1 },
    retry: { network: { retries: 1 } },
    maxRetryAfterMs: 2,
    recovery: "fail" as const,
    logger: false as const,
    audit: [],
    labels: { a: "b" },
  };
  const all = {
    ...resilience,
    name: "n",
    hooks: {},
    apiKey: "k",
    modelOptions: { temperature: 1 },
    model: "a/b",
  };
  expect(chainOptions(all as Options, provider)).toEqual({ targets: ["a/b"], provider, ...resilience });
});

describe("a wrong option is named as the user wrote it", () => {
  test.each<[object, string]>([
    [{ model: "" }, 'model must be a non-empty string, got ""'],
    [{ model: 5 }, "model must be a non-empty string, got 5"],
    [{ fallbackModels: 5 }, "fallbackModels must be a list of models, got 5"],
    [{ fallbackModels: "a/b" }, 'fallbackModels must be a list of models, got "a/b"'],
    [{ fallbackModels: ["a/b", 5] }, "fallbackModels[1]"],
    [{ fallbackModels: [null] }, "fallbackModels[0]"],
    [
      { fallbackModels: ["a/b", { model: "c/d", timeouts: { idleMs: -1 } }] },
      "fallbackModels[1].timeouts.idleMs must be > 0 (milliseconds), or false to turn it off, got -1",
    ],
    [{ fallbackModels: [{ model: "c/d", timeout: {} }] }, "fallbackModels[0].timeout is not an option here"],
    [
      { fallbackModels: [{ model: "c/d", provider: { order: ["x"] } }] },
      "fallbackModels[0].provider must be",
    ],
    [{ timeouts: { idle: 5 } }, "timeouts.idle is not an option here, got 5"],
    [{ retry: { rate_limits: {} } }, "retry.rate_limits is not an option here"],
    [{ recovery: "resume" }, 'recovery must be "restart", "continue" or "fail", got "resume"'],
    [
      { fallbackModels: [{ model: "c/d", modelOptions: { provider: { order: [{ $get: "t" }] } } }] },
      "fallbackModels[0].modelOptions.provider cannot hold a $get",
    ],
  ])("%j", (options, message) => {
    expect(() => build(options)).toThrow(OptionsError);
    expect(() => build(options)).toThrow(message);
  });
});
