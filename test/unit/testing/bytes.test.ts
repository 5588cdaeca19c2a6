import { expect, test } from "vitest";
import { ask, dial, events, hear, simulate, textOf } from "./client.js";

const OPUS = "anthropic/claude-opus-4.7";

test("a healthy stream has the recorded bytes: comment, deltas, doubled finish, usage, [DONE]", async () => {
  const simulator = await simulate({
    [OPUS]: {
      text: "It works",
      model: "anthropic/claude-4.7-opus-20260416",
      usage: { promptTokens: 899, completionTokens: 19 },
    },
  });
  const text = await (await ask(simulator, OPUS)).text();
  const id = simulator.requests[0]?.generationId;
  expect(id).toMatch(/^gen-1778031307-[A-Za-z0-9]{20}$/);
  const base = `"id":"${id}","object":"chat.completion.chunk","created":1778031307,"model":"anthropic/claude-4.7-opus-20260416","provider":"Amazon Bedrock"`;
  const delta = (content: string) =>
    `data: {${base},"choices":[{"index":0,"delta":{"content":"${content}","role":"assistant"},"finish_reason":null,"native_finish_reason":null}]}\n\n`;
  const finish = `{${base},"service_tier":"standard","choices":[{"index":0,"delta":{"content":"","role":"assistant"},"finish_reason":"stop","native_finish_reason":"end_turn"}]`;
  const usage = `"usage":{"prompt_tokens":899,"completion_tokens":19,"total_tokens":918,"cost":0.00497,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0,"video_tokens":0},"cost_details":{"upstream_inference_cost":0.00497,"upstream_inference_prompt_cost":0.004495,"upstream_inference_completions_cost":0.000475},"completion_tokens_details":{"reasoning_tokens":0,"image_tokens":0,"audio_tokens":0}}`;
  expect(text).toBe(
    `: OPENROUTER PROCESSING\n\n${delta("It")}${delta(" works")}data: ${finish}}\n\ndata: ${finish},${usage}}\n\ndata: [DONE]\n\n`,
  );
});

test("the head of a stream has the recorded headers in their order", async () => {
  const simulator = await simulate({ "openai/gpt-4o": {} });
  const { text } = await hear(dial(simulator, "openai/gpt-4o"), { until: "[DONE]" });
  const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\nDate: [^\r]*/, "");
  expect(head).toBe(
    [
      "HTTP/1.1 200 OK",
      "Content-Type: text/event-stream",
      "Cache-Control: no-cache",
      "Connection: keep-alive",
      "Transfer-Encoding: chunked",
      "Access-Control-Allow-Origin: *",
      "Access-Control-Expose-Headers: X-Generation-Id,X-Provider-Name,request-id,cf-ray",
      `X-Generation-Id: ${simulator.requests[0]?.generationId}`,
    ].join("\r\n"),
  );
});

test("the head of a 429 has Retry-After and a generation id, and no stream before it", async () => {
  const simulator = await simulate({ "liquid/lfm:free": { fault: "429-ra" } });
  const { text } = await hear(dial(simulator, "liquid/lfm:free"));
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head.split("\r\n").slice(0, 5)).toEqual([
    "HTTP/1.1 429 Too Many Requests",
    "Content-Type: application/json",
    "Retry-After: 1",
    `X-Generation-Id: ${simulator.requests[0]?.generationId}`,
    "Access-Control-Allow-Origin: *",
  ]);
  expect(body).toMatch(
    /^\{"error":\{"message":"Provider returned error","code":429,"metadata":\{"raw":"liquid\/lfm:free is temporarily rate-limited upstream\. Please retry shortly, or add your own key to accumulate your rate limits: https:\/\/openrouter\.ai\/settings\/integrations","provider_name":"Liquid","is_byok":false,"provider_error_code":"rate_limit_exceeded","limit_source":"upstream_provider_shared_pool","remedy_hint":"Retry shortly/,
  );
});

test("a JSON reply has the recorded keys in their order, and the same id as its header", async () => {
  const simulator = await simulate({ [OPUS]: { text: "Hello there.", reasoning: "Hm." } });
  const response = await ask(simulator, OPUS, { stream: false });
  const body = (await response.json()) as Record<string, unknown> & { choices: Record<string, unknown>[] };
  expect(Object.keys(body).join()).toBe(
    "id,object,created,model,provider,system_fingerprint,service_tier,choices,usage",
  );
  expect(Object.keys(body.choices[0] ?? {}).join()).toBe(
    "index,logprobs,finish_reason,native_finish_reason,message",
  );
  expect(body.choices[0]?.message).toEqual({
    role: "assistant",
    content: "Hello there.",
    refusal: null,
    reasoning: "Hm.",
    reasoning_details: [{ type: "reasoning.text", text: "Hm.", format: "anthropic-claude-v1", index: 0 }],
  });
  expect(response.headers.get("x-generation-id")).toBe(body.id);
  expect(body.model).toBe(`${OPUS}-2025-08-07`);
});

test("tool calls come in fragments: id, type and name first, then arguments by index", async () => {
  const simulator = await simulate({
    "openai/gpt-4o-mini": {
      toolCalls: [{ id: "call_1", name: "get_weather", arguments: { city: "Paris" } }],
    },
  });
  const text = await (await ask(simulator, "openai/gpt-4o-mini")).text();
  expect(text).toContain(
    '"system_fingerprint":"fp_b6580bbee1","choices":[{"index":0,"delta":{"content":null,"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]},"finish_reason":null,"native_finish_reason":null}]}',
  );
  expect(text).toContain('"tool_calls":[{"index":0,"function":{"arguments":"{\\"ci"}}]');
  const chunks = events(text);
  const parts = chunks.flatMap((chunk) => chunk.choices?.[0]?.delta.tool_calls ?? []);
  const args = parts.map((part) => (part.function as { arguments: string }).arguments).join("");
  expect(JSON.parse(args)).toEqual({ city: "Paris" });
  expect(text.match(/"finish_reason":"tool_calls","native_finish_reason":"stop"/g)).toHaveLength(2);
});

test("text, JSON, reasoning, images, annotations and refusals arrive whole in both forms", async () => {
  const script = {
    reasoning: ["Let ", "me see."],
    text: "Grüße, 東京 👋.  Two spaces.\n",
    tokens: ["A", "B"],
    images: ["data:image/png;base64,AAAA"],
    annotations: [{ type: "url_citation", url_citation: { url: "https://example.org" } }],
  };
  const simulator = await simulate({ "a/b": script, "a/json": { json: { deep: ["é", 1] } } });
  const chunks = events(await (await ask(simulator, "a/b")).text());
  expect(textOf(chunks)).toBe(`${script.text}AB`);
  expect(chunks.map((chunk) => chunk.choices?.[0]?.delta.reasoning ?? "").join("")).toBe("Let me see.");
  const whole = (await (await ask(simulator, "a/b", { stream: false })).json()) as {
    choices: { message: Record<string, unknown> }[];
  };
  expect(whole.choices[0]?.message).toMatchObject({
    content: `${script.text}AB`,
    reasoning: "Let me see.",
    images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" }, index: 0 }],
    annotations: script.annotations,
  });
  expect(JSON.parse(textOf(events(await (await ask(simulator, "a/json")).text())))).toEqual({
    deep: ["é", 1],
  });
});

test("a script without words says twenty tokens, and comments are counted as the script says", async () => {
  const simulator = await simulate({ "a/b": { comments: { before: 3, every: 5 } } });
  const text = await (await ask(simulator, "a/b")).text();
  expect(text.match(/: OPENROUTER PROCESSING\n\n/g)).toHaveLength(3 + 3);
  expect(simulator.requests[0]?.tokensSent).toBe(20);
  expect(simulator.requests[0]?.bytesSent).toBe(Buffer.byteLength(text));
});

test("`reply` overrides the form that was asked for", async () => {
  const simulator = await simulate({
    "a/json": { text: "x", reply: "json" },
    "a/sse": { text: "x", reply: "sse" },
  });
  expect((await ask(simulator, "a/json", { stream: true })).headers.get("content-type")).toBe(
    "application/json",
  );
  expect((await ask(simulator, "a/sse", { stream: false })).headers.get("content-type")).toBe(
    "text/event-stream",
  );
});

test("a script that continues says only what the assistant prefix lacks", async () => {
  const simulator = await simulate({ "a/b": { text: "one two three four", continues: true } });
  const messages = [
    { role: "user", content: "Count" },
    { role: "assistant", content: "one two" },
  ];
  const text = await (await ask(simulator, "a/b", { body: { model: "a/b", stream: true, messages } })).text();
  expect(textOf(events(text))).toBe(" three four");
});
