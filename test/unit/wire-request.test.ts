import { describe, expect, it } from "vitest";
import { answer } from "../../src/providers/scripted.js";
import type { ChatRequest } from "../../src/types.js";
import { ask, bench, drain } from "../support/chain.js";

async function sent(request: object, options: Parameters<typeof bench>[1] = {}) {
  const { chain, provider } = bench({ "a/one": [answer("Hi.")] }, options);
  await drain(chain.stream({ ...ask, ...request } as ChatRequest));
  return provider.requests[0]!.request;
}

describe("what a target is sent", () => {
  it("is the chain's options under the target's under the call's", async () => {
    const request = await sent(
      { top_p: 3 },
      {
        modelOptions: { temperature: 1, topP: 1, seed: 1 },
        targets: [{ model: "a/one", modelOptions: { temperature: 2, topP: 2 } }],
      },
    );
    expect(request).toMatchObject({ model: "a/one", seed: 1, temperature: 2, top_p: 3 });
  });

  it("has no prototype of the caller's", async () => {
    const body = JSON.parse('{"__proto__":{"max_tokens":1}}');
    await expect(sent(body)).rejects.toThrow("request.__proto__ is not an option of a request: remove it");
    const { chain } = bench({ "a/one": [answer("Hi.")] });
    expect(() => chain.stream(ask, { defaults: body })).toThrow("defaults.__proto__ is not an option");
  });

  it("keeps a default that the call leaves undefined", async () => {
    expect(await sent({ temperature: undefined }, { modelOptions: { temperature: 0.2 } })).toMatchObject({
      temperature: 0.2,
    });
  });

  it.each([
    [{}, { max_tokens: 100 }],
    [{ max_tokens: 50 }, { max_tokens: 50 }],
    [{ max_tokens: 500 }, { max_tokens: 100 }],
    [{ max_completion_tokens: 500 }, { max_completion_tokens: 100 }],
    [
      { max_tokens: 500, max_completion_tokens: 50 },
      { max_tokens: 100, max_completion_tokens: 50 },
    ],
  ])("asks for no more than maxOutputTokens: %j", async (request, expected) => {
    const wire = await sent(request, { targets: [{ model: "a/one", maxOutputTokens: 100 }] });
    const { max_tokens, max_completion_tokens } = wire as Record<string, unknown>;
    expect(JSON.parse(JSON.stringify({ max_tokens, max_completion_tokens }))).toEqual(expected);
  });

  it("is the same for a fallback, whatever became of the conversation meanwhile", async () => {
    const messages = [{ role: "user" as const, content: "Say it." }];
    const cut = { kind: "eof" as const, afterContent: true };
    const { chain, provider } = bench({ "a/one": [["half", cut]], "b/two": [answer("Hi.")] });
    for await (const part of chain.stream({ messages })) {
      if (part.type === "text" && messages.length === 1) {
        messages[0]!.content = "Never mind.";
        messages.push({ role: "user", content: "Something else." });
      }
    }
    expect(provider.requests.map(({ request }) => request.messages)).toEqual([ask.messages, ask.messages]);
  });
});

describe("a call's own model", () => {
  it("replaces the first target's, and only that", async () => {
    const { chain } = bench(
      { "a/one": [answer("1")], "b/two": [answer("2")], "c/three": [answer("3")] },
      { targets: ["a/one", "b/two"] },
    );
    const { record } = await drain(chain.stream(ask, { model: "c/three" }));
    expect(record.answeredBy).toMatchObject({ target: "c/three", requestedModel: "c/three" });
  });

  it("leaves targets distinct when it is a fallback too", async () => {
    const { chain } = bench(
      {
        "a/one": [answer("1")],
        "b/two": [[{ kind: "http", status: 404, headers: {}, body: "" }], answer("2")],
      },
      { targets: ["a/one", "b/two"] },
    );
    const { record } = await drain(chain.stream(ask, { model: "b/two" }));
    expect(record.attempts.map(({ target, model }) => [target, model])).toEqual([
      ["a/one", "b/two"],
      ["b/two", "b/two"],
    ]);
  });
});
