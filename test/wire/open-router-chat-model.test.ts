import { afterEach, describe, expect, test, vi } from "vitest";
import { FallbackChainError, OptionsError } from "../../src/index.js";
import {
  ask,
  bodyOf,
  call,
  failureOf,
  jsonDeltas,
  lastRecord,
  modelsAsked,
  PRIMARY,
  respond,
  stage,
  tidyUp,
  WAYS_STREAMED_AND_NOT,
} from "../support/chat-model.js";

tidyUp();
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const HELLO = {
  text: "Hello there.",
  model: "primary/model-2026",
  usage: { promptTokens: 5, completionTokens: 3 },
};
const PLAIN = {
  text: "Hello there.",
  model: "primary/model-2026",
  usage: { inputTokens: 5, outputTokens: 3 },
};

describe.each(WAYS_STREAMED_AND_NOT)("$way, streaming: $streaming", ({ way, streaming }) => {
  test("a plain answer has exactly the documented keys", async () => {
    const { model } = await stage({ [PRIMARY]: HELLO });
    const outputs: unknown[] = [];
    model.hooks.push({ onSuccess: ({ output }) => void outputs.push(structuredClone(output)) });
    const { output } = await call(way, model, { streaming });
    expect(outputs).toEqual([PLAIN]);
    expect(output).toEqual(way === "AIAgent" ? { message: PLAIN.text } : PLAIN);
  });

  test("a failing primary is answered for by the fallback, and $meta tells", async () => {
    const { model, simulator, audit } = await stage({
      [PRIMARY]: { fault: "404-endpoints" },
      "b/c": { text: "Me." },
    });
    const outputs: Record<string, unknown>[] = [];
    model.hooks.push({ onSuccess: ({ output }) => void outputs.push(output) });
    const { text } = await call(way, model, { streaming });
    expect(text).toBe("Me.");
    expect(modelsAsked(simulator)).toEqual([PRIMARY, "b/c"]);
    const { callId } = lastRecord(audit);
    expect(outputs[0]?.$meta).toMatchObject({
      fallback: {
        callId,
        attempts: [
          { model: PRIMARY, outcome: "failed" },
          { model: "b/c", outcome: "won" },
        ],
      },
    });
  });

  test("when nobody answers the caller gets the chain's own error", async () => {
    const { model, audit } = await stage({
      [PRIMARY]: { fault: "404-endpoints" },
      "b/c": { fault: "404-endpoints" },
    });
    const seen: unknown[] = [];
    model.hooks.push({ onError: ({ error }) => void seen.push(error) });
    const error = await failureOf(call(way, model, { streaming }));
    expect(FallbackChainError.is(error)).toBe(true);
    expect(error).toBeInstanceOf(FallbackChainError);
    expect(seen).toContain(error);
    expect(error).toMatchObject({
      code: "exhausted",
      status: 404,
      callId: lastRecord(audit).callId,
      attempts: [
        { model: PRIMARY, failure: { class: "not_found" } },
        { model: "b/c", failure: { class: "not_found" } },
      ],
    });
  });

  test("a missing key is told at the first call, with both ways to give one", async () => {
    vi.stubEnv("OPEN_ROUTER_API_KEY", "");
    const { model, simulator } = await stage({ [PRIMARY]: HELLO }, { apiKey: "" });
    const error = await failureOf(call(way, model, { streaming }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(String(error)).toContain("apiKey");
    expect(String(error)).toContain("OPEN_ROUTER_API_KEY");
    expect(simulator.requests).toHaveLength(0);
  });
});

test("AIGNE does not send the last delta of a stream again", async () => {
  const { model } = await stage({
    [PRIMARY]: {
      ...HELLO,
      reasoning: "hm",
      usage: { promptTokens: 5, completionTokens: 3, cachedTokens: 2 },
    },
    "cut/short": { text: "a b c d", finish: "length", usage: { promptTokens: 1, completionTokens: 4 } },
  });
  const told = await call("direct", model, { streaming: true });
  expect(jsonDeltas(told)).toEqual([
    { model: PLAIN.model, usage: { inputTokens: 5, outputTokens: 3, cacheReadInputTokens: 2 } },
  ]);
  expect(told.chunks.length).toBeGreaterThan(2);
  const viaAigne = await call("aigne.invoke", model, { streaming: true });
  expect(jsonDeltas(viaAigne)).toHaveLength(1);
  const cut = await call("direct", model, {
    streaming: true,
    input: { ...ask, modelOptions: { model: "cut/short" } },
  });
  expect(jsonDeltas(cut)).toHaveLength(1);
  expect(jsonDeltas(cut)[0]).toMatchObject({ finishReason: "length" });
});

test("usage is left out when the wire gave none", async () => {
  const { model } = await stage({ [PRIMARY]: { fault: "usage-none", text: "Hi.", model: "m" } });
  expect((await call("direct", model)).output).toEqual({ text: "Hi.", model: "m" });
});

test("the tokens of the answer are counted in AIGNE's context, those of failed attempts in the record", async () => {
  const usage = { promptTokens: 7, completionTokens: 2 };
  const { model, audit } = await stage({
    [PRIMARY]: {
      fault: "json-broken",
      json: { a: "long enough" },
      usage: { promptTokens: 900, completionTokens: 90 },
    },
    "b/c": { json: { a: "x" }, usage },
  });
  const context = new (await import("@aigne/core")).AIGNE({ model }).newContext();
  const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
  const input = {
    ...ask,
    responseFormat: { type: "json_schema" as const, jsonSchema: { name: "x", schema } },
  };
  await context.invoke(model, input);
  expect(context.usage).toMatchObject({ inputTokens: 7, outputTokens: 2 });
  expect(lastRecord(audit).attempts[0]?.usage).toMatchObject({ inputTokens: 900, outputTokens: 90 });
});

test("concurrent calls on one instance do not mix", async () => {
  const many = Array.from({ length: 60 }, (_, i) => i);
  const models = Object.fromEntries(
    many.map((i) => [
      `m/${i}`,
      { fault: "cut" as const, tokens: [`bad${i} `, "x"], at: 1, pace: { tokenMs: i % 7 } },
    ]),
  );
  const crowd = await stage(
    { "f/f": { text: "the one answer", pace: { tokenMs: 2 } }, ...models },
    { model: "m/0", fallbackModels: ["f/f"] },
  );
  const told = await Promise.all(
    many.map((i) =>
      call("direct", crowd.model, {
        streaming: true,
        input: { ...ask, modelOptions: { model: `m/${i}` } },
        userContext: { labels: { n: String(i) } },
      }),
    ),
  );
  told.forEach(({ text, looped }, i) => {
    expect([text, looped]).toEqual(["the one answer", `bad${i} the one answer`]);
  });
  for (const { labels, attempts, answeredBy } of crowd.audit.records) {
    expect(attempts.map(({ model: asked }) => asked)).toEqual([`m/${labels.n}`, "f/f"]);
    expect(answeredBy?.target).toBe("f/f");
  }
  expect(crowd.audit.records).toHaveLength(60);
});

test("a request is copied, never changed", async () => {
  const { model, simulator } = await stage({ [PRIMARY]: HELLO });
  const input = {
    messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "Hi" }] }],
    tools: [{ type: "function" as const, function: { name: "a-b", parameters: {} } }],
    modelOptions: { seed: 1 },
  };
  const before = structuredClone(input);
  await respond("direct", model, { input });
  expect(input).toEqual(before);
  expect(bodyOf(simulator)).toMatchObject({ seed: 1, tools: [{ function: { name: "a_b" } }] });
});
