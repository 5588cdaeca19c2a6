import type { ChatModelInput } from "@aigne/core";
import { describe, expect, test } from "vitest";
import type { OpenRouterChatModelOptions } from "../../src/index.js";
import { ask, bodyOf, call, PRIMARY, stage, tidyUp } from "../support/chat-model.js";

tidyUp();

const OK = { text: "ok" };

/** The body that the provider saw. */
async function sent(
  input: Partial<ChatModelInput>,
  options: Partial<OpenRouterChatModelOptions> = {},
  userContext: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  const { model, simulator } = await stage({ [PRIMARY]: OK }, options);
  await call("direct", model, { input: { ...ask, ...input }, userContext });
  return bodyOf(simulator);
}

describe("model options", () => {
  test("every one of them reaches the wire under its name there", async () => {
    const body = await sent({
      tools: [{ type: "function", function: { name: "t", parameters: {} } }],
      modelOptions: {
        temperature: 0,
        topP: 0.9,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        parallelToolCalls: false,
        max_tokens: 100,
        maxCompletionTokens: 50,
        seed: 7,
        stop: ["END"],
        provider: { order: ["OpenAI"], allow_fallbacks: false },
        plugins: [{ id: "web" }],
        transforms: ["middle-out"],
        topK: 40,
        modalities: ["text", "image"],
        reasoningEffort: "high",
        cacheConfig: { enabled: true },
        preferInputFileType: "url",
      } as ChatModelInput["modelOptions"] & object,
    });
    const { messages, tools, stream, stream_options, ...options } = body;
    expect(options).toEqual({
      model: PRIMARY,
      temperature: 0,
      top_p: 0.9,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      parallel_tool_calls: false,
      max_tokens: 100,
      max_completion_tokens: 50,
      seed: 7,
      stop: ["END"],
      provider: { order: ["OpenAI"], allow_fallbacks: false },
      plugins: [{ id: "web" }],
      transforms: ["middle-out"],
      top_k: 40,
      modalities: ["text", "image"],
      reasoning: { effort: "high" },
    });
  });

  test("maxTokens is max_tokens, and effort in tokens is a budget", async () => {
    expect(await sent({ modelOptions: { maxTokens: 9, reasoningEffort: 3000 } })).toMatchObject({
      max_tokens: 9,
      reasoning: { max_tokens: 3000 },
    });
  });

  test("constructor < target < call, key by key", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: { fault: "404-endpoints" } },
      {
        modelOptions: { temperature: 0.1, topP: 0.1, seed: 1, maxTokens: 1 },
        fallbackModels: [{ model: "b/c", modelOptions: { topP: 0.2, seed: 2 } }],
      },
    );
    simulator.setScript("b/c", OK);
    await call("direct", model, { input: { ...ask, modelOptions: { seed: 3 } } });
    expect(bodyOf(simulator, 0)).toMatchObject({ temperature: 0.1, top_p: 0.1, seed: 3, max_tokens: 1 });
    expect(bodyOf(simulator, 1)).toMatchObject({ temperature: 0.1, top_p: 0.2, seed: 3, max_tokens: 1 });
  });

  test("the constructor's stand below a target's inside an agent, too", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: { fault: "404-endpoints" } },
      { modelOptions: { topP: 0.1 }, fallbackModels: [{ model: "b/c", modelOptions: { topP: 0.2 } }] },
    );
    simulator.setScript("b/c", OK);
    await call("AIAgent", model);
    expect([bodyOf(simulator, 0).top_p, bodyOf(simulator, 1).top_p]).toEqual([0.1, 0.2]);
  });

  test("a call sets one back to 0, and takes one away with null", async () => {
    const body = await sent(
      { modelOptions: { temperature: 0, topP: null } as never },
      { modelOptions: { temperature: 1, topP: 0.5 } },
    );
    expect(body.temperature).toBe(0);
    expect(body).not.toHaveProperty("top_p");
  });

  test("$get is resolved from the user context, and left out when there is nothing to get", async () => {
    const options = { modelOptions: { temperature: { $get: "heat" }, topP: { $get: "nowhere" } } };
    const body = await sent({}, options, { heat: 0.4 });
    expect(body.temperature).toBe(0.4);
    expect(body).not.toHaveProperty("top_p");
  });

  test("a call's model replaces the first target only", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: OK, "b/c": OK, "x/y": { fault: "404-endpoints" } },
      {
        fallbackModels: ["b/c"],
      },
    );
    await call("direct", model, { input: { ...ask, modelOptions: { model: "x/y" } } });
    expect(simulator.requests.map(({ model: asked }) => asked)).toEqual(["x/y", "b/c"]);
  });
});
