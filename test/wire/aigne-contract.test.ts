import type { ChatModelInput, ChatModelOutput } from "@aigne/core";
import {
  type AgentInvokeOptions,
  type AgentResponseChunk,
  AIGNE,
  ChatModel,
  type Context,
} from "@aigne/core";
import { describe, expect, test, vi } from "vitest";
import type { OpenRouterChatModel } from "../../src/index.js";
import type { ModelScript } from "../../src/testing/index.js";
import { ask, PRIMARY, stage, tidyUp } from "../support/chat-model.js";
import { collect, deltaTexts } from "../support/collected-chunks.js";
import { settle } from "../support/pulled-kinds.js";

// What the way of deltas past AIGNE relies on. A test that fails here after an update of AIGNE says what has changed in
// AIGNE; the tests at the end say that the caller's answer is right all the same.

tidyUp();

type Chunk = AgentResponseChunk<ChatModelOutput>;
type Process = (input: ChatModelInput, options: AgentInvokeOptions) => unknown;

/** A model of nobody's, as AIGNE knows it. */
class Bare extends ChatModel {
  override process: never;

  constructor(process: Process, options: ConstructorParameters<typeof ChatModel>[0] = {}) {
    super({ retryOnError: false, ...options });
    this.process = process as never;
  }
}

const invoke = (model: ChatModel, options: object = {}): Promise<ReadableStream<Chunk>> =>
  model.invoke(
    { ...ask },
    { context: new AIGNE().newContext() as Context, ...options, streaming: true },
  ) as never;
const text = (value: string): Chunk => ({ delta: { text: { text: value } } });
const json = (value: object): Chunk => ({ delta: { json: value } });

describe("AIGNE, as of now,", () => {
  test("hands options of invoke() under a symbol on to process()", async () => {
    const key = Symbol("key");
    const value = {};
    const seen: unknown[] = [];
    const model = new Bare((_, options) => {
      seen.push((options as unknown as Record<symbol, unknown>)[key]);
      return { text: "x" };
    });
    await collect(await invoke(model, { [key]: value }));
    await model.invoke({ ...ask }, { [key]: value } as object);
    expect(seen).toEqual([value, value]);
    expect(seen[0]).toBe(value);
  });

  test("takes an async generator from process()", async () => {
    const model = new Bare(async () =>
      (async function* () {
        yield text("a");
        yield text("b");
      })(),
    );
    expect((await collect(await invoke(model))).merged).toEqual({ text: "ab" });
  });

  test.each([
    ["an async generator", false],
    ["a ReadableStream", true],
  ])("hands on the very chunks of %s, and no copies", async (_, readable) => {
    const given = [text("a"), json({ text: "b", model: "m" })];
    const model = new Bare(() => {
      const source = (async function* () {
        yield* given;
      })();
      return readable ? ReadableStream.from(source) : source;
    });
    const { chunks } = await collect(await invoke(model));
    expect(chunks).toHaveLength(2);
    for (const [i, chunk] of chunks.entries()) expect(chunk).toBe(given[i]);
  });

  test("hands on the very chunks when guide rails look at them, too", async () => {
    const given = json({ text: "b" });
    const rail = { invoke: async () => ({ abort: false }) };
    const model = new Bare(() =>
      (async function* () {
        yield given;
      })(),
    );
    Object.assign(model, { guideRails: [rail], invokeChildAgent: async () => ({ abort: false }) });
    const { chunks } = await collect(await invoke(model));
    expect(chunks[0]).toBe(given);
  });

  test("begins to read although nobody reads what it gives", async () => {
    let asked = 0;
    const model = new Bare(() =>
      (async function* () {
        asked++;
        yield text("a");
      })(),
    );
    await invoke(model);
    await settle();
    expect(asked).toBe(1);
  });

  test("reads to the end, and calls its hooks, before it closes its stream", async () => {
    const order: string[] = [];
    const model = new Bare(
      () =>
        (async function* () {
          yield json({ text: "a" });
          await settle();
          order.push("end");
        })(),
      { hooks: { onSuccess: () => void order.push("onSuccess"), onEnd: () => void order.push("onEnd") } },
    );
    const reader = (await invoke(model)).getReader();
    await reader.read();
    await reader.read();
    order.push("closed");
    expect(order).toEqual(["end", "onSuccess", "onEnd", "closed"]);
  });

  test("hands on an error of the generator after its chunks, the very object", async () => {
    const gone = new Error("gone");
    const model = new Bare(() =>
      (async function* () {
        yield text("a");
        throw gone;
      })(),
    );
    const { chunks, error } = await collect(await invoke(model));
    expect(chunks).toEqual([text("a")]);
    expect(error).toBe(gone);
  });

  test("says nothing more when the answer is one JSON delta that needs no change", async () => {
    const model = new Bare(() =>
      (async function* () {
        yield json({ text: "a", model: "m" });
      })(),
    );
    expect((await collect(await invoke(model))).chunks).toHaveLength(1);
  });

  test("takes back what it knows of before a retry, and asks for the next answer only after that was read", async () => {
    let tries = 0;
    const model = new Bare(
      () =>
        (async function* () {
          if (tries++ > 0) return void (yield json({ text: "good" }));
          yield json({ text: "bad" });
          throw new Error("gone");
        })(),
      { retryOnError: { retries: 1, minTimeout: 1, shouldRetry: () => true } },
    );
    const reader = (await invoke(model)).getReader();
    expect((await reader.read()).value).toEqual(json({ text: "bad" }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(tries).toBe(1);
    expect((await reader.read()).value).toEqual(json({ text: null }));
    expect((await reader.read()).value).toEqual(json({ text: "good" }));
    expect((await reader.read()).value).toEqual(json({ text: "good", $meta: { retries: 1 } }));
  });
});

type Core = (input: ChatModelInput, options: AgentInvokeOptions) => AsyncIterable<Chunk>;

/** A core of AIGNE that is not as it is now. */
const CORES: Record<string, (core: Core) => Core> = {
  "copies chunks": (core) =>
    async function* (input, options) {
      for await (const chunk of core(input, options)) yield structuredClone(chunk);
    },
  "drops options that it does not know": (core) => (input, options) =>
    core(input, Object.fromEntries(Object.entries(options)) as unknown as AgentInvokeOptions),
  "reads ahead of whoever reads it": (core) =>
    async function* (input, options) {
      yield* ReadableStream.from(core(input, options)).pipeThrough(
        new TransformStream({}, { highWaterMark: 100 }, { highWaterMark: 100 }),
      ) as ReadableStream<Chunk>;
    },
  "says an answer of one delta twice": (core) =>
    async function* (input, options) {
      for await (const chunk of core(input, options)) {
        yield chunk;
        if ("delta" in chunk && chunk.delta.json && !chunk.delta.text) yield chunk;
      }
    },
};

describe.each(Object.entries(CORES))("should AIGNE become one that %s,", (_, change) => {
  const GOOD = { text: "The whole answer.", reasoning: "a thought" };
  const DYING: ModelScript = { fault: "cut", tokens: ["bad ", "worse ", "never"], at: 2 };

  function changed(model: OpenRouterChatModel) {
    const own = model as unknown as { processStreamingAndRetry: Core };
    own.processStreamingAndRetry = change(own.processStreamingAndRetry.bind(model));
    return model;
  }

  test("the caller still gets the whole answer", async () => {
    const { model } = await stage({ [PRIMARY]: GOOD });
    const { merged, error } = await collect(await invoke(changed(model)));
    expect(error).toBeUndefined();
    expect(merged).toMatchObject({ text: "The whole answer.", thoughts: "a thought", usage: {} });
  });

  test("still the answer of the model that took over", async () => {
    const { model } = await stage({ "dying/m": DYING, "healthy/m": GOOD });
    const { merged } = await collect(await invoke(changed(model)));
    expect(merged).toMatchObject({ text: "The whole answer.", thoughts: "a thought" });
  });

  test("still the second answer alone after a retry of AIGNE's", async () => {
    const { model } = await stage(
      { [PRIMARY]: [DYING, GOOD] },
      { recovery: "fail", retryOnError: { retries: 1, minTimeout: 1, shouldRetry: () => true } },
    );
    const { merged } = await collect(await invoke(changed(model)));
    expect(merged).toMatchObject({ text: "The whole answer.", thoughts: "a thought", $meta: { retries: 1 } });
  });

  test("still the error, after what was shown", async () => {
    const { model } = await stage({ [PRIMARY]: DYING }, { recovery: "fail" });
    const { chunks, error } = await collect(await invoke(changed(model)));
    expect(error).toMatchObject({ code: "interrupted", partial: "bad worse " });
    expect(deltaTexts(chunks).join("")).toBe("bad worse ");
  });

  test("still what a hook has made of it", async () => {
    const { model } = await stage(
      { [PRIMARY]: GOOD },
      { hooks: { onSuccess: ({ output }) => ({ output: { ...output, text: "Changed." } }) } },
    );
    expect((await collect(await invoke(changed(model)))).merged).toMatchObject({ text: "Changed." });
  });

  test("a caller who leaves still closes the upstream, at the latest after consumerMs", async () => {
    const { model, simulator } = await stage(
      { [PRIMARY]: { tokens: Array(2_000).fill("x "), pace: { tokenMs: 5 } } },
      { timeouts: { consumerMs: 200 } },
    );
    for await (const _ of await invoke(changed(model))) break;
    await vi.waitFor(() => expect(simulator.requests[0]?.closedBy).toBe("client"), 10_000);
  });
});
