import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Capability, missingCapability } from "../../src/capabilities.js";
import type { ModelFacts } from "../../src/model-facts.js";
import type { ChatRequest } from "../../src/types.js";

const NONE: ModelFacts = { tools: false, jsonSchema: false, imageInput: false };
const ALL: ModelFacts = { tools: true, jsonSchema: true, imageInput: true };
const TOOLS = [{ type: "function", function: { name: "weather" } }];
const HELLO = { messages: [{ role: "user", content: "Hello" }] };
const SCHEMA = { response_format: { type: "json_schema", json_schema: { name: "a", schema: {} } } };
const IMAGE = {
  messages: [
    { role: "system", content: "Look." },
    {
      role: "user",
      content: [
        { type: "text", text: "this" },
        { type: "image_url", image_url: { url: "x" } },
      ],
    },
  ],
};

const missing = (request: object, facts: ModelFacts) =>
  missingCapability({ ...HELLO, ...request } as unknown as ChatRequest, facts);

describe("missingCapability", () => {
  it.each<[string, object, Capability | undefined]>([
    ["nothing special", {}, undefined],
    ["tools", { tools: TOOLS }, "tools"],
    ["no tools", { tools: [] }, undefined],
    ["tools that are not to be called", { tools: TOOLS, tool_choice: "none" }, undefined],
    ["tools one of which is to be called", { tools: TOOLS, tool_choice: "required" }, "tools"],
    ["a JSON schema", SCHEMA, "json_schema"],
    ["JSON without a schema", { response_format: { type: "json_object" } }, undefined],
    ["an image", IMAGE, "image"],
    ["several of them", { tools: TOOLS, ...SCHEMA, ...IMAGE }, "tools"],
  ])("%s", (_, request, expected) => {
    expect(missing(request, NONE)).toBe(expected);
    expect(missing(request, {})).toBeUndefined();
    expect(missing(request, ALL)).toBeUndefined();
  });

  it("names what is missing, not what is there", () => {
    const all = { tools: TOOLS, ...SCHEMA, ...IMAGE };
    expect(missing(all, { ...NONE, tools: true })).toBe("json_schema");
    expect(missing(all, { ...NONE, tools: true, jsonSchema: true })).toBe("image");
  });

  it("is total over messages of any shape", () => {
    const body = fc.record({
      messages: fc.array(fc.oneof(fc.anything(), fc.record({ content: fc.array(fc.anything()) }))),
      tools: fc.anything(),
      response_format: fc.anything(),
    });
    fc.assert(
      fc.property(body, (request) => {
        expect(["tools", "json_schema", "image", undefined]).toContain(missing(request, NONE));
      }),
    );
  });
});
