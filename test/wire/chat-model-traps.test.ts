import { AIAgent, AIGNE, type Context, guideRailAgentOptions } from "@aigne/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OpenRouterChatModel } from "../../src/index.js";
import { ask, bodyOf, failureOf, PRIMARY, stage, tidyUp } from "../support/chat-model.js";

tidyUp();

test("an agent that guards the model is asked with the context's model, not with the model's name", async () => {
  const { model, simulator } = await stage({
    [PRIMARY]: { text: "Said." },
    "guard/model": { json: { abort: false } },
  });
  const guard = new OpenRouterChatModel({ ...model.options, model: "guard/model", fallbackModels: [] });
  const guarded = new OpenRouterChatModel({
    ...model.options,
    fallbackModels: [],
    guideRails: [AIAgent.from({ ...guideRailAgentOptions, instructions: "Judge." })],
  });
  const output = await new AIGNE({ model: guard }).invoke(guarded, { ...ask });
  expect(output.text).toBe("Said.");
  expect(simulator.requests.map(({ model }) => model)).toEqual([PRIMARY, "guard/model"]);
  await Promise.all([guard.shutdown(), guarded.shutdown()]);
});

describe("AIGNE's limit of agent invocations", () => {
  test.each([true, false])(
    "is an error of the call, before any request, streaming: %s",
    async (streaming) => {
      const { model, simulator } = await stage({ [PRIMARY]: { text: "Said." } });
      const context = new AIGNE({ model, limits: { maxAgentInvokes: 1 } }).newContext() as Context;
      await model.invoke({ ...ask }, { context });
      const error = await failureOf(
        (async () => {
          if (!streaming) return model.invoke({ ...ask }, { context });
          for await (const _ of await model.invoke({ ...ask }, { context, streaming: true }));
        })(),
      );
      expect((error as Error).message).toContain("Exceeded max agent invokes 1/1");
      expect(simulator.requests).toHaveLength(1);
    },
  );
});

describe("a context whose time is over", () => {
  const timedOut = async (model: OpenRouterChatModel) => {
    const context = new AIGNE({ model, limits: { timeout: 1 } }).newContext() as Context;
    await failureOf(context.invoke(model, { ...ask }));
    expect(context.status).toBe("timeout");
    return context;
  };

  test("makes a call an error, before any request", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: { text: "Said.", pace: { headersMs: 200 } } });
    const context = await timedOut(model);
    const before = simulator.requests.length;
    expect(await failureOf(model.invoke({ ...ask }, { context }))).toMatchObject({
      message: expect.stringContaining("has timed out"),
    });
    expect(simulator.requests).toHaveLength(before);
  });

  test("at the end of an answer is an error of that call", async () => {
    const { model } = await stage({ [PRIMARY]: { text: "Said." } });
    const context = new AIGNE({ model }).newContext() as Context;
    const onEnd = { status: "normal" as string };
    const timing = new Proxy(context, {
      get: (target, key) => (key === "status" ? onEnd.status : Reflect.get(target, key, target)),
    });
    const stream = await model.invoke({ ...ask }, { context: timing, streaming: true });
    const read = async () => {
      for await (const _ of stream) onEnd.status = "timeout";
    };
    expect(await failureOf(read())).toMatchObject({ message: expect.stringContaining("has timed out") });
  });
});

test("a hook that asks for a retry for ever leaves the event loop alive when the caller has gone", async () => {
  const { model } = await stage({ [PRIMARY]: { text: "Said." } });
  let retries = 0;
  let turned = false;
  const onError = () => {
    retries++;
    // What only a turn of the event loop can set; the bound keeps a failing test from running for ever.
    setImmediate(() => {
      turned = true;
    });
    return { retry: !turned && retries < 2_000 };
  };
  await failureOf(model.invoke({ ...ask }, { signal: AbortSignal.abort(), hooks: { onError } }));
  expect(turned).toBe(true);
  expect(retries).toBeLessThan(2_000);
});

describe("the key of a subclass's own environment variable", () => {
  class OwnModel extends OpenRouterChatModel {
    protected override apiKeyEnvName = "OWN_ROUTER_KEY";
  }
  const before = process.env.OPEN_ROUTER_API_KEY;

  beforeEach(() => {
    process.env.OPEN_ROUTER_API_KEY = "sk-or-v1-other";
  });
  afterEach(() => {
    delete process.env.OWN_ROUTER_KEY;
    if (before === undefined) delete process.env.OPEN_ROUTER_API_KEY;
    else process.env.OPEN_ROUTER_API_KEY = before;
  });

  test("is what requests carry, and what credential says", async () => {
    const { simulator } = await stage({ [PRIMARY]: { text: "Said." } });
    process.env.OWN_ROUTER_KEY = "sk-or-v1-own";
    const model = new OwnModel({ baseURL: simulator.baseURL, model: PRIMARY, logger: false });
    await model.invoke({ ...ask });
    expect(simulator.requests[0]?.key).toBe("sk-or-v1-own");
    expect(model.credential.apiKey).toBe("sk-or-v1-own");
    await model.shutdown();
  });

  test("is named when it is missing", async () => {
    const { simulator } = await stage({ [PRIMARY]: { text: "Said." } });
    const model = new OwnModel({ baseURL: simulator.baseURL, model: PRIMARY, logger: false });
    const error = (await failureOf(model.invoke({ ...ask }))) as Error;
    expect(error.message).toContain("OWN_ROUTER_KEY");
    expect(simulator.requests).toHaveLength(0);
    await model.shutdown();
  });
});

describe("a file that only its name tells of", () => {
  test.each([
    ["report.docx", "file"],
    ["table.XLSX", "file"],
    ["page.html", "file"],
    ["archive.zip", "file"],
    ["notes.unheard-of", "file"],
    ["voice.aac", "input_audio"],
    ["clip.mkv", "video_url"],
    ["photo.avif", "image_url"],
  ])("%s goes as %s", async (filename, type) => {
    const { model, simulator } = await stage({ [PRIMARY]: { text: "Read." } });
    const content = [{ type: "file" as const, data: "UEsDBBQABgAIAAAAIQA=", filename }];
    await model.invoke({ messages: [{ role: "user", content }] });
    const [message] = bodyOf(simulator).messages as { content: { type: string }[] }[];
    expect(message?.content[0]?.type).toBe(type);
    expect(JSON.stringify(message)).not.toContain("image/png");
  });
});
