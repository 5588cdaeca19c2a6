import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputTokens, MARGIN, roughTokens, textTokens } from "../../src/tokens.js";
import type { ChatRequest } from "../../src/types.js";
import { TOKEN_SAMPLES } from "../support/token-samples.js";

const user = (content: unknown) => ({ messages: [{ role: "user", content }] }) as unknown as ChatRequest;
const request = (value: object) => value as unknown as ChatRequest;
/** Of a request with a single empty message. */
const FRAME = 6;
const KIB = 1024;

describe("textTokens", () => {
  it.each(TOKEN_SAMPLES)("is no surer of an overflow than real tokenizers: $name", ({ text, counts }) => {
    const [least, most] = [Math.min(...Object.values(counts)), Math.max(...Object.values(counts))];
    expect(textTokens(text) * (1 - MARGIN)).toBeLessThanOrEqual(least);
    expect(textTokens(text)).toBeGreaterThanOrEqual(0.6 * most);
  });

  it.each(TOKEN_SAMPLES)("says of a sampled text what it says of the whole: $name", ({ text }) => {
    const times = Math.ceil((300 * KIB) / text.length);
    expect(textTokens(`${text}\n`.repeat(times)) / (textTokens(text) * times)).toBeCloseTo(1, 1);
  });

  it("samples a text that changes its nature half-way", () => {
    const [english, chinese] = ["English", "Chinese"].map(
      (name) => TOKEN_SAMPLES.find((sample) => sample.name === name)?.text ?? "",
    );
    const half = 200 * KIB;
    const a = english!.repeat(half / english!.length);
    const b = chinese!.repeat(half / chinese!.length);
    const apart = textTokens(a) + textTokens(b);
    expect(textTokens(a + b) / apart).toBeGreaterThan(0.9);
    expect(textTokens(a + b) / apart).toBeLessThan(1.1);
  });

  it.each<[string, (length: number) => string]>([
    ["one word", (length) => "a".repeat(length)],
    ["Chinese", (length) => "汉".repeat(length)],
    ["base64", (length) => "TWFueSBoYW5kcyBtYWtl".repeat(length / 20)],
    // tokenx alone throws here.
    ["emoji", (length) => "😀".repeat(length / 2)],
    ["broken surrogates", (length) => "\ud83d".repeat(length)],
    ["blanks", (length) => " ".repeat(length)],
    ["full stops and letters", (length) => "a.".repeat(length / 2)],
  ])("grows with ten megabytes of %s and does not throw", (_, text) => {
    const [small, large] = [textTokens(text(60_000)), textTokens(text(10_000_000))];
    expect(large).toBeGreaterThanOrEqual(small);
    expect(Number.isSafeInteger(large)).toBe(true);
  });

  it("looks at no more of ten megabytes than of 64 KiB", () => {
    const chunk = TOKEN_SAMPLES.map(({ text }) => text).join("\n");
    const time = (text: string) => {
      const started = performance.now();
      for (let i = 0; i < 5; i++) textTokens(text);
      return performance.now() - started;
    };
    const small = chunk.repeat(Math.floor((64 * KIB) / chunk.length));
    const large = chunk.repeat(Math.ceil(10_000_000 / chunk.length));
    time(small);
    // 150 times the text. Twenty times the time would not do for the whole of it.
    expect(time(large)).toBeLessThan(20 * time(small) + 50);
  });

  it("is 0 for nothing", () => expect(textTokens("")).toBe(0));
});

describe("inputTokens", () => {
  it("frames each message", () => {
    expect(inputTokens(user(""))).toBe(FRAME);
    expect(
      inputTokens(request({ messages: [{ role: "user" }, { role: "assistant" }, { role: "user" }] })),
    ).toBe(FRAME + 6);
  });

  const TEXT = "The first train of the day leaves before sunrise, when nobody talks.";
  const COUNTED = textTokens(TEXT);
  it.each<[string, object]>([
    ["content", { messages: [{ role: "user", content: TEXT }] }],
    ["a text part", { messages: [{ role: "user", content: [{ type: "text", text: TEXT }] }] }],
    ["a refusal", { messages: [{ role: "assistant", refusal: TEXT }] }],
    ["a refusal part", { messages: [{ role: "assistant", content: [{ type: "refusal", refusal: TEXT }] }] }],
    [
      "the arguments of a tool call",
      { messages: [{ role: "assistant", tool_calls: [{ id: "1", function: { arguments: TEXT } }] }] },
    ],
    [
      "the input of a custom tool call",
      { messages: [{ role: "assistant", tool_calls: [{ id: "1", custom: { input: TEXT } }] }] },
    ],
    ["an old function call", { messages: [{ role: "assistant", function_call: { arguments: TEXT } }] }],
    ["a tool's answer", { messages: [{ role: "tool", tool_call_id: "1", content: TEXT }] }],
  ])("counts %s", (_, value) => expect(inputTokens(request(value))).toBe(FRAME + COUNTED));

  it("counts a name and what marks it", () => {
    const named = { messages: [{ role: "user", name: "Ada", content: "" }] };
    expect(inputTokens(request(named))).toBe(FRAME + textTokens("Ada") + 1);
  });

  const SCHEMA = { type: "object", properties: { city: { type: "string", description: TEXT } } };
  it("counts tools, functions and the answer's schema as JSON, and no other format", () => {
    const base = inputTokens(user(""));
    const of = (value: object) => inputTokens(request({ ...user(""), ...value })) - base;
    const tools = [{ type: "function", function: { name: "weather", parameters: SCHEMA } }];
    expect(of({ tools })).toBe(textTokens(JSON.stringify(tools)));
    expect(of({ functions: tools })).toBe(textTokens(JSON.stringify(tools)));
    const json_schema = { name: "city", schema: SCHEMA };
    expect(of({ response_format: { type: "json_schema", json_schema } })).toBe(
      textTokens(JSON.stringify(json_schema)),
    );
    expect(of({ response_format: { type: "json_object" } })).toBe(0);
  });

  it("counts an image as a constant, whatever its bytes, and less at low detail", () => {
    const image = (url: string, detail?: string) => user([{ type: "image_url", image_url: { url, detail } }]);
    const large = `data:image/png;base64,${"iVBORw0KGgo".repeat(100_000)}`;
    expect(inputTokens(image(large))).toBe(FRAME + 1_000);
    expect(inputTokens(image("https://example.com/a.png"))).toBe(FRAME + 1_000);
    expect(inputTokens(image(large, "low"))).toBe(FRAME + 85);
    expect(roughTokens(image(large))).toBe(FRAME + 1_000);
  });

  it("counts nothing for what cannot be told from its bytes", () => {
    const data = "UklGRiQAAABXQVZF".repeat(10_000);
    const parts = [
      { type: "input_audio", input_audio: { data, format: "wav" } },
      { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${data}` } },
      { type: "video_url", video_url: { url: `data:video/mp4;base64,${data}` } },
    ];
    expect(inputTokens(user(parts))).toBe(FRAME);
  });

  it("samples across many messages as it does within one", () => {
    const contents = Array.from({ length: 3_000 }, (_, i) => `${i}. ${TEXT}`);
    const messages = contents.map((content) => ({ role: "user", content }));
    const framed = messages.length * 3 + 3;
    const exact = contents.reduce((sum, content) => sum + textTokens(content), 0);
    expect((inputTokens(request({ messages })) - framed) / exact).toBeCloseTo(1, 1);
  });

  it("gives short messages the weight they have beside a long one", () => {
    const short = Array.from({ length: 10_000 }, () => ({ role: "user", content: "0.1.2.3.4.5." }));
    const long = { role: "user", content: `${TEXT} `.repeat(120_000 / TEXT.length) };
    const exact = 10_000 * textTokens("0.1.2.3.4.5.") + textTokens(long.content);
    const framed = 10_001 * 3 + 3;
    expect((inputTokens(request({ messages: [...short, long] })) - framed) / exact).toBeCloseTo(1, 1);
  });

  it("passes over tools that are no JSON", () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    expect(inputTokens(request({ ...user(""), tools: [loop] }))).toBe(FRAME);
  });
});

describe("roughTokens", () => {
  it("adds up lengths", () => {
    expect(roughTokens(user("abc"))).toBe(FRAME + 3);
    expect(roughTokens(user([{ type: "text", text: "abcd" }]))).toBe(FRAME + 4);
  });

  it("is no less than the estimate of letters, digits and signs", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", maxLength: 2_000 }), (text) => {
        expect(roughTokens(user(text))).toBeGreaterThanOrEqual(inputTokens(user(text)));
      }),
    );
  });

  it.each(TOKEN_SAMPLES)("is no less than what real tokenizers make of it: $name", ({ text, counts }) => {
    expect(roughTokens(user(text))).toBeGreaterThanOrEqual(Math.max(...Object.values(counts)));
  });
});

it("is total over requests of any shape", () => {
  const part = fc.record(
    { type: fc.constantFrom("text", "image_url", "file"), text: fc.anything(), image_url: fc.anything() },
    { requiredKeys: [] },
  );
  const message = fc.record(
    { content: fc.oneof(fc.anything(), fc.array(part)), name: fc.anything(), tool_calls: fc.anything() },
    { requiredKeys: [] },
  );
  const body = fc.record(
    {
      messages: fc.oneof(fc.anything(), fc.array(fc.oneof(message, fc.anything()))),
      tools: fc.anything({ withBigInt: true }),
      response_format: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(body, (value) => {
      for (const tokens of [inputTokens(request(value)), roughTokens(request(value))]) {
        expect(Number.isSafeInteger(tokens) && tokens >= 3).toBe(true);
      }
    }),
  );
});
