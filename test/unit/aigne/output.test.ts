import type { ChatModelInput } from "@aigne/core";
import { describe, expect, test } from "vitest";
import {
  answerJson,
  complaintOf,
  outputFile,
  outputToolCalls,
  outputUsage,
} from "../../../src/aigne/output.js";
import type { Answer } from "../../../src/answer.js";

const blank: Answer = { text: "", thoughts: "", toolCalls: [], files: [], model: "m", finishReason: "stop" };
const input = (more: Partial<ChatModelInput>): ChatModelInput => ({ messages: [], ...more });
const never = () => {
  throw new Error("not asked");
};

describe("the answer's JSON", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    [' \n{"a":1}\n', { a: 1 }],
    ['```json\n{"a":1}\n```', { a: 1 }],
    ['```\n{"a":1}\n```\n', { a: 1 }],
    ['{"a":null,"b":"```"}', { b: "```" }],
  ])("is read from %j", (text, expected) => {
    expect(answerJson(text)).toEqual(expected);
  });

  test.each(["", "null", "[1]", '"a"', "7", '{"a":', 'Sure: {"a":1}', '```json\n{"a":\n```'])(
    "is not in %j",
    (text) => {
      expect(answerJson(text)).toBeUndefined();
    },
  );
});

describe("a complaint", () => {
  const responseFormat = { type: "json_schema" as const, jsonSchema: { name: "n", schema: { marker: 1 } } };
  const call = (name: string, args: string) => ({
    ...blank,
    toolCalls: [{ id: "1", name, arguments: args }],
  });
  const tools = [{ type: "function" as const, function: { name: "t", parameters: { marker: 2 } } }];

  test("is not made of plain text", () => {
    expect(complaintOf({ ...blank, text: "Hi" }, input({}), never)).toBeUndefined();
  });

  test("is made of text where JSON was asked for, and quotes none of it", () => {
    const complaint = complaintOf({ ...blank, text: "SECRET" }, input({ responseFormat }), never);
    expect(complaint).toBe("a JSON object was asked for and the answer is none");
  });

  test("is made of JSON that breaks its schema, judged without its nulls", () => {
    const judged: unknown[] = [];
    const fits = (...args: unknown[]) => judged.push(args) > 1;
    const answer = { ...blank, text: '{"a":null,"b":1}' };
    expect(complaintOf(answer, input({ responseFormat }), fits)).toBe("the answer breaks the JSON schema");
    expect(complaintOf(answer, input({ responseFormat }), fits)).toBeUndefined();
    expect(judged).toEqual([
      [{ marker: 1 }, { b: 1 }],
      [{ marker: 1 }, { b: 1 }],
    ]);
  });

  test("is made of an unknown tool, of arguments that are no object, and of ones that break the tool's schema", () => {
    const judge = (answer: Answer, fits: () => boolean) => complaintOf(answer, input({ tools }), fits);
    expect(judge(call("SECRET", "{}"), never)).toBe("a tool was called that the input does not offer");
    expect(judge(call("t", "[1]"), never)).toBe('the arguments of tool "t" are not a JSON object');
    expect(judge(call("t", '{"SECRET":1}'), () => false)).toBe('the arguments of tool "t" break its schema');
    expect(judge(call("t", "{}"), () => true)).toBeUndefined();
  });

  test("is not made of missing JSON beside tool calls", () => {
    expect(complaintOf(call("t", "{}"), input({ tools, responseFormat }), () => true)).toBeUndefined();
  });

  test("is not made when the schema itself cannot be read: no model is to blame", () => {
    expect(complaintOf({ ...blank, text: "{}" }, input({ responseFormat }), never)).toBeUndefined();
  });
});

test("usage has exactly the documented keys, and cached tokens only when there are some", () => {
  const spent = { inputTokens: 5, outputTokens: 0, reasoningTokens: 3, costUsd: 0.1 };
  expect(outputUsage({ ...spent, cacheReadInputTokens: 0, cacheCreationInputTokens: 0 })).toEqual({
    inputTokens: 5,
    outputTokens: 0,
  });
  expect(outputUsage({ ...spent, cacheReadInputTokens: 2, cacheCreationInputTokens: 4 })).toEqual({
    inputTokens: 5,
    outputTokens: 0,
    cacheReadInputTokens: 2,
    cacheCreationInputTokens: 4,
  });
});

test("a tool call has its arguments as an object", () => {
  expect(outputToolCalls([{ id: "c", name: "t", arguments: '{"a":1,"b":null}' }])).toEqual([
    { id: "c", type: "function", function: { name: "t", arguments: { a: 1 } } },
  ]);
});

test("a file is its data, or its address where there is no more", () => {
  const mimeType = "image/png";
  expect(outputFile({ type: "file", mimeType, data: "QUJD" })).toEqual({
    type: "file",
    data: "QUJD",
    mimeType,
  });
  expect(outputFile({ type: "file", mimeType, url: "https://x.test/a" })).toEqual({
    type: "url",
    url: "https://x.test/a",
    mimeType,
  });
});
