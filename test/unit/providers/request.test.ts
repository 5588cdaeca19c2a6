import { describe, expect, test } from "vitest";
import { shapeRequest } from "../../../src/providers/request.js";
import type { Supports, WireRequest } from "../../../src/types.js";

const ALL: Supports = {
  usageInStream: true,
  tools: true,
  jsonSchema: true,
  prefill: true,
  openRouterKeys: true,
};
const tool = { type: "function", function: { name: "f", parameters: {} } };

const FULL = {
  model: "a/b",
  messages: [
    { role: "system", content: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }] },
    { role: "user", content: "hi" },
    { role: "assistant", content: "a", reasoning: "r", reasoning_details: [{}] },
  ],
  temperature: 1,
  top_k: 5,
  max_tokens: 9,
  stream_options: { include_usage: true },
  tools: [{ ...tool, cache_control: { type: "ephemeral" } }],
  tool_choice: "auto",
  parallel_tool_calls: true,
  response_format: { type: "json_schema", json_schema: { name: "x" } },
  provider: { order: ["x"] },
  plugins: [],
  transforms: ["middle-out"],
  models: ["c/d"],
  route: "fallback",
  usage: { include: true },
} as unknown as WireRequest;

describe("shapeRequest", () => {
  test("leaves a request alone where all is supported", () => {
    expect(shapeRequest(FULL, ALL)).toEqual({ body: FULL, omitted: [] });
  });

  test("leaves out OpenRouter's keys, at every level, and names them", () => {
    const copy = structuredClone(FULL);
    const { body, omitted } = shapeRequest(FULL, { ...ALL, openRouterKeys: false });
    expect(omitted).toEqual([
      "messages[].content[].cache_control",
      "messages[].reasoning",
      "messages[].reasoning_details",
      "models",
      "plugins",
      "provider",
      "route",
      "tools[].cache_control",
      "transforms",
      "usage",
    ]);
    expect(body).toEqual({
      model: "a/b",
      messages: [
        { role: "system", content: [{ type: "text", text: "s" }] },
        { role: "user", content: "hi" },
        { role: "assistant", content: "a" },
      ],
      temperature: 1,
      top_k: 5,
      max_tokens: 9,
      stream_options: { include_usage: true },
      tools: [tool],
      tool_choice: "auto",
      parallel_tool_calls: true,
      response_format: FULL.response_format,
    });
    expect(FULL).toEqual(copy);
  });

  test("leaves out tools, JSON schemas and stream options where they are not supported", () => {
    const { body, omitted } = shapeRequest(FULL, {
      ...ALL,
      tools: false,
      jsonSchema: false,
      usageInStream: false,
    });
    expect(omitted).toEqual([
      "parallel_tool_calls",
      "response_format",
      "stream_options",
      "tool_choice",
      "tools",
    ]);
    for (const key of omitted) expect(body).not.toHaveProperty(key);
    const json = { ...FULL, response_format: { type: "json_object" } } as WireRequest;
    expect(shapeRequest(json, { ...ALL, jsonSchema: false }).body.response_format).toEqual({
      type: "json_object",
    });
  });

  test.each([
    [{ effort: "low" }, undefined, "low", []],
    [{ effort: "low", exclude: true }, undefined, "low", ["reasoning.exclude"]],
    [{ effort: "low" }, "high", "high", []],
    [{ max_tokens: 100 }, undefined, undefined, ["reasoning"]],
    [{ enabled: true }, "high", "high", ["reasoning"]],
  ])("translates reasoning %j beside reasoning_effort %j", (reasoning, given, effort, omitted) => {
    const request = {
      model: "m",
      messages: [],
      reasoning,
      ...(given && { reasoning_effort: given }),
    } as WireRequest;
    const shaped = shapeRequest(request, { ...ALL, openRouterKeys: false });
    expect(shaped.body.reasoning_effort).toBe(effort);
    expect(shaped.body).not.toHaveProperty("reasoning");
    expect(shaped.omitted).toEqual(omitted);
    expect(shapeRequest(request, ALL).body).toEqual(request);
  });

  test("keeps OpenRouter's server tools at home", () => {
    const request = { ...FULL, tools: [{ type: "openrouter:web_search" }, tool] } as unknown as WireRequest;
    const shaped = shapeRequest(request, { ...ALL, openRouterKeys: false });
    expect(shaped.body.tools).toEqual([tool]);
    expect(shaped.omitted).toContain("tools[openrouter:web_search]");
    const alone = { ...FULL, tools: [{ type: "openrouter:web_search" }] } as unknown as WireRequest;
    const { body } = shapeRequest(alone, { ...ALL, openRouterKeys: false });
    for (const key of ["tools", "tool_choice", "parallel_tool_calls"]) expect(body).not.toHaveProperty(key);
  });
});
