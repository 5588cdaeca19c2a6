import type { ChatModelInput } from "@aigne/core";
import { describe, expect, test } from "vitest";
import { mapInput } from "../../../src/aigne/request.js";

const toolName = async (name: string) => name.replaceAll("-", "_");
const messages: ChatModelInput["messages"] = [{ role: "user", content: "Hi" }];
const tool = { type: "function" as const, function: { name: "get_w", parameters: {} } };
const map = (input: Partial<ChatModelInput>, constructed: Record<string, unknown> = {}) =>
  mapInput({ messages, ...input }, constructed, toolName);

describe("model options", () => {
  test("that equal the constructor's stand below a target's, the others above", async () => {
    const constructed = { temperature: 0.1, topP: 0.5, stop: ["a"] };
    const modelOptions = { temperature: 0.1, topP: 0.9, stop: ["a"], seed: 7 };
    const { request, defaults } = await map({ modelOptions }, constructed);
    expect(defaults).toEqual({ temperature: 0.1, top_p: 0.5, stop: ["a"] });
    expect(request).toEqual({ messages, top_p: 0.9, seed: 7 });
  });

  test("that a call has taken away with null are gone", async () => {
    const { request, defaults } = await map({ modelOptions: {} }, { temperature: 0.1 });
    expect({ ...defaults, ...request }).toEqual({ messages });
  });

  test("that AIGNE has lost on the way are the constructor's", async () => {
    const { request, defaults, model } = await map({}, { temperature: 0.1, model: "a/b" });
    expect({ request, defaults, model }).toEqual({
      request: { messages },
      defaults: { temperature: 0.1 },
      model: "a/b",
    });
  });

  test("may name the model, which is no key of the body", async () => {
    const { request, model } = await map({ modelOptions: { model: "c/d" } });
    expect(model).toBe("c/d");
    expect(request).toEqual({ messages });
  });

  test("never replace the messages", async () => {
    const { request } = await map({ modelOptions: { messages: [], max_tokens: 1 } });
    expect(request).toEqual({ messages, max_tokens: 1 });
  });

  test("say nothing of parallel tool calls where there are no tools", async () => {
    const constructed = { parallelToolCalls: false };
    const without = await map({ modelOptions: { ...constructed, parallel_tool_calls: true } }, constructed);
    expect(JSON.stringify(without)).not.toContain("parallel");
    const { defaults } = await map({ modelOptions: constructed, tools: [tool] }, constructed);
    expect(defaults).toEqual({ parallel_tool_calls: false });
  });
});

describe("tools", () => {
  test("have an object schema with properties even if they have none", async () => {
    const bare = { type: "function" as const, function: { name: "a", parameters: { type: "object" } } };
    const { request } = await map({ tools: [tool, bare] });
    const schema = { type: "object", properties: {} };
    expect(request.tools).toEqual([
      { type: "function", function: { name: "get_w", parameters: schema } },
      { type: "function", function: { name: "a", parameters: schema } },
    ]);
  });

  test("keep description and cache mark, and no metadata", async () => {
    const { request } = await map({
      tools: [
        {
          type: "function",
          function: { name: "a", description: "does", parameters: { type: "object", properties: { x: {} } } },
          cacheControl: { type: "ephemeral" },
          metadata: { secret: 1 },
        },
      ],
    });
    expect(request.tools).toEqual([
      {
        type: "function",
        function: { name: "a", description: "does", parameters: { type: "object", properties: { x: {} } } },
        cache_control: { type: "ephemeral" },
      },
    ]);
  });

  test.each(["auto", "none", "required"] as const)("are chosen by the word %s", async (toolChoice) => {
    expect((await map({ tools: [tool], toolChoice })).request.tool_choice).toBe(toolChoice);
  });

  test("are chosen under the name they have on the wire", async () => {
    const choice = { type: "function" as const, function: { name: "get-w", parameters: {} } };
    expect((await map({ tools: [tool], toolChoice: choice })).request.tool_choice).toEqual({
      type: "function",
      function: { name: "get_w" },
    });
  });

  test("that are none cannot be chosen", async () => {
    expect((await map({ tools: [], toolChoice: "auto" })).request).toEqual({ messages });
  });
});

describe("a response format", () => {
  const format = (jsonSchema: object) =>
    map({ responseFormat: { type: "json_schema", jsonSchema: { name: "n", schema: {}, ...jsonSchema } } });

  test("of text is not mentioned", async () => {
    expect((await map({ responseFormat: { type: "text" } })).request).toEqual({ messages });
  });

  test("says strict only when the input does", async () => {
    const schema = { type: "object" };
    expect((await format({ schema })).request.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "n", schema },
    });
    expect((await format({ schema, strict: false, description: "d" })).request.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "n", description: "d", schema, strict: false },
    });
  });

  test("has a name of the letters and the length that are allowed", async () => {
    const { request } = await format({ name: `my format: ${"x".repeat(80)}` });
    const { name } = (request.response_format as { json_schema: { name: string } }).json_schema;
    expect(name).toBe(`my_format__${"x".repeat(53)}`);
  });
});
