import { AIAgent, AIGNE } from "@aigne/core";
import { describe, expect, test } from "vitest";
import { ask, bodyOf, call, PRIMARY, stage, tidyUp } from "../support/chat-model.js";

tidyUp();

describe("responseFormat", () => {
  const answerTo = async (schema: Record<string, unknown>, json: object, strict?: boolean) => {
    const { model, simulator } = await stage({ [PRIMARY]: { json } });
    const jsonSchema = { name: "an answer", schema, ...(strict !== undefined && { strict }) };
    const { output } = await call("direct", model, {
      input: { ...ask, responseFormat: { type: "json_schema", jsonSchema } },
    });
    return {
      json: output.json,
      format: bodyOf(simulator).response_format as { json_schema: Record<string, unknown> },
    };
  };
  const NULL = { type: ["null"] };

  test("optional properties are required and may be null; the nulls are gone from the answer", async () => {
    const schema = {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "number" }, o: { $ref: "#/$defs/o" } },
      required: ["a"],
      $defs: { o: { type: "object", properties: { x: { type: "string" } } } },
    };
    const { json, format } = await answerTo(schema, { a: "x", b: null, o: { x: null } }, true);
    expect(format).toEqual({
      type: "json_schema",
      json_schema: {
        name: "an_answer",
        strict: true,
        schema: {
          type: "object",
          properties: {
            a: { type: "string" },
            b: { anyOf: [{ type: "number" }, NULL] },
            o: { anyOf: [{ $ref: "#/$defs/o" }, NULL] },
          },
          required: ["a", "b", "o"],
          additionalProperties: false,
          $defs: {
            o: {
              type: "object",
              properties: { x: { anyOf: [{ type: "string" }, NULL] } },
              required: ["x"],
              additionalProperties: false,
            },
          },
        },
      },
    });
    expect(json).toEqual({ a: "x", o: {} });
  });

  test("a schema without properties is sent and answered", async () => {
    const { json, format } = await answerTo({ type: "object" }, { any: 1 });
    expect(format.json_schema).toEqual({ name: "an_answer", schema: { type: "object" } });
    expect(json).toEqual({ any: 1 });
  });

  test("a record keeps its entries, in an answer and in a tool's arguments", async () => {
    const record = { type: "object", additionalProperties: { type: "number" } };
    const schema = { type: "object", properties: { scores: record }, required: ["scores"] };
    expect((await answerTo(schema, { scores: { a: 1 } })).json).toEqual({ scores: { a: 1 } });
    const { model } = await stage({
      [PRIMARY]: { toolCalls: [{ name: "t", arguments: { scores: { a: 1 } } }] },
    });
    const tools = [{ type: "function" as const, function: { name: "t", parameters: schema } }];
    const { output } = await call("direct", model, { input: { ...ask, tools } });
    expect(output.toolCalls).toMatchObject([{ function: { arguments: { scores: { a: 1 } } } }]);
  });

  test("an agent with an output schema gets its object", async () => {
    const { z } = await import("zod");
    const { model, simulator } = await stage({
      [PRIMARY]: { text: "nonsense" },
      "b/c": { json: { city: "Paris", note: null } },
    });
    const agent = AIAgent.from({
      instructions: "Where?",
      inputKey: "message",
      outputSchema: z.object({ city: z.string(), note: z.string().optional() }) as never,
    });
    expect(await new AIGNE({ model }).invoke(agent, { message: "Where?" })).toEqual({ city: "Paris" });
    expect(simulator.requests.map(({ model: asked }) => asked)).toEqual([PRIMARY, "b/c"]);
  });
});
