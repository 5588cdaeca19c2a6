import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ChatModelInput } from "@aigne/core";
import { describe, expect, test } from "vitest";
import {
  ask,
  call,
  failureOf,
  jsonDeltas,
  lastRecord,
  modelsAsked,
  PRIMARY,
  stage,
  tidyUp,
} from "../support/chat-model.js";

tidyUp();

const parameters = { type: "object", properties: { city: { type: "string" }, n: { type: "number" } } };
const tool = (name: string) => ({ type: "function" as const, function: { name, parameters } });
const withTools: ChatModelInput = { ...ask, tools: [tool("get-weather"), tool("get time")] };
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const inJson: ChatModelInput = {
  ...ask,
  responseFormat: { type: "json_schema", jsonSchema: { name: "p", schema } },
};

describe.each([true, false])("streaming: %s", (streaming) => {
  test("thoughts come beside the text, in the order they were thought", async () => {
    const { model } = await stage({
      [PRIMARY]: { reasoning: ["First, ", "then."], text: "Done it.", model: "m" },
    });
    const { output } = await call("direct", model, { streaming });
    expect(output).toMatchObject({ thoughts: "First, then.", text: "Done it.", model: "m" });
  });

  test("cached tokens are in the usage when there are some", async () => {
    const usage = { promptTokens: 12, completionTokens: 9, cachedTokens: 4, reasoningTokens: 3, cost: 0.1 };
    const { model, audit } = await stage({ [PRIMARY]: { text: "x", usage } });
    const { output } = await call("direct", model, { streaming });
    expect(output.usage).toEqual({ inputTokens: 12, outputTokens: 9, cacheReadInputTokens: 4 });
    expect(lastRecord(audit).usage).toMatchObject({ reasoningTokens: 3 });
    expect(lastRecord(audit).cost?.usd).toBeCloseTo(0.1);
  });

  test("an answer that the token limit cut says so", async () => {
    const { model } = await stage({ [PRIMARY]: { text: "one two", finish: "length" } });
    const { output } = await call("direct", model, { streaming });
    expect(output).toMatchObject({ text: "one two", finishReason: "length" });
  });

  test.each([
    ["bare", '{"city":"Paris"}'],
    ["fenced", '```json\n{"city":"Paris"}\n```'],
    ["with a null for what is left out", '{"city":"Paris","note":null}'],
  ])("JSON comes as an object and not as text: %s", async (_, text) => {
    const { model } = await stage({
      [PRIMARY]: { text, model: "m", usage: { promptTokens: 1, completionTokens: 2 } },
    });
    const told = await call("direct", model, { streaming, input: inJson });
    expect(told.output).toEqual({
      json: { city: "Paris" },
      model: "m",
      usage: { inputTokens: 1, outputTokens: 2 },
    });
    expect(told.looped).toBe("");
    if (streaming) expect(jsonDeltas(told)).toHaveLength(1);
  });

  test("tool calls come whole, in order, under the names the input gave them", async () => {
    const toolCalls = [
      { id: "c1", name: "get_weather", arguments: { city: "Paris", n: 1 } },
      { id: "c2", name: "get_time", arguments: { city: "Rome" } },
    ];
    const { model } = await stage({ [PRIMARY]: { text: "Let me look.", toolCalls } });
    const { output } = await call("direct", model, { streaming, input: withTools });
    expect(output.text).toBe("Let me look.");
    expect(output.toolCalls).toEqual([
      { id: "c1", type: "function", function: { name: "get-weather", arguments: { city: "Paris", n: 1 } } },
      { id: "c2", type: "function", function: { name: "get time", arguments: { city: "Rome" } } },
    ]);
  });

  test.each([
    "tool-index-1",
    "tool-no-index",
    "tool-same-index",
    "tool-interleaved",
    "tool-finish-stop",
  ] as const)("tool calls are right although the wire has: %s", async (fault) => {
    const toolCalls = [
      { id: "c1", name: "get_weather", arguments: { city: "Paris" } },
      { id: "c2", name: "get_time", arguments: { city: "Rome" } },
    ];
    const { model, simulator } = await stage({
      [PRIMARY]: { fault, toolCalls },
      "b/c": { text: "not asked" },
    });
    const { output } = await call("direct", model, { streaming, input: withTools });
    const calls = output.toolCalls as { function: object }[];
    expect(calls.map((each) => each.function)).toEqual([
      { name: "get-weather", arguments: { city: "Paris" } },
      { name: "get time", arguments: { city: "Rome" } },
    ]);
    expect(modelsAsked(simulator)).toEqual([PRIMARY]);
  });

  test("a tool without parameters may be called with nothing at all, and a call without an id gets one", async () => {
    const tools = [{ type: "function" as const, function: { name: "ping", parameters: {} } }];
    const { model } = await stage({
      [PRIMARY]: [
        { fault: "tool-no-arguments", toolCalls: [{ name: "ping", arguments: {} }] },
        { fault: "tool-no-id", toolCalls: [{ name: "ping", arguments: {} }] },
      ],
    });
    for (let i = 0; i < 2; i++) {
      const { output } = await call("direct", model, { streaming, input: { ...ask, tools } });
      expect(output.toolCalls).toEqual([
        { id: expect.stringMatching(/./), type: "function", function: { name: "ping", arguments: {} } },
      ]);
    }
  });

  test("an image is a local file, as everywhere in AIGNE, or what outputFileType asks for", async () => {
    const data = Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64");
    const { model } = await stage({
      [PRIMARY]: { text: "Here.", images: [`data:image/png;base64,${data}`] },
    });
    const local = (await call("direct", model, { streaming })).output.files as { path: string }[];
    expect(local).toEqual([{ type: "local", path: expect.stringMatching(/\.png$/), mimeType: "image/png" }]);
    const path = local[0]?.path ?? "";
    expect(await readFile(path, "base64")).toBe(data);
    await rm(dirname(path), { recursive: true });
    const inline = await call("direct", model, { streaming, input: { ...ask, outputFileType: "file" } });
    expect(inline.output.files).toEqual([{ type: "file", data, mimeType: "image/png" }]);
  });

  test("an image that is only an address stays one when that is asked for", async () => {
    const { model } = await stage({ [PRIMARY]: { text: "Here.", images: ["https://x.test/a.webp"] } });
    const { output } = await call("direct", model, { streaming, input: { ...ask, outputFileType: "url" } });
    expect(output.files).toEqual([{ type: "url", url: "https://x.test/a.webp", mimeType: "image/webp" }]);
  });

  test("a refusal is an error with the provider's reason, and nobody else is asked", async () => {
    const { model, simulator } = await stage({
      [PRIMARY]: { refusal: "I cannot help with that." },
      "b/c": { text: "x" },
    });
    const error = await failureOf(call("direct", model, { streaming }));
    expect(error).toMatchObject({ code: "stopped", attempts: [{ failure: { class: "content_filter" } }] });
    expect(String(error)).toContain("I cannot help with that.");
    expect(modelsAsked(simulator)).toEqual([PRIMARY]);
  });

  test("a JSON reply to a streamed request is an answer, too", async () => {
    const { model } = await stage({ [PRIMARY]: { text: "Whole.", reply: "json" } });
    expect((await call("direct", model, { streaming })).output.text).toBe("Whole.");
  });
});

test("nothing at all comes before the first content, and no text of a call that ends in JSON", async () => {
  const { model } = await stage({
    [PRIMARY]: { fault: "empty-content" },
    "b/c": { tokens: ["one", " two"] },
  });
  const told = await call("direct", model, { streaming: true });
  expect(told.chunks[0]).toEqual({ delta: { text: { text: expect.stringMatching(/^one/) } } });
});
