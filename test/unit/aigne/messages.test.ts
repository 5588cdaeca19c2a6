import type { ChatModelInputMessage } from "@aigne/core";
import { describe, expect, test } from "vitest";
import { wireMessages } from "../../../src/aigne/messages.js";

const toolName = async (name: string) => name.replaceAll("-", "_");
const wire = async (message: ChatModelInputMessage) => (await wireMessages([message], toolName))[0];
const cacheControl = { type: "ephemeral" } as const;

test("AIGNE's agent is the wire's assistant, and the other roles keep their names", async () => {
  const roles = ["system", "user", "agent", "tool"] as const;
  const messages = await wireMessages(
    roles.map((role) => ({ role, content: "x" })),
    toolName,
  );
  expect(messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool"]);
});

test("a name and the id of a tool's call are kept", async () => {
  expect(await wire({ role: "tool", content: "22", toolCallId: "c1", name: "w" })).toEqual({
    role: "tool",
    content: "22",
    tool_call_id: "c1",
    name: "w",
  });
});

test("a tool call in the history has its arguments as text, its name normalised and no metadata", async () => {
  const call = { id: "c1", type: "function" as const, metadata: { secret: 1 } };
  expect(
    await wire({
      role: "agent",
      toolCalls: [{ ...call, function: { name: "get-w", arguments: { city: "Paris" } } }],
    }),
  ).toEqual({
    role: "assistant",
    tool_calls: [{ id: "c1", type: "function", function: { name: "get_w", arguments: '{"city":"Paris"}' } }],
  });
});

test("a message without content has an empty one, unless it calls tools", async () => {
  expect(await wire({ role: "user" })).toEqual({ role: "user", content: "" });
  expect(await wire({ role: "agent" })).toEqual({ role: "assistant", content: "" });
  expect(await wire({ role: "tool", toolCallId: "c", content: null as never })).toMatchObject({
    content: "",
  });
});

describe("a message's own cache mark", () => {
  test("makes its text a part that bears it", async () => {
    expect(await wire({ role: "system", content: "Rules", cacheControl })).toEqual({
      role: "system",
      content: [{ type: "text", text: "Rules", cache_control: cacheControl }],
    });
  });

  test("goes to its last text, since no other part can bear it", async () => {
    const content = [
      { type: "text" as const, text: "a" },
      { type: "text" as const, text: "b" },
      { type: "url" as const, url: "https://x.test/a.png" },
    ];
    expect((await wire({ role: "user", content, cacheControl }))?.content).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b", cache_control: cacheControl },
      { type: "image_url", image_url: { url: "https://x.test/a.png" } },
    ]);
  });

  test("is left out of an empty message, which cannot be cached", async () => {
    expect(await wire({ role: "user", content: "", cacheControl })).toEqual({ role: "user", content: "" });
  });
});
