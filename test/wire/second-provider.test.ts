import { afterEach, expect, it } from "vitest";
import { FallbackChain, openAICompatible, openRouter } from "../../src/chain.js";
import { type Simulator, startSimulator, unusedPort } from "../../src/testing/index.js";
import { ask, story } from "../support/chain.js";

let local: Simulator;
afterEach(() => local.close());

it("a list that ends on one's own machine outlives OpenRouter", async () => {
  local = await startSimulator({ models: { "llama3.2": { text: "Still here." } }, auth: false });
  const chain = new FallbackChain({
    targets: [
      "openai/gpt-4o",
      { model: "llama3.2", provider: openAICompatible({ name: "ollama", baseURL: local.baseURL }) },
    ],
    provider: openRouter({
      apiKey: "sk-or-v1-secret",
      baseURL: `http://127.0.0.1:${await unusedPort()}/api/v1`,
    }),
    retry: { network: { retries: 0 } },
    logger: false,
  });
  const { text, record } = await chain.complete({
    ...ask,
    provider: { order: ["x"] },
    plugins: [{ id: "web" }],
    reasoning: { effort: "low" },
  });

  expect(text).toBe("Still here.");
  expect(story(record)).toEqual(["openai/gpt-4o first failed network next", "llama3.2 failover won"]);
  expect(record.attempts[0]!.failure).toMatchObject({ code: "ECONNREFUSED" });
  expect(record.attempts[1]).toMatchObject({ provider: "ollama", omitted: ["plugins", "provider"] });

  const [request] = local.requestsTo("llama3.2");
  expect(request!.headers).not.toHaveProperty("authorization");
  expect(request!.body).toMatchObject({ model: "llama3.2", stream: true, reasoning_effort: "low" });
  expect(request!.body).not.toHaveProperty("provider");
});

it("a dead OpenRouter key does not keep a target with a key of its own from being asked", async () => {
  local = await startSimulator({
    models: { "a/one": { text: "One." }, "b/two": { text: "Two." } },
    keys: { "sk-good": {} },
  });
  const chain = new FallbackChain({
    targets: [
      "a/one",
      "b/two",
      {
        model: "b/two",
        id: "direct",
        provider: openAICompatible({ name: "direct", baseURL: local.baseURL, apiKey: "sk-good" }),
      },
    ],
    provider: openRouter({ apiKey: "sk-dead", baseURL: local.baseURL }),
    logger: false,
  });
  const { text, record } = await chain.complete(ask);
  expect(text).toBe("Two.");
  expect(story(record)).toEqual(["a/one first failed auth next", "direct failover won"]);
  expect(record.skipped).toMatchObject([{ target: "b/two", reason: "account_blocked" }]);
});
