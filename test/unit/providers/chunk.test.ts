import { describe, expect, test } from "vitest";
import { SignalError } from "../../../src/errors.js";
import { ChunkDecoder } from "../../../src/providers/chunk.js";
import type { ProviderPart, Signal } from "../../../src/types.js";

const HEADERS = { "x-request-id": "r1" };

interface Decoded {
  parts: ProviderPart[];
  signal?: Signal;
}

function run(work: (decoder: ChunkDecoder, out: ProviderPart[]) => void): Decoded {
  const parts: ProviderPart[] = [];
  const decoder = new ChunkDecoder("mp3");
  decoder.headers = HEADERS;
  try {
    work(decoder, parts);
  } catch (error) {
    if (!(error instanceof SignalError)) throw error;
    return { parts, signal: error.signal };
  }
  return { parts };
}

const events = (...data: unknown[]): Decoded =>
  run((decoder, out) => {
    for (const each of data)
      decoder.event(typeof each === "string" ? each : JSON.stringify(each), undefined, out);
  });
const deltas = (...list: unknown[]): Decoded =>
  events(...list.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })));
const reply = (body: unknown): Decoded =>
  run((decoder, out) => decoder.reply(typeof body === "string" ? body : JSON.stringify(body), out));
const calls = (...fragments: unknown[]) =>
  deltas(...fragments.map((fragment) => ({ tool_calls: [fragment] }))).parts;
const finish = (reason: unknown, more: object = {}) => ({
  choices: [{ delta: {}, finish_reason: reason, ...more }],
});
const deltasThen = (content: string, reason: string) =>
  events({ choices: [{ delta: { content } }] }, finish(reason));
/** Chunks whose first choice is each of these. */
const choices = (...list: object[]) => events(...list.map((choice) => ({ choices: [choice] })));
const texts = ({ parts }: Decoded) => parts.flatMap((part) => (part.type === "text" ? part.text : []));

describe("text", () => {
  test("is taken from a string, from an array of parts, and not from role-only or empty deltas", () => {
    expect(
      deltas(
        { role: "assistant", content: "" },
        { role: "assistant" },
        { content: null },
        { content: "a" },
        { content: [{ type: "text", text: "b" }, { type: "text", text: "" }, "c"] },
      ).parts,
    ).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "text", text: "c" },
    ]);
  });

  test.each([[1], [true], [{ text: "a" }]])("of type %j is invalid and never overlooked", (content) => {
    expect(deltas({ content }).signal).toMatchObject({ kind: "invalid", reason: "json" });
  });

  test("of other choices than the first is no part of the answer", () => {
    const choices = [
      { index: 1, delta: { content: "no" } },
      { index: 0, delta: { content: "yes" } },
    ];
    expect(events({ choices }).parts).toEqual([{ type: "text", text: "yes" }]);
  });

  test("that a last chunk repeats as a whole message is not doubled", () => {
    const last = { choices: [{ index: 0, message: { content: "ab" }, finish_reason: "stop" }] };
    expect(events({ choices: [{ delta: { content: "ab" } }] }, last).parts).toEqual([
      { type: "text", text: "ab" },
      { type: "finish", reason: "stop" },
    ]);
  });

  test.each([["0"], [0], [null], [undefined]])("of a choice with the index %j is the answer", (index) => {
    expect(texts(choices({ index, delta: { content: "a" } }, { index, delta: { content: "b" } }))).toEqual([
      "a",
      "b",
    ]);
    expect(texts(reply({ choices: [{ index, message: { content: "a" } }] }))).toEqual(["a"]);
    expect(texts(choices({ index: "1", delta: { content: "no" } }))).toEqual([]);
  });

  test("in the field text, the form before chat, is taken, in the middle of others too", () => {
    expect(
      texts(choices({ text: "a" }, { delta: {}, text: "b" }, { delta: { content: "c" } }, { text: "d" })),
    ).toEqual(["a", "b", "c", "d"]);
    expect(texts(reply({ choices: [{ text: "whole", finish_reason: "stop" }] }))).toEqual(["whole"]);
  });

  test("in the field text that repeats its delta is taken once, and one that differs is invalid", () => {
    expect(
      texts(choices({ delta: { content: "a" }, text: "a" }, { delta: { content: "b" }, text: "" })),
    ).toEqual(["a", "b"]);
    expect(texts(choices({ delta: { reasoning: "hm" }, text: "hm" }))).toEqual([]);
    expect(texts(choices({ delta: { tool_calls: [{ id: "c" }] }, text: "so" }))).toEqual(["so"]);
    expect(choices({ delta: { content: "a" }, text: "b" }).signal).toMatchObject({
      kind: "invalid",
      reason: "json",
    });
  });

  test.each([
    ["delta", { delta: "a" }],
    ["delta as a list", { delta: ["a"] }],
    ["message", { message: "a" }],
    ["tool_calls", { delta: { tool_calls: { index: 0 } } }],
    ["images", { delta: { images: "x" } }],
  ])("in a %s of a form that cannot be read is invalid and never overlooked", (_, choice) => {
    expect(choices(choice).signal).toMatchObject({ kind: "invalid", reason: "json" });
    expect(events({ choices: choice }).signal).toMatchObject({ kind: "invalid", reason: "json" });
  });

  test("is not looked for in what is empty", () => {
    for (const nothing of [null, "", [], {}]) {
      expect(choices({ delta: nothing, message: nothing, text: null })).toEqual({ parts: [] });
      expect(choices({ delta: { tool_calls: nothing, images: nothing } })).toEqual({ parts: [] });
      expect(events({ choices: nothing })).toEqual({ parts: [] });
    }
  });

  test("[DONE] inside it is text", () => {
    expect(deltas({ content: "[DONE]" }).parts).toEqual([{ type: "text", text: "[DONE]" }]);
  });
});

describe("a message in a stream", () => {
  const message = (content: unknown, more: object = {}) => ({ message: { content, ...more } });
  const invalid = { kind: "invalid", reason: "json" };

  test("is taken when nothing came before it", () => {
    expect(texts(choices(message("whole")))).toEqual(["whole"]);
    expect(texts(choices({ delta: { role: "assistant", content: "" } }, message("whole")))).toEqual([
      "whole",
    ]);
  });

  test("gives the answer so far, of which the news are taken", () => {
    expect(texts(choices(message("a"), message("a b"), message("a b"), message("a b c")))).toEqual([
      "a",
      " b",
      " c",
    ]);
    expect(texts(choices({ delta: { content: "a" } }, message("a b")))).toEqual(["a", " b"]);
    expect(
      texts(choices({ delta: { content: "a" } }, { delta: { content: "" }, ...message("a b") })),
    ).toEqual(["a", " b"]);
  });

  test("may repeat the answer without the white space around it, or say nothing", () => {
    const before = { delta: { content: " a b\n" } };
    for (const whole of [" a b\n", "a b", "", null]) {
      expect(choices(before, message(whole))).toEqual({ parts: [{ type: "text", text: " a b\n" }] });
    }
  });

  test("beside a delta that says something only repeats", () => {
    const sonar = (content: string, whole: string) => ({ delta: { content }, ...message(whole) });
    expect(texts(choices(sonar("a", "a"), sonar("b", "ab"), sonar("", "ab")))).toEqual(["a", "b"]);
  });

  test.each([
    ["texts", message("Hello"), message(" world")],
    ["texts after deltas", { delta: { content: "Hello" } }, message(" world")],
    ["thoughts", message(null, { reasoning: "Let" }), message(null, { reasoning: " me" })],
    ["refusals", message(null, { refusal: "I" }), message(null, { refusal: " can't" })],
  ])("that is a piece like a delta is invalid, not dropped: %s", (_, first, second) => {
    const { parts, signal } = choices(first, second);
    expect(signal).toMatchObject(invalid);
    expect(parts).toHaveLength(1);
  });

  const call = (name: string, args: string, more: object = {}) => ({
    function: { name, arguments: args },
    ...more,
  });
  const toolParts = ({ parts }: Decoded) => parts.filter(({ type }) => type === "toolCall");

  test("repeats tool calls by their place, with or without ids", () => {
    const streamed = [
      { delta: { tool_calls: [call("f", '{"a"', { index: 0, id: "c1" })] } },
      { delta: { tool_calls: [{ index: 0, function: { arguments: ":1}" } }] } },
      { delta: { tool_calls: [call("f", '{"a":1}', { index: 1, id: "c2" })] } },
    ];
    const before = toolParts(choices(...streamed));
    for (const ids of [
      ["c1", "c2"],
      [undefined, undefined],
      ["other", "ids"],
    ]) {
      const tool_calls = ids.map((id) => call("f", '{"a":1}', { id }));
      expect(toolParts(choices(...streamed, message(null, { tool_calls })))).toEqual(before);
    }
    const tool_calls = [call("f", '{ "a": 1 }'), { function: { name: "f", arguments: { a: 1 } } }];
    expect(toolParts(choices(...streamed, message(null, { tool_calls })))).toEqual(before);
  });

  test("adds the tool calls, and the arguments, that were missing", () => {
    const tool_calls = [call("f", "{}", { id: "c1" }), call("f", "{}", { id: "c2" })];
    expect(
      toolParts(
        choices({ delta: { tool_calls: [call("f", "{", { index: 0 })] } }, message("", { tool_calls })),
      ),
    ).toEqual([
      { type: "toolCall", index: 0, name: "f", arguments: "{" },
      { type: "toolCall", index: 0, id: "c1", arguments: "}" },
      { type: "toolCall", index: 1, id: "c2", name: "f", arguments: "{}" },
    ]);
  });

  test.each([
    ["of another name", call("g", "{}")],
    ["of other arguments", call("f", '{"b":1}')],
    ["in pieces", { function: { arguments: "}" } }],
  ])("with tool calls %s is invalid", (_, other) => {
    const streamed = { delta: { tool_calls: [call("f", '{"a"', { index: 0, id: "c1" })] } };
    expect(choices(streamed, message(null, { tool_calls: [other] })).signal).toMatchObject(invalid);
  });

  test("repeats files, and adds new ones", () => {
    const image = (data: string) => ({
      type: "image_url",
      image_url: { url: `data:image/png;base64,${data}` },
    });
    const { parts } = choices(
      { delta: { images: [image("aa")] } },
      message(null, { images: [image("aa"), image("bb")] }),
    );
    expect(parts.map((part) => part.type === "file" && part.data)).toEqual(["aa", "bb"]);
  });

  test("repeats audio, before and after the finish, or gives its rest", () => {
    const data = (text: string) => Buffer.from(text).toString("base64");
    const audio = (text: string) => ({ audio: { data: data(text) } });
    const files = (...list: object[]) =>
      choices(...list).parts.flatMap((part) =>
        part.type === "file" ? Buffer.from(part.data ?? "", "base64") : [],
      );
    const stop = { delta: {}, finish_reason: "stop" };
    const pieces = [{ delta: audio("abc") }, { delta: audio("def") }];
    expect(String(files(...pieces, message(null, audio("abcdef")), stop))).toBe("abcdef");
    expect(String(files(...pieces, stop, message(null, audio("abcdef")), stop))).toBe("abcdef");
    expect(String(files(...pieces, message(null, audio("abcdefgh")), stop))).toBe("abcdefgh");
    expect(choices(...pieces, message(null, audio("ghi"))).signal).toMatchObject(invalid);
  });
});

describe("reasoning", () => {
  test("is read once when it comes in several fields", () => {
    const details = [{ type: "reasoning.text", text: "This", index: 0 }];
    expect(
      deltas(
        { content: "", reasoning: "This", reasoning_details: details },
        { reasoning: "a", reasoning_content: "a" },
      ).parts,
    ).toEqual([
      { type: "thoughts", text: "This" },
      { type: "thoughts", text: "a" },
    ]);
  });

  test("is read from details alone, from reasoning_content, and from Mistral's content parts", () => {
    expect(
      deltas(
        {
          reasoning: null,
          reasoning_details: [
            { type: "reasoning.summary", summary: "s" },
            { type: "reasoning.text", text: "t" },
            { type: "reasoning.encrypted", data: "gAAAA" },
            { type: "reasoning.text", signature: "Et0B" },
          ],
        },
        { reasoning_content: "c" },
        { content: [{ type: "thinking", thinking: [{ type: "text", text: "m" }] }] },
      ).parts,
    ).toEqual([
      { type: "thoughts", text: "st" },
      { type: "thoughts", text: "c" },
      { type: "thoughts", text: "m" },
    ]);
  });
});

describe("tool calls", () => {
  const first = { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } };

  test("come in fragments, the empty ones left out", () => {
    expect(
      calls(
        first,
        { index: 0, function: { arguments: "" } },
        { index: 0, function: { arguments: '{"a' } },
        {
          index: 0,
          function: { arguments: '":1}' },
        },
      ),
    ).toEqual([
      { type: "toolCall", index: 0, id: "call_1", name: "f", arguments: "" },
      { type: "toolCall", index: 0, arguments: '{"a' },
      { type: "toolCall", index: 0, arguments: '":1}' },
    ]);
  });

  test.each([
    ["parallel indexes", 0, 1],
    ["an index that starts at 1", 1, 2],
    ["hostile indexes", -1, 1e9],
    ["a fraction and a string", 1.5, "0"],
    ["no index", undefined, undefined],
    ["null", null, null],
    ["the same index and new ids", 0, 0],
  ])("with %s are numbered 0 and 1", (_, a, b) => {
    const parts = calls(
      { index: a, id: "c1", function: { name: "f", arguments: '{"x":' } },
      { index: a, function: { arguments: "1}" } },
      { index: b, id: "c2", function: { name: "g", arguments: "{" } },
      { index: b, function: { arguments: "}" } },
    );
    expect(parts).toEqual([
      { type: "toolCall", index: 0, id: "c1", name: "f", arguments: '{"x":' },
      { type: "toolCall", index: 0, arguments: "1}" },
      { type: "toolCall", index: 1, id: "c2", name: "g", arguments: "{" },
      { type: "toolCall", index: 1, arguments: "}" },
    ]);
  });

  test("without index are told apart by id, and without either by name", () => {
    const parts = calls(
      { id: "c1", function: { name: "f", arguments: "{" } },
      { id: "c2", function: { name: "f", arguments: "{" } },
      { id: "c1", function: { arguments: "}" } },
      { function: { name: "g", arguments: "{}" } },
    );
    expect(parts.map((part) => part.type === "toolCall" && part.index)).toEqual([0, 1, 0, 2]);
  });

  test("that all have the same index and id are told apart when each is whole", () => {
    const call = (city: string) => ({
      index: 0,
      id: "x",
      function: { name: "w", arguments: `{"c":"${city}"}` },
    });
    expect(
      calls(call("a"), call("b"), call("b")).map((part) => part.type === "toolCall" && part.index),
    ).toEqual([0, 1]);
  });

  test("that repeat id and name in every fragment stay one", () => {
    const piece = (args: string) => ({ index: 0, id: "x", function: { name: "w", arguments: args } });
    expect(calls(piece('{"a'), piece('":{'), piece("}}"))).toEqual([
      { type: "toolCall", index: 0, id: "x", name: "w", arguments: '{"a' },
      { type: "toolCall", index: 0, arguments: '":{' },
      { type: "toolCall", index: 0, arguments: "}}" },
    ]);
  });

  test("with arguments as an object, without arguments, or without anything", () => {
    expect(calls({ index: 0, id: "c", function: { name: "f", arguments: { a: 1 } } })).toEqual([
      { type: "toolCall", index: 0, id: "c", name: "f", arguments: '{"a":1}' },
    ]);
    expect(calls({ index: 0, id: "c", function: { name: "toString" } })).toEqual([
      { type: "toolCall", index: 0, id: "c", name: "toString", arguments: "" },
    ]);
    expect(calls(null, "x", {}, { index: 0 }, { index: 0, function: null })).toEqual([]);
  });

  test("of the format before tools are read", () => {
    const piece = (fn: object) => ({ function_call: fn });
    expect(
      deltas(piece({ name: "f", arguments: "" }), piece({ arguments: '{"a":' }), piece({ arguments: "1}" }))
        .parts,
    ).toEqual([
      { type: "toolCall", index: 0, name: "f", arguments: "" },
      { type: "toolCall", index: 0, arguments: '{"a":' },
      { type: "toolCall", index: 0, arguments: "1}" },
    ]);
  });

  test("more than 128 are refused", () => {
    const many = Array.from({ length: 129 }, (_, index) => ({
      index,
      id: `c${index}`,
      function: { name: "f" },
    }));
    expect(deltas({ tool_calls: many.slice(1) }).parts).toHaveLength(128);
    expect(deltas({ tool_calls: many }).signal).toMatchObject({ kind: "invalid", reason: "oversized" });
  });
});

describe("files", () => {
  test("are read from images, as data or as an address", () => {
    const image = (url: string) => ({ type: "image_url", image_url: { url } });
    expect(
      deltas({
        images: [
          image("data:image/png;base64,aGk="),
          image("data:image/svg+xml;charset=utf-8,%3Csvg%3E"),
          image("https://x.test/a.webp?b=c"),
          { type: "image_url" },
          null,
        ],
      }).parts,
    ).toEqual([
      { type: "file", mimeType: "image/png", data: "aGk=" },
      { type: "file", mimeType: "image/svg+xml", data: Buffer.from("<svg>").toString("base64") },
      { type: "file", mimeType: "image/webp", url: "https://x.test/a.webp?b=c" },
    ]);
  });

  test("audio comes in fragments that make one file at the end, its transcript is text", () => {
    const data = (text: string) => Buffer.from(text).toString("base64");
    const audio = [
      { audio: { id: "a", transcript: "Hi" } },
      { audio: { data: data("ab") } },
      { audio: { data: data("c") } },
    ];
    expect(events(...audio.map((delta) => ({ choices: [{ delta }] })), finish("stop")).parts).toEqual([
      { type: "text", text: "Hi" },
      { type: "file", mimeType: "audio/mpeg", data: data("abc") },
      { type: "finish", reason: "stop" },
    ]);
  });
});

describe("refusal, finish and usage", () => {
  test("a refusal is a part of its own", () => {
    expect(deltas({ refusal: "I can" }, { refusal: null }, { refusal: "not" }).parts).toEqual([
      { type: "refusal", text: "I can" },
      { type: "refusal", text: "not" },
    ]);
  });

  test("the doubled finish comes once, an empty or null one never", () => {
    expect(events(finish(null), finish(""), finish("length"), finish("length")).parts).toEqual([
      { type: "finish", reason: "length" },
    ]);
    expect(events(finish("content_filter")).parts).toEqual([{ type: "finish", reason: "content_filter" }]);
  });

  test.each([
    [
      "stop",
      ["STOP", "end_turn", "eos", "eos_token", "stop_sequence", "completed", "COMPLETE", "done", "finished"],
    ],
    ["stop", ["endTurn", "FINISH_REASON_STOP", " stop "]],
    ["length", ["MAX_TOKENS", "max_tokens", "model_length", "max_output_tokens", "token_limit", "maxTokens"]],
    ["tool_calls", ["tool_use", "tool_call", "TOOL_CALL", "function_call", "tool-calls"]],
    ["content_filter", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "refusal"]],
    [
      "content_filter",
      ["content-filter", "contentFilter", "moderation", "guardrail_intervened", "sensitive"],
    ],
  ])("a finish reason of any spelling comes as %s", (expected, reasons) => {
    for (const reason of reasons) {
      expect(events(finish(reason)).parts, reason).toEqual([{ type: "finish", reason: expected }]);
      const body = { choices: [{ message: { content: "a" }, finish_reason: reason }] };
      expect(reply(body).parts.at(-1), reason).toEqual({ type: "finish", reason: expected });
    }
  });

  test.each([
    "insufficient_system_resource",
    "abort",
    "aborted",
    "cancelled",
    "canceled",
    "MALFORMED_FUNCTION_CALL",
    "network_error",
  ])("the finish reason %s is an error and named", (reason) => {
    const signal = { kind: "finish", reason: "error", detail: reason };
    expect(deltasThen("Half an ans", reason).signal).toEqual({ ...signal, afterContent: true });
    expect(reply({ choices: [{ message: { content: "a" }, finish_reason: reason }] })).toEqual({
      parts: [],
      signal: { ...signal, afterContent: false },
    });
  });

  test("an unknown finish reason is no evidence of a whole answer, and is named in one short line", () => {
    expect(deltasThen("Half an ans", "load").signal).toEqual({
      kind: "finish",
      reason: "unknown",
      detail: "load",
      afterContent: true,
    });
    for (const hostile of [
      `\u001b[31m${"x".repeat(1 << 20)}`,
      "\u202e\n",
      "__proto__",
      "constructor",
      "a b",
    ]) {
      const { signal } = deltasThen("a", hostile);
      expect(signal).toMatchObject({ kind: "finish", reason: "unknown" });
      const detail = signal?.kind === "finish" ? (signal.detail ?? "") : "";
      expect(detail).toMatch(/^[^\p{Cc}\p{Bidi_Control}]{0,64}$/u);
    }
  });

  test("the text null is no finish reason yet", () => {
    const chunk = (content: string, reason: string) => ({
      choices: [{ delta: { content }, finish_reason: reason }],
    });
    expect(events(chunk("a", "null"), chunk("b", "stop")).parts).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "finish", reason: "stop" },
    ]);
  });

  test.each([
    [["length", "stop"], "length"],
    [["max_tokens", "stop", "tool_calls"], "length"],
    [["content_filter", "stop", "length"], "content_filter"],
    [["stop", "length"], "length"],
    [["length", "content_filter"], "content_filter"],
    [["stop", "tool_calls"], "tool_calls"],
    [["tool_calls", "stop"], "stop"],
  ])("of %j in a row %s holds", (reasons, expected) => {
    const { parts } = events(...reasons.map((reason) => finish(reason)));
    expect(parts.at(-1)).toEqual({ type: "finish", reason: expected });
  });

  const usage = {
    prompt_tokens: 899,
    completion_tokens: 19,
    total_tokens: 918,
    cost: 0.00497,
    prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 7 },
    completion_tokens_details: { reasoning_tokens: 3 },
  };
  const expected = {
    type: "usage",
    usage: {
      inputTokens: 899,
      outputTokens: 19,
      cacheReadInputTokens: 5,
      cacheCreationInputTokens: 7,
      reasoningTokens: 3,
      costUsd: 0.00497,
    },
  };

  test.each([
    ["with a repeated finish", { ...finish("stop"), usage }],
    [
      "with a null finish",
      { choices: [{ delta: { role: "assistant", content: "" }, finish_reason: null }], usage },
    ],
    ["without choices", { choices: [], usage }],
    ["without the field", { usage }],
  ])("usage %s is read", (_, data) => {
    expect(events(data).parts).toContainEqual(expected);
  });

  test.each([[-1], ["5"], [1.5], [1e308], [null], [{}]])("a token count of %j is none", (count) => {
    expect(events({ choices: [], usage: { prompt_tokens: count, completion_tokens: count } }).parts).toEqual(
      [],
    );
    expect(
      events({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, cost: count } }).parts,
    ).toEqual([
      {
        type: "usage",
        usage: {
          inputTokens: 1,
          outputTokens: 2,
          ...(count === 1.5 && { costUsd: 1.5 }),
          ...(count === 1e308 && { costUsd: 1e308 }),
        },
      },
    ]);
  });
});

describe("facts about the answer", () => {
  test("come once, and once more when a later chunk knows more", () => {
    const chunk = (more: object) => ({ choices: [], model: "a/b-2025", id: "gen-1", ...more });
    expect(
      events(chunk({ provider: null }), chunk({}), chunk({ provider: "X" }), chunk({ provider: "X" })).parts,
    ).toEqual([
      { type: "meta", model: "a/b-2025", generationId: "gen-1" },
      { type: "meta", model: "a/b-2025", generationId: "gen-1", servedBy: "X" },
    ]);
  });

  test("are one short printable line", () => {
    const { parts } = events({ choices: [], model: `\u001b[31ma/b\n\u202e${"x".repeat(1 << 20)}` });
    const model = parts[0]?.type === "meta" ? parts[0].model : undefined;
    expect(model).toMatch(/^a\/b x+…$/);
    expect(model?.length).toBe(200);
  });
});

describe("in-band errors", () => {
  const error = {
    code: 429,
    message: "Rate limit exceeded",
    metadata: { error_type: "rate_limit_exceeded" },
  };
  const shapes: [string, object][] = [
    [
      "1: beside a finish reason error",
      { id: "g", error, choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }] },
    ],
    [
      "2: beside a null finish reason and usage",
      {
        id: "g",
        provider: "Minimax",
        error,
        choices: [{ index: 0, delta: { content: "" }, finish_reason: null }],
      },
    ],
    ["3: beside no choices", { id: "g", error, choices: [] }],
    ["4: bare", { error, user_id: "user_x" }],
    [
      "5: in the choice",
      { id: "g", choices: [{ index: 0, delta: { content: "" }, error, finish_reason: "error" }] },
    ],
    ["as text", { error: "Model is overloaded", error_type: "overloaded" }],
    ["vLLM's", { object: "error", message: "bad", type: "BadRequestError", code: 400 }],
  ];

  test.each(shapes)("shape %s is thrown as it came, before and after content", (_, body) => {
    const common = { kind: "error_body", body, headers: HEADERS };
    expect(events(body).signal).toEqual({ ...common, afterContent: false });
    const role = { choices: [{ delta: { role: "assistant", content: "" } }] };
    expect(events(role, body).signal).toEqual({ ...common, afterContent: false });
    for (const delta of [{ content: "a" }, { reasoning: "a" }, { tool_calls: [{ id: "c" }] }]) {
      expect(events({ choices: [{ delta }] }, body).signal).toEqual({ ...common, afterContent: true });
    }
    expect(reply(body).signal).toEqual({ ...common, afterContent: false });
  });

  test("of an event named error need no envelope", () => {
    const named = (data: string) => run((decoder, out) => decoder.event(data, "error", out)).signal;
    expect(named('{"message":"x"}')).toMatchObject({ kind: "error_body", body: { message: "x" } });
    expect(named("x")).toMatchObject({ kind: "error_body", body: "x" });
  });

  test("come after the content and usage of their own chunk", () => {
    const { parts, signal } = events({
      error,
      choices: [{ delta: { content: "a" } }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    });
    expect(parts.map(({ type }) => type)).toEqual(["usage", "text"]);
    expect(signal).toMatchObject({ kind: "error_body", afterContent: true });
  });

  test("a finish reason error without an envelope is a signal of its own", () => {
    const bare = finish("error", { native_finish_reason: "MALFORMED_FUNCTION_CALL" });
    const detail = "MALFORMED_FUNCTION_CALL";
    expect(events(bare).signal).toEqual({ kind: "finish", reason: "error", detail, afterContent: false });
    expect(events({ choices: [{ delta: { content: "a" } }] }, bare).signal).toMatchObject({
      afterContent: true,
    });
  });

  test("null, false and empty errors are none", () => {
    for (const none of [null, false, ""]) expect(events({ error: none, choices: [] }).signal).toBeUndefined();
  });
});

describe("events that are no chunk", () => {
  test.each([["null"], ["[]"], ['"x"'], ["1"], ['{"a":'], ["{}{}"], ["<html>"]])("%s is invalid", (data) => {
    expect(events(data).signal).toMatchObject({ kind: "invalid", reason: "json" });
  });

  test("a debug chunk and chunks without choices are passed over", () => {
    expect(events({ choices: [], debug: {} }, {}, { choices: null }, { choices: [null] }).parts).toEqual([]);
  });

  test("hostile JSON changes no prototype and is not taken for fields", () => {
    const hostile =
      '{"__proto__":{"choices":[{"delta":{"content":"x"}}],"error":1},"constructor":{"prototype":{"a":1}}}';
    expect(events(hostile)).toEqual({ parts: [] });
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect(
      events(`{"choices":[{"delta":{"content":"a","x":${"[".repeat(50_000)}${"]".repeat(50_000)}}}]}`).parts,
    ).toEqual([{ type: "text", text: "a" }]);
  });
});

describe("a JSON reply", () => {
  const whole = {
    id: "gen-1",
    model: "openai/gpt-5-mini-2025-08-07",
    provider: "OpenAI",
    choices: [
      {
        index: 0,
        finish_reason: "stop",
        native_finish_reason: "completed",
        message: { role: "assistant", content: "Hello!", refusal: null, reasoning: "Greet" },
      },
    ],
    usage: { prompt_tokens: 37, completion_tokens: 92 },
  };

  test("is decoded at once, white space around it allowed", () => {
    expect(reply(`${"\n         \n".repeat(60)}${JSON.stringify(whole)}\n`).parts).toEqual([
      { type: "meta", model: "openai/gpt-5-mini-2025-08-07", generationId: "gen-1", servedBy: "OpenAI" },
      { type: "usage", usage: { inputTokens: 37, outputTokens: 92 } },
      { type: "thoughts", text: "Greet" },
      { type: "text", text: "Hello!" },
      { type: "finish", reason: "stop" },
    ]);
  });

  test("carries tool calls without index", () => {
    const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
    const body = {
      choices: [
        { finish_reason: "tool_calls", message: { content: null, tool_calls: [call("a"), call("b")] } },
      ],
    };
    expect(reply(body).parts.filter(({ type }) => type === "toolCall")).toEqual([
      { type: "toolCall", index: 0, id: "a", name: "f", arguments: "{}" },
      { type: "toolCall", index: 1, id: "b", name: "f", arguments: "{}" },
    ]);
  });

  test("with an error beside content is a failure before content", () => {
    const choice = { finish_reason: "error", error: { code: 502 }, message: { content: "partial" } };
    expect(reply({ choices: [choice] })).toMatchObject({
      parts: [],
      signal: { kind: "error_body", afterContent: false },
    });
    const bare = { finish_reason: "error", message: { content: "partial" } };
    expect(reply({ choices: [bare] })).toMatchObject({
      parts: [],
      signal: { kind: "finish", afterContent: false },
    });
  });

  test.each([["{}"], ['{"choices":null}'], ['{"choices":{}}']])("%s has no choices", (body) => {
    expect(reply(body).signal).toMatchObject({ kind: "invalid", reason: "no_choices" });
  });

  test("with an empty list of choices is empty and no error", () => {
    expect(reply({ choices: [] })).toEqual({ parts: [] });
  });

  test.each([["  \n "], ["[]"], ["null"], ['{"choices":[{'], ["<!DOCTYPE html>"]])(
    "%j is no JSON object",
    (body) => {
      expect(reply(body).signal).toMatchObject({ kind: "invalid", reason: "json" });
    },
  );
});
