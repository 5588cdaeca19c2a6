import { StructuredOutputError } from "@aigne/core";
import { describe, expect, test } from "vitest";
import {
  ask,
  call,
  failureOf,
  lastRecord,
  modelsAsked,
  PRIMARY,
  stage,
  tidyUp,
} from "../support/chat-model.js";

tidyUp();

describe("what AIGNE judges after a model is done is judged while a fallback can still mend it", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, note: { type: "string" } },
    required: ["city"],
  };
  const responseFormat = {
    type: "json_schema" as const,
    jsonSchema: { name: "place", schema, strict: true },
  };
  const tool = { type: "function" as const, function: { name: "get-weather", parameters: schema } };
  const weather = (name: string, args: object | string) => ({
    toolCalls: [{ name, arguments: args as never }],
  });
  const good = weather("get_weather", { city: "Paris" });

  test.each([
    ["text", { text: "It is Paris." }],
    ["half a JSON text", { fault: "json-broken" as const, json: { city: "Paris, or so" } }],
    ["a missing property", { json: { note: "x" } }],
    ["a property of the wrong type", { json: { city: 7 } }],
    ["a list", { json: ["Paris"] }],
  ])("structured output: %s", async (_, answer) => {
    const { model, simulator, audit } = await stage({
      [PRIMARY]: answer,
      "b/c": { json: { city: "Paris", note: null } },
    });
    for (const way of ["direct", "aigne.invoke"] as const) {
      const { output } = await call(way, model, {
        input: { ...ask, responseFormat },
        streaming: way === "direct",
      });
      expect(output.json).toEqual({ city: "Paris" });
      expect(output).not.toHaveProperty("text");
      expect(lastRecord(audit).attempts.map((each) => each.failure?.class)).toEqual([
        "invalid_response",
        undefined,
      ]);
    }
    expect(modelsAsked(simulator)).toEqual([PRIMARY, "b/c", PRIMARY, "b/c"]);
  });

  test.each([
    ["an unknown tool", weather("get_time", { city: "Paris" })],
    ["arguments that are half a JSON text", weather("get_weather", '{"city":"Pa')],
    ["arguments without a required one", weather("get_weather", { note: "x" })],
    ["arguments of the wrong type", weather("get_weather", { city: 7 })],
  ])("tool calls: %s", async (_, answer) => {
    const { model, simulator } = await stage({ [PRIMARY]: answer, "b/c": good });
    for (const streaming of [true, false]) {
      const { output } = await call("direct", model, { input: { ...ask, tools: [tool] }, streaming });
      expect(output.toolCalls).toMatchObject([
        { type: "function", function: { name: "get-weather", arguments: { city: "Paris" } } },
      ]);
    }
    expect(modelsAsked(simulator)).toEqual([PRIMARY, "b/c", PRIMARY, "b/c"]);
  });

  test("when nobody can, the error is the chain's and says why, without a word of the answers", async () => {
    const { model } = await stage({
      [PRIMARY]: { text: "CANARY one" },
      "b/c": { json: { city: "CANARY", note: 5 } },
    });
    const error = await failureOf(call("direct", model, { input: { ...ask, responseFormat } }));
    expect(error).not.toBeInstanceOf(StructuredOutputError);
    expect(error).toMatchObject({
      code: "exhausted",
      attempts: [{ failure: { class: "invalid_response" } }, {}, {}],
    });
    expect(`${error} ${JSON.stringify(error)}`).not.toContain("CANARY");
  });

  test("a schema that AIGNE cannot read blames no model", async () => {
    const broken = { type: "object", properties: { a: { type: "string", pattern: "(" } } };
    const { model, simulator } = await stage({
      [PRIMARY]: { json: { a: "x" } },
      "b/c": { json: { a: "x" } },
    });
    const input = {
      ...ask,
      responseFormat: { type: "json_schema" as const, jsonSchema: { name: "x", schema: broken } },
    };
    await failureOf(call("direct", model, { input }));
    expect(modelsAsked(simulator)).toEqual([PRIMARY]);
  });
});
