import { ChatModel } from "@aigne/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FallbackChainError, OpenRouterChatModel, OptionsError } from "../../src/index.js";
import { ask, call, failureOf, PRIMARY, stage, tidyUp, WAYS } from "../support/chat-model.js";

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

describe("AIGNE's own options", () => {
  test("name and description are kept", async () => {
    const { model } = await stage({ [PRIMARY]: HELLO }, { name: "writer", description: "writes" });
    expect(model).toBeInstanceOf(ChatModel);
    expect([model.name, model.description, OpenRouterChatModel.name]).toEqual([
      "writer",
      "writes",
      "OpenRouterChatModel",
    ]);
    expect(new OpenRouterChatModel().name).toBe("OpenRouterChatModel");
  });

  test.each(WAYS)("hooks given to the constructor run: %s", async (way) => {
    const ran: string[] = [];
    const hooks = {
      onStart: () => void ran.push("start"),
      onSuccess: () => void ran.push("success"),
      onError: () => void ran.push("error"),
      onEnd: () => void ran.push("end"),
    };
    const { model } = await stage({ [PRIMARY]: [HELLO, { fault: "400-bad" }] }, { hooks });
    await call(way, model, { streaming: true });
    expect(ran).toEqual(["start", "success", "end"]);
    ran.length = 0;
    await failureOf(call(way, model, { streaming: true }));
    expect(ran).toEqual(["start", "error", "end"]);
  });

  test("a hook that asks for a retry gets a new call of the chain, with nothing left of the old one", async () => {
    let errors = 0;
    const { model, simulator, audit } = await stage(
      { [PRIMARY]: [{ fault: "400-bad", times: 2 }, HELLO] },
      { hooks: { onError: () => ({ retry: ++errors < 3 }) } },
    );
    expect((await call("direct", model, { streaming: true })).output).toEqual(PLAIN);
    expect(simulator.requests).toHaveLength(3);
    expect(audit.records.map(({ outcome, attempts }) => [outcome, attempts.length])).toEqual([
      ["failed", 1],
      ["failed", 1],
      ["ok", 1],
    ]);
  });

  test("AIGNE retries nothing unless it is told to", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: { fault: "reset" } },
      { retry: { network: { retries: 0 } } },
    );
    const error = await failureOf(call("aigne.invoke", model));
    expect(simulator.requests).toHaveLength(1);
    expect(String(error)).not.toContain("retries)");
    expect(model.retryOnError).toBeUndefined();
  });

  test("retryOnError is honoured when it is given, and the error can be added to", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: { fault: "404-endpoints" } },
      { retryOnError: { retries: 2, minTimeout: 1, shouldRetry: () => true } },
    );
    const error = await failureOf(call("direct", model, { streaming: true }));
    expect(simulator.requests).toHaveLength(3);
    expect(FallbackChainError.is(error) && error.message).toContain("(after 3 retries)");
  });

  test("retryOnError after shown text resets it, and $meta counts both kinds of attempts", async () => {
    const { model } = await stage(
      { [PRIMARY]: [{ fault: "cut", tokens: ["bad ", "x"], at: 1 }, HELLO] },
      { recovery: "fail", retryOnError: { retries: 1, minTimeout: 1, shouldRetry: () => true } },
    );
    const told = await call("direct", model, { streaming: true });
    expect(told.output).toMatchObject({ ...PLAIN, $meta: { retries: 1 } });
  });

  test("the limits of AIGNE's context are asked before any request", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: HELLO });
    const { AIGNE } = await import("@aigne/core");
    const context = new AIGNE({ model, limits: { maxTokens: 8 } }).newContext();
    await context.invoke(model, { ...ask });
    await expect(context.invoke(model, { ...ask })).rejects.toThrow("Exceeded max tokens");
    expect(simulator.requests).toHaveLength(1);
  });
});

describe("drop-in members", () => {
  test("credential says where requests go and with what", async () => {
    expect(
      new OpenRouterChatModel({ apiKey: "k", baseURL: "http://x.test/v1", model: "a/b" }).credential,
    ).toEqual({
      url: "http://x.test/v1",
      apiKey: "k",
      model: "a/b",
    });
    vi.stubEnv("OPEN_ROUTER_API_KEY", " from-env ");
    vi.stubEnv("OPEN_ROUTER_BASE_URL", "http://env.test/v1");
    expect(new OpenRouterChatModel().credential).toEqual({
      url: "http://env.test/v1",
      apiKey: "from-env",
      model: "openai/gpt-4o",
    });
    vi.stubEnv("OPEN_ROUTER_API_KEY", "");
    vi.stubEnv("OPEN_ROUTER_BASE_URL", "");
    expect(new OpenRouterChatModel().credential).toEqual({
      url: "https://openrouter.ai/api/v1",
      model: "openai/gpt-4o",
    });
  });

  test("key and address of the environment are what the request uses", async () => {
    const { simulator } = await stage({ "openai/gpt-4o": HELLO });
    const model = new OpenRouterChatModel({ logger: false });
    vi.stubEnv("OPEN_ROUTER_API_KEY", "sk-or-v1-env");
    vi.stubEnv("OPEN_ROUTER_BASE_URL", simulator.baseURL);
    await call("direct", model);
    expect(simulator.requests).toMatchObject([{ key: "sk-or-v1-env", model: "openai/gpt-4o" }]);
    await model.shutdown();
  });

  test("client is the one that requests go through, so it can be spied on", async () => {
    const { model } = await stage({ [PRIMARY]: HELLO });
    const create = vi.spyOn(model.client.chat.completions, "create");
    await call("direct", model);
    expect(create).toHaveBeenCalledOnce();
    expect(create.mock.calls[0]?.[0]).toMatchObject({ model: PRIMARY, messages: ask.messages, stream: true });
  });

  test("client without a key says that there is none", () => {
    vi.stubEnv("OPEN_ROUTER_API_KEY", "");
    expect(() => new OpenRouterChatModel().client).toThrow("OPEN_ROUTER_API_KEY");
  });

  test("countTokens and getModelCapabilities answer as in AIGNE", async () => {
    const model = new OpenRouterChatModel();
    expect(await model.countTokens(ask)).toBeGreaterThan(5);
    expect(model.getModelCapabilities()).toEqual({ supportsParallelToolCalls: true });
  });

  test("clientOptions reach the client: headers and fetch", async () => {
    const asked: string[] = [];
    const clientOptions = {
      defaultHeaders: { "X-Team": "blue" },
      fetch: (url: string | URL | Request, init?: RequestInit) => {
        asked.push(String(url));
        return fetch(url, init);
      },
    };
    const { model, simulator } = await stage({ [PRIMARY]: HELLO }, { clientOptions });
    await call("direct", model);
    expect(asked).toEqual([`${simulator.baseURL}/chat/completions`]);
    expect(simulator.requests[0]?.headers).toMatchObject({ "x-team": "blue" });
    expect(model.clientOptions).toBe(clientOptions);
  });

  test("clientOptions.maxRetries and timeout warn and change nothing", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { model, simulator } = await stage(
      { [PRIMARY]: { fault: "404-endpoints" } },
      { clientOptions: { maxRetries: 5, timeout: 1 } },
    );
    expect(warn.mock.calls.flat()).toEqual([
      expect.stringContaining("use the option retry"),
      expect.stringContaining("use the option timeouts"),
    ]);
    await failureOf(call("direct", model));
    expect(simulator.requests).toHaveLength(1);
  });

  test("the instance keeps its options", () => {
    const options = { model: "a/b", modelOptions: { temperature: 0 } };
    expect(new OpenRouterChatModel(options).options).toBe(options);
  });

  test("unknown options pass in silence, a misspelt one of ours with a warning", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const options = { tenant: "x", alias: ["y"], fallbackModel: "a/b", retries: 3 };
    new OpenRouterChatModel(options as object);
    expect(warn.mock.calls.flat()).toEqual([
      "OpenRouterChatModel ignores the option fallbackModel: did you mean fallbackModels?",
      "OpenRouterChatModel ignores the option retries: did you mean retry?",
    ]);
  });

  test.each([
    [{ model: "" }, "model must be"],
    [{ fallbackModels: 5 }, "fallbackModels must be a list of models, got 5"],
    [
      { fallbackModels: ["a/b", { model: "c/d", timeouts: { idleMs: 0 } }] },
      "fallbackModels[1].timeouts.idleMs",
    ],
    [{ baseURL: "nowhere" }, "baseURL must be"],
    [{ apiKey: "a\nb" }, "apiKey must be"],
  ])("a wrong option is an error at construction that names it: %j", (options, message) => {
    expect(() => new OpenRouterChatModel(options as object)).toThrow(OptionsError);
    expect(() => new OpenRouterChatModel(options as object)).toThrow(message);
  });

  test("after shutdown a call is refused before any request", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: HELLO });
    await model.shutdown();
    await expect(call("direct", model)).rejects.toThrow("closed");
    expect(simulator.requests).toHaveLength(0);
  });
});
