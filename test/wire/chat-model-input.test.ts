import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AIAgent, AIGNE, type ChatModelInput, FunctionAgent } from "@aigne/core";
import { describe, expect, test } from "vitest";
import type { OpenRouterChatModelOptions } from "../../src/index.js";
import { ask, bodyOf, call, PRIMARY, stage, tidyUp } from "../support/chat-model.js";

tidyUp();

const OK = { text: "ok" };
const base64 = (text: string) => Buffer.from(text, "latin1").toString("base64");

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

test("a plain question is the model, the messages and a stream with usage, and nothing else", async () => {
  expect(await sent({})).toEqual({
    model: PRIMARY,
    messages: [{ role: "user", content: "Say it." }],
    stream: true,
    stream_options: { include_usage: true },
  });
});

describe("messages", () => {
  test("roles, names and the tool history arrive under the wire's names", async () => {
    const toolCalls = [
      {
        id: "c1",
        type: "function" as const,
        function: { name: "get-weather", arguments: { city: "Paris" } },
        metadata: { x: 1 },
      },
    ];
    const { messages } = await sent({
      messages: [
        { role: "system", content: "Rules." },
        { role: "user", content: "Weather?", name: "ann" },
        { role: "agent", toolCalls },
        { role: "tool", toolCallId: "c1", content: "22" },
        { role: "agent", content: "22 degrees." },
        { role: "user", content: [{ type: "text", text: "Thanks." }] },
      ],
    });
    expect(messages).toEqual([
      { role: "system", content: "Rules." },
      { role: "user", content: "Weather?", name: "ann" },
      {
        role: "assistant",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: "22" },
      { role: "assistant", content: "22 degrees." },
      { role: "user", content: [{ type: "text", text: "Thanks." }] },
    ]);
  });

  test("cache marks on texts, messages and tools arrive; AIGNE's automatic ones do not", async () => {
    const cacheControl = { type: "ephemeral" as const, ttl: "1h" as const };
    const body = await sent({
      messages: [
        { role: "system", content: "Long rules.", cacheControl },
        {
          role: "user",
          content: [
            { type: "text", text: "a", cacheControl },
            { type: "text", text: "b" },
          ],
        },
        { role: "user", content: "last" },
      ],
      tools: [{ type: "function", function: { name: "t", parameters: {} }, cacheControl }],
    });
    expect(body.messages).toEqual([
      { role: "system", content: [{ type: "text", text: "Long rules.", cache_control: cacheControl }] },
      {
        role: "user",
        content: [
          { type: "text", text: "a", cache_control: cacheControl },
          { type: "text", text: "b" },
        ],
      },
      { role: "user", content: "last" },
    ]);
    expect(body.tools).toMatchObject([{ cache_control: cacheControl }]);
    expect(body).not.toHaveProperty("cache_config");
  });
});

describe("content", () => {
  const contentOf = async (part: object, modelOptions: ChatModelInput["modelOptions"] = {}) => {
    const { messages } = await sent({ messages: [{ role: "user", content: [part as never] }], modelOptions });
    return (messages as { content: unknown[] }[])[0]?.content[0];
  };

  test.each([
    [
      { type: "file", data: "QUJD", mimeType: "image/png" },
      { type: "image_url", image_url: { url: "data:image/png;base64,QUJD" } },
    ],
    [
      { type: "file", data: "QUJD", mimeType: "audio/wav" },
      { type: "input_audio", input_audio: { data: "QUJD", format: "wav" } },
    ],
    [
      { type: "file", data: "QUJD", mimeType: "video/mp4" },
      { type: "video_url", video_url: { url: "data:video/mp4;base64,QUJD" } },
    ],
    [
      { type: "file", data: "QUJD", mimeType: "application/pdf", filename: "bill.pdf" },
      { type: "file", file: { filename: "bill.pdf", file_data: "data:application/pdf;base64,QUJD" } },
    ],
    [
      { type: "file", data: "QUJD", mimeType: "application/x-unheard-of" },
      { type: "file", file: { filename: "file", file_data: "data:application/x-unheard-of;base64,QUJD" } },
    ],
    [
      { type: "file", data: base64("\xff\xd8\xff\xe0") },
      { type: "image_url", image_url: { url: "data:image/jpeg;base64,/9j/4A==" } },
    ],
  ])("a file %j arrives as the part for its kind", async (part, expected) => {
    expect(await contentOf(part)).toEqual(expected);
  });

  test.each([
    [
      "note.pdf",
      "%PDF-1.7",
      {
        type: "file",
        file: { filename: "file.pdf", file_data: `data:application/pdf;base64,${base64("%PDF-1.7")}` },
      },
    ],
    ["sound.mp3", "ID3", { type: "input_audio", input_audio: { data: base64("ID3"), format: "mp3" } }],
    ["photo.png", "x", { type: "image_url", image_url: { url: `data:image/png;base64,${base64("x")}` } }],
  ])("a local file %s arrives by its content", async (name, content, expected) => {
    const dir = await mkdtemp(join(tmpdir(), "seam-"));
    try {
      await writeFile(join(dir, name), content);
      expect(await contentOf({ type: "local", path: join(dir, name) })).toEqual(expected);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("an address is fetched once and sent inline, and with preferInputFileType url sent as it is", async () => {
    let fetched = 0;
    const site = createServer((_, response) => {
      fetched++;
      response.end("GIF89a");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => site.once("listening", resolve));
    const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/picture`;
    try {
      const { model, simulator } = await stage({ [PRIMARY]: { fault: "404-endpoints" }, "b/c": OK });
      await call("direct", model, {
        input: { messages: [{ role: "user", content: [{ type: "url", url }] }] },
      });
      for (const n of [0, 1]) {
        expect(bodyOf(simulator, n).messages).toMatchObject([
          {
            content: [{ type: "image_url", image_url: { url: `data:image/gif;base64,${base64("GIF89a")}` } }],
          },
        ]);
      }
      expect(fetched).toBe(1);
      expect(await contentOf({ type: "url", url }, { preferInputFileType: "url" })).toEqual({
        type: "image_url",
        image_url: { url },
      });
      expect(await contentOf({ type: "url", url: `${url}.pdf` }, { preferInputFileType: "url" })).toEqual({
        type: "file",
        file: { filename: "picture.pdf", file_data: `${url}.pdf` },
      });
      expect(fetched).toBe(1);
    } finally {
      site.close();
    }
  });
});

describe("tools", () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tool = (name: string, schema: Record<string, unknown> = parameters) => ({
    type: "function" as const,
    function: { name, description: `does ${name}`, parameters: schema },
  });

  test("arrive with normalised names, the choice among them too", async () => {
    const body = await sent({
      tools: [tool("get-weather"), tool("no args", {})],
      toolChoice: tool("get-weather"),
    });
    expect(body.tools).toEqual([
      { type: "function", function: { name: "get_weather", description: "does get-weather", parameters } },
      {
        type: "function",
        function: {
          name: "no_args",
          description: "does no args",
          parameters: { type: "object", properties: {} },
        },
      },
    ]);
    expect(body.tool_choice).toEqual({ type: "function", function: { name: "get_weather" } });
    expect(body).not.toHaveProperty("parallel_tool_calls");
  });

  test.each(["auto", "none", "required"] as const)("are chosen by %s", async (toolChoice) => {
    expect((await sent({ tools: [tool("a")], toolChoice })).tool_choice).toBe(toolChoice);
  });

  test("an agent's loop goes on with the fallback when the primary fails between its rounds", async () => {
    const { model, simulator } = await stage({
      [PRIMARY]: [
        { toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
        { fault: "cut", text: "It is a b", at: 3 },
      ],
      "b/c": { text: "22 degrees in Paris." },
    });
    const weather = FunctionAgent.from({ name: "get-weather", process: () => ({ degrees: 22 }) });
    const agent = AIAgent.from({ instructions: "Use tools.", inputKey: "message", skills: [weather] });
    const output = await new AIGNE({ model }).invoke(agent, { message: "Weather in Paris?" });
    expect(output).toEqual({ message: "22 degrees in Paris." });
    expect(simulator.requests.map(({ model: asked }) => asked)).toEqual([PRIMARY, PRIMARY, "b/c"]);
    expect(bodyOf(simulator, 2).messages).toEqual(bodyOf(simulator, 1).messages);
  });

  test("an agent's tool loop keeps names, arguments and ids together over two requests", async () => {
    const { model, simulator } = await stage({
      [PRIMARY]: [
        {
          text: "Let me look.",
          toolCalls: [{ id: "call_7", name: "get_weather", arguments: { city: "Paris" } }],
        },
        { text: "22 degrees in Paris." },
      ],
    });
    const asked: unknown[] = [];
    const weather = FunctionAgent.from({
      name: "get-weather",
      inputSchema: (await import("zod")).z.object({ city: (await import("zod")).z.string() }) as never,
      process: ({ city }: { city?: string }) => {
        asked.push(city);
        return { degrees: 22 };
      },
    });
    const agent = AIAgent.from({ instructions: "Use tools.", inputKey: "message", skills: [weather] });
    const output = await new AIGNE({ model }).invoke(agent, { message: "Weather in Paris?" });
    expect(asked).toEqual(["Paris"]);
    expect(output).toEqual({ message: "22 degrees in Paris." });
    expect(bodyOf(simulator, 0).tools).toMatchObject([{ function: { name: "get_weather" } }]);
    const history = bodyOf(simulator, 1).messages as { role: string }[];
    expect(history.slice(-2)).toEqual([
      {
        role: "assistant",
        tool_calls: [
          {
            id: "call_7",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Paris"}' },
          },
        ],
      },
      {
        role: "tool",
        tool_call_id: "call_7",
        content: [{ type: "text", text: expect.stringContaining("22") }],
      },
    ]);
  });
});
