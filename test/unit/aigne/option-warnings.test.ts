import { agentOptionsSchema } from "@aigne/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { meantBy, warnOfOptions } from "../../../src/aigne/option-warnings.js";

const warn = vi.spyOn(process, "emitWarning");
beforeEach(() => void warn.mockImplementation(() => {}));
afterEach(() => void warn.mockReset());

test.each([
  ["fallbackModel", "fallbackModels"],
  ["fallback_models", "fallbackModels"],
  ["fallbackModles", "fallbackModels"],
  ["fallbacks", "fallbackModels"],
  ["models", "fallbackModels"],
  ["timeout", "timeouts"],
  ["timeoutMs", "timeouts"],
  ["retries", "retry"],
  ["maxRetries", "retry"],
  ["maxRetryAfter", "maxRetryAfterMs"],
  ["baseUrl", "baseURL"],
  ["apikey", "apiKey"],
  ["api_key", "apiKey"],
  ["modelOption", "modelOptions"],
  ["clientOption", "clientOptions"],
  ["startegy", "strategy"],
  ["label", "labels"],
])("%s was probably meant to be %s", (key, meant) => {
  expect(meantBy(key)).toBe(meant);
});

test("no option of AIGNE's own, and none of a stranger, is taken for one of ours", () => {
  const others = [
    "alias",
    "taskTitle",
    "taskRenderMode",
    "afs",
    "imageModel",
    "tenant",
    "region",
    "mode",
    "toString",
    "",
  ];
  const ours = ["model", "modelOptions", "retry", "timeouts", "audit", "apiKey"];
  const keys = [...Object.keys(agentOptionsSchema.shape), ...others, ...ours];
  expect(keys).toContain("retryOnError");
  expect(keys.filter(meantBy)).toEqual([]);
});

test("a warning names the option and the one that was meant, once", () => {
  for (let i = 0; i < 3; i++) warnOfOptions({ fallback_model: "a/b", tenant: "x", model: "c/d" });
  expect(warn.mock.calls).toEqual([
    ["OpenRouterChatModel ignores the option fallback_model: did you mean fallbackModels?"],
  ]);
});

test("options of the client that have no effect are named with what has", () => {
  warnOfOptions({
    clientOptions: { maxRetries: 0, timeout: 1, baseURL: "https://x.test", defaultHeaders: {} },
  });
  warnOfOptions({ clientOptions: { apiKey: undefined } });
  expect(warn.mock.calls.flat()).toEqual([
    "clientOptions.maxRetries has no effect in OpenRouterChatModel: use the option retry",
    "clientOptions.timeout has no effect in OpenRouterChatModel: use the option timeouts",
    "clientOptions.baseURL has no effect in OpenRouterChatModel: use the option baseURL",
  ]);
});
