import { createRequire } from "node:module";
import { ChatModel, FunctionAgent } from "@aigne/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { directlyInvocable, fingerprint } from "../../../src/aigne/agent-parts.js";
import { OpenRouterChatModel, type OpenRouterChatModelOptions } from "../../../src/index.js";
import type { ModelScript } from "../../../src/testing/index.js";
import { ask, lastRecord, PRIMARY, stage, tidyUp } from "../../support/chat-model.js";
import { collect, deltaTexts } from "../../support/collected-chunks.js";

tidyUp();

afterEach(() => vi.restoreAllMocks());

type Functions = Parameters<typeof fingerprint>[0] & object;
const AIGNE_FUNCTIONS = ChatModel.prototype as unknown as Functions;
const NAMES = ["invoke", "processStreamingAndRetry"] as const;

const makeModel = (options: OpenRouterChatModelOptions = {}) =>
  new OpenRouterChatModel({ apiKey: "sk-or-v1-parts", logger: false, ...options });

/** With other functions in the place of AIGNE's own. */
async function withFunctions(functions: Partial<Functions>, body: () => unknown): Promise<void> {
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(ChatModel.prototype, name, { value, configurable: true, writable: true });
  }
  try {
    await body();
  } finally {
    for (const name of Object.keys(functions)) Reflect.deleteProperty(ChatModel.prototype, name);
  }
}

describe("a model can be invoked directly", () => {
  test("with the installed AIGNE as it is imported", () => {
    expect(directlyInvocable(makeModel())).toBe(true);
  });

  test("with the installed AIGNE as it is required", async () => {
    const required = createRequire(import.meta.url)("@aigne/core") as { ChatModel: typeof ChatModel };
    expect(required.ChatModel).not.toBe(ChatModel);
    const { invoke, processStreamingAndRetry } = required.ChatModel.prototype as unknown as Functions;
    const functions = { invoke, processStreamingAndRetry };
    expect(fingerprint(functions)).not.toBe(fingerprint());
    await withFunctions(functions, () => expect(directlyInvocable(makeModel())).toBe(true));
  });

  test("as a subclass with an invoke of its own, which calls ours", () => {
    class Own extends OpenRouterChatModel {
      override async invoke(...args: Parameters<OpenRouterChatModel["invoke"]>) {
        return super.invoke(...args) as never;
      }
    }
    expect(directlyInvocable(new Own({ apiKey: "sk-or-v1-parts", logger: false }))).toBe(true);
  });

  test("with an empty list of guide rails", () => {
    expect(directlyInvocable(makeModel({ guideRails: [] }))).toBe(true);
  });
});

describe("a model cannot be invoked directly", () => {
  test.each(NAMES)("while %s of AIGNE is spied on, and can again afterwards", (name) => {
    const model = makeModel();
    const spy = vi.spyOn(AIGNE_FUNCTIONS as Record<string, () => unknown>, name);
    expect(directlyInvocable(model)).toBe(false);
    spy.mockRestore();
    expect(directlyInvocable(model)).toBe(true);
  });

  test.each(NAMES)("while %s of AIGNE is another, and can again afterwards", async (name) => {
    const model = makeModel();
    await withFunctions({ [name]: () => undefined }, () => expect(directlyInvocable(model)).toBe(false));
    expect(directlyInvocable(model)).toBe(true);
  });

  test.each(["processStreamingAndRetry", "newDefaultContext", "checkResponseByGuideRails"])(
    "as a subclass that has a %s of its own",
    (name) => {
      class Own extends OpenRouterChatModel {}
      Object.assign(Own.prototype, { [name]: () => {} });
      expect(directlyInvocable(new Own({ apiKey: "sk-or-v1-parts", logger: false }))).toBe(false);
    },
  );

  test("when somebody has put another way to stream and retry on it", () => {
    const model = makeModel();
    Object.assign(model, { processStreamingAndRetry: async function* () {} });
    expect(directlyInvocable(model)).toBe(false);
  });

  test("with guide rails", () => {
    const rail = FunctionAgent.from(() => ({ abort: false }));
    expect(directlyInvocable(makeModel({ guideRails: [rail as never] }))).toBe(false);
  });
});

describe("a fingerprint", () => {
  test("does not depend on how the text is laid out, and on all else in it", () => {
    const of = (invoke: string) => fingerprint({ invoke, processStreamingAndRetry: "p" });
    expect(of("a {\n    b;\n}")).toBe(of("a { b; }"));
    expect(of("a { b; }")).not.toBe(of("a { c; }"));
    expect(fingerprint({ invoke: "a", processStreamingAndRetry: "q" })).not.toBe(of("a"));
  });
});

describe("a model that cannot be invoked directly answers by the long way as it would by the short one", () => {
  const SAID: ModelScript = { tokens: ["The ", "whole ", "answer."], reasoning: "a thought" };
  const DYING: ModelScript = { fault: "cut", tokens: ["bad ", "worse ", "never"], at: 2 };

  /** Both ways; how often AIGNE's own was taken is part of the answer. */
  async function bothWays(
    script: ModelScript | ModelScript[],
    options: Partial<OpenRouterChatModelOptions> = {},
  ) {
    const { invoke } = AIGNE_FUNCTIONS as { invoke: (...args: unknown[]) => Promise<never> };
    const answers = [];
    for (const long of [false, true]) {
      const { model } = await stage({ [PRIMARY]: script as ModelScript }, { coalesce: false, ...options });
      const spy = vi.fn(function (this: unknown, ...args: unknown[]) {
        return invoke.apply(this, args);
      });
      const run = async () => collect(await model.invoke({ ...ask }, { streaming: true }));
      let answer: Awaited<ReturnType<typeof run>> | undefined;
      if (long) {
        await withFunctions({ invoke: spy }, async () => {
          answer = await run();
        });
      } else answer = await run();
      expect(spy).toHaveBeenCalledTimes(long ? 1 : 0);
      answers.push(answer);
    }
    return answers as [Awaited<ReturnType<typeof collect>>, Awaited<ReturnType<typeof collect>>];
  }

  test.each<[string, ModelScript | ModelScript[], Partial<OpenRouterChatModelOptions>]>([
    ["thoughts and text", SAID, {}],
    ["text with its usage", { text: "Said.", usage: { promptTokens: 11, completionTokens: 7 } }, {}],
    ["a cut by the token limit", { text: "The who", finish: "length" }, {}],
    [
      "a retry of AIGNE's",
      [DYING, SAID],
      { recovery: "fail", retryOnError: { retries: 1, minTimeout: 1, shouldRetry: () => true } },
    ],
    [
      "a hook that changes the output",
      SAID,
      { hooks: { onSuccess: () => ({ output: { text: "Changed." } }) } },
    ],
  ])("%s", async (_, script, options) => {
    const [short, long] = await bothWays(script, options);
    expect(short.chunks.length).toBeGreaterThan(0);
    expect(short.error).toBeUndefined();
    expect(long).toEqual(short);
  });

  test("an error in mid-stream", async () => {
    const [short, long] = await bothWays(DYING, { recovery: "fail" });
    expect(short.error).toMatchObject({ code: "interrupted" });
    expect(long.error).toMatchObject({ code: "interrupted" });
    expect(long.chunks).toEqual(short.chunks);
  });

  test("and closes the upstream when its reader leaves", async () => {
    const tokens = Array.from({ length: 1_000 }, (_, i) => `t${i} `);
    const { model, simulator, audit } = await stage({ [PRIMARY]: { tokens, pace: { tokenMs: 5 } } });
    const spy = vi.spyOn(ChatModel.prototype, "invoke");
    const chunks: never[] = [];
    for await (const chunk of await model.invoke({ ...ask }, { streaming: true })) {
      chunks.push(chunk as never);
      break;
    }
    expect(spy).toHaveBeenCalledTimes(1);
    expect(deltaTexts(chunks)).toHaveLength(1);
    await vi.waitFor(() => expect(simulator.requests[0]?.closedBy).toBe("client"), 10_000);
    await vi.waitFor(() => expect(lastRecord(audit).outcome).toBe("aborted"), 10_000);
  });
});
