import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/answer.js";
import { checkOf } from "../../src/answer-check.js";
import type { ChatRequest } from "../../src/types.js";
import { ask } from "../support/chain.js";

const given = (over: Partial<Answer>): Answer => ({
  text: "",
  thoughts: "",
  toolCalls: [],
  files: [],
  model: "m",
  finishReason: "stop",
  ...over,
});
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function" as const, function: { name: "weather", parameters } }];
const call = (name: string, args: string) => given({ toolCalls: [{ id: "1", name, arguments: args }] });
const json = (schema: object): ChatRequest => ({
  ...ask,
  response_format: {
    type: "json_schema",
    json_schema: { name: "x", schema: schema as Record<string, unknown> },
  },
});

describe("the check of an answer", () => {
  it.each([
    ["an unknown tool", call("rm", "{}"), "a tool was called that the request does not offer"],
    [
      "cut arguments",
      call("weather", '{"city":"Lo'),
      'the arguments of tool "weather" are not a JSON object',
    ],
    [
      "arguments that are no object",
      call("weather", "[]"),
      'the arguments of tool "weather" are not a JSON object',
    ],
    [
      "arguments that break the schema",
      call("weather", '{"town":"secret"}'),
      'the arguments of tool "weather" break its schema at #/required',
    ],
  ])("complains of %s, without quoting it", (_, answer, message) => {
    expect(checkOf({ ...ask, tools })(answer)).toEqual({ reason: "tool_call", message });
  });

  it("lets a right tool call pass, and prose where no JSON was asked", () => {
    const check = checkOf({ ...ask, tools });
    expect(check(call("weather", '{"city":"London"}'))).toBeUndefined();
    expect(check(given({ text: "London." }))).toBeUndefined();
  });

  it.each([
    ["prose", "London.", "JSON was asked for and the answer is not JSON"],
    ["a wrong type", '{"city":1}', "the answer breaks the JSON schema at #/properties/city/type"],
  ])("complains of %s where JSON was asked", (_, text, message) => {
    expect(checkOf(json(parameters))(given({ text }))).toEqual({ reason: "schema", message });
  });

  it("lets tool calls answer a request for JSON", () => {
    expect(checkOf({ ...json(parameters), tools })(call("weather", '{"city":"London"}'))).toBeUndefined();
  });

  it("asks json_object for JSON and no more", () => {
    const check = checkOf({ ...ask, response_format: { type: "json_object" } });
    expect(check(given({ text: "{}" }))).toBeUndefined();
    expect(check(given({ text: "no" }))?.reason).toBe("schema");
  });

  it("does not hold a schema it cannot read against the answer", () => {
    expect(checkOf(json({ $ref: "#/nowhere" }))(given({ text: "{}" }))).toBeUndefined();
  });
});
