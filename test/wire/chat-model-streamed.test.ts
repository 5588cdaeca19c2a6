import { AIGNE, type ChatModelInput, type Context, FunctionAgent } from "@aigne/core";
import { describe, expect, test, vi } from "vitest";
import { OpenRouterChatModel, OptionsError } from "../../src/index.js";
import type { ModelScript } from "../../src/testing/index.js";
import {
  ask,
  call,
  failureOf,
  lastRecord,
  PRIMARY,
  respond,
  stage,
  tidyUp,
  WAYS,
} from "../support/chat-model.js";
import { collect, deltaTexts } from "../support/collected-chunks.js";

tidyUp();

const SAID: ModelScript = { text: "The whole answer.", reasoning: "a thought" };
const FAILING: ModelScript = { fault: "400-bad" };
const DYING: ModelScript = { fault: "cut", tokens: ["bad ", "worse ", "never"], at: 2 };
const newContext = () => new AIGNE().newContext() as Context;

describe("hooks of a streamed call", () => {
  function noting() {
    const calls: [string, unknown?][] = [];
    const hooks = {
      onStart: () => void calls.push(["onStart"]),
      onSuccess: ({ output }: { output: unknown }) => void calls.push(["onSuccess", output]),
      onError: ({ error }: { error: unknown }) => void calls.push(["onError", error]),
      onEnd: ({ output, error }: { output?: unknown; error?: unknown }) =>
        void calls.push(["onEnd", error ?? output]),
    };
    return { calls, hooks };
  }

  test("are called once, in order, with the output that the caller has", async () => {
    const { calls, hooks } = noting();
    const { model } = await stage({ [PRIMARY]: SAID }, { hooks });
    const { output } = await call("direct", model, { streaming: true });
    expect(output).toMatchObject({ text: "The whole answer.", thoughts: "a thought" });
    expect(calls).toEqual([["onStart"], ["onSuccess", output], ["onEnd", output]]);
  });

  test("are told of a failure once, with the very error that the caller gets", async () => {
    const { calls, hooks } = noting();
    const { model } = await stage({ [PRIMARY]: FAILING }, { hooks });
    const error = await failureOf(call("direct", model, { streaming: true }));
    expect(calls.map(([name]) => name)).toEqual(["onStart", "onError", "onEnd"]);
    expect(calls[1]?.[1]).toBe(error);
    expect(calls[2]?.[1]).toBe(error);
  });

  test("are told of a failure in mid-stream once, after the text was shown", async () => {
    const { calls, hooks } = noting();
    const { model } = await stage({ [PRIMARY]: DYING }, { hooks, recovery: "fail" });
    const { chunks, error } = await collect(await model.invoke({ ...ask }, { streaming: true }));
    expect(deltaTexts(chunks).join("")).toBe("bad worse ");
    expect(calls.map(([name]) => name)).toEqual(["onStart", "onError", "onEnd"]);
    expect(calls[1]?.[1]).toBe(error);
  });

  test("hear of a failure before content although nobody reads", async () => {
    const { calls, hooks } = noting();
    const { model } = await stage({ [PRIMARY]: FAILING }, { hooks });
    await model.invoke({ ...ask }, { streaming: true });
    await vi.waitFor(
      () => expect(calls.map(([name]) => name)).toEqual(["onStart", "onError", "onEnd"]),
      10_000,
    );
  });

  test("hear of an answer that nobody has ever read, once consumerMs is over", async () => {
    const { calls, hooks } = noting();
    const { model, simulator } = await stage(
      { [PRIMARY]: { tokens: Array<string>(1_000).fill("t "), pace: { tokenMs: 5 } } },
      { hooks, timeouts: { consumerMs: 100 } },
    );
    await model.invoke({ ...ask }, { streaming: true });
    await vi.waitFor(
      () => expect(calls.map(([name]) => name)).toEqual(["onStart", "onError", "onEnd"]),
      10_000,
    );
    expect(calls[1]?.[1]).toMatchObject({ code: "aborted" });
    await vi.waitFor(() => expect(simulator.requests[0]?.closedBy).toBe("client"), 10_000);
  });

  test("hear of an answer that its reader leaves in the middle", async () => {
    const { calls, hooks } = noting();
    const tokens = Array.from({ length: 1_000 }, (_, i) => `t${i} `);
    const { model, audit } = await stage({ [PRIMARY]: { tokens, pace: { tokenMs: 5 } } }, { hooks });
    for await (const _ of await model.invoke({ ...ask }, { streaming: true })) break;
    await vi.waitFor(
      () => expect(calls.map(([name]) => name)).toEqual(["onStart", "onError", "onEnd"]),
      10_000,
    );
    expect(calls[1]?.[1]).toMatchObject({ code: "aborted" });
    expect(lastRecord(audit).outcome).toBe("aborted");
  });

  test.each(WAYS)("that change the output change what the stream comes to: %s", async (way) => {
    const { model } = await stage(
      { [PRIMARY]: SAID },
      { hooks: { onSuccess: ({ output }) => ({ output: { ...output, text: "Changed." } }) } },
    );
    const told = await call(way, model, { streaming: true });
    expect(told.text).toBe("Changed.");
    // What it was is shown first, as it came.
    expect(told.looped.startsWith("The whole answer.")).toBe(true);
  });

  test("that ask for one retry before content get one, and the caller the second answer alone", async () => {
    let retries = 0;
    const { model, simulator } = await stage(
      { [PRIMARY]: [FAILING, SAID] },
      { hooks: { onError: () => ({ retry: retries++ === 0 }) } },
    );
    const told = await call("direct", model, { streaming: true });
    expect(told.output).toMatchObject({ text: "The whole answer.", thoughts: "a thought" });
    expect(told.looped).toBe("The whole answer.");
    expect([retries, simulator.requests.length]).toEqual([1, 2]);
  });

  test("that ask for one retry after content get one, and the first answer is taken back", async () => {
    let retries = 0;
    const { model } = await stage(
      { [PRIMARY]: [DYING, SAID] },
      { recovery: "fail", hooks: { onError: () => ({ retry: retries++ === 0 }) } },
    );
    const told = await call("direct", model, { streaming: true });
    expect(told).toMatchObject({ text: "The whole answer.", followed: "The whole answer." });
    expect(told.looped).toBe("bad worse The whole answer.");
  });

  test("that call the model again with the options of the call do not mix up the two", async () => {
    const inner: unknown[] = [];
    const { model, simulator } = await stage({ [PRIMARY]: [{ text: "Outer." }, { text: "Inner." }] });
    const context = newContext();
    let nested = false;
    const outer = {
      context,
      streaming: true as const,
      hooks: {
        onSuccess: async () => {
          if (nested) return;
          nested = true;
          inner.push(await model.invoke({ ...ask }, { ...outer, streaming: false }));
        },
      },
    };
    const { merged } = await collect(await model.invoke({ ...ask }, outer));
    expect(merged).toMatchObject({ text: "Outer." });
    expect(inner).toMatchObject([{ text: "Inner." }]);
    expect(simulator.requests).toHaveLength(2);
  });
});

test.each([true, false])(
  "a subclass that calls itself with the options of a call does not mix up the two, streaming: %s",
  async (streaming) => {
    const inner: unknown[] = [];
    class Critic extends OpenRouterChatModel {
      // Its options are those that AIGNE hands on, whatever is in them.
      protected override async postprocess(...args: Parameters<OpenRouterChatModel["postprocess"]>) {
        await super.postprocess(...args);
        if (args[1].text !== "Outer.") return;
        const answer = await this.invoke({ ...ask }, { ...args[2], streaming } as { streaming: true });
        inner.push(streaming ? (await collect(answer)).merged : answer);
      }
    }
    const { model } = await stage({ [PRIMARY]: [{ text: "Outer." }, { text: "Inner." }] });
    const critic = new Critic({ ...model.options });
    const { merged, chunks } = await collect(await critic.invoke({ ...ask }, { streaming: true }));
    expect(inner).toMatchObject([{ text: "Inner." }]);
    expect(merged).toMatchObject({ text: "Outer." });
    expect(deltaTexts(chunks).join("")).toBe("Outer.");
    await critic.shutdown();
  },
);

describe("AIGNE's own retries, streamed", () => {
  const retryOnError = { retries: 1, minTimeout: 1, shouldRetry: () => true };

  test.each(WAYS)("after text was shown end in the second answer alone: %s", async (way) => {
    const { model } = await stage({ [PRIMARY]: [DYING, SAID] }, { recovery: "fail", retryOnError });
    const told = await call(way, model, { streaming: true });
    expect(told.text).toBe("The whole answer.");
    if (way !== "AIAgent")
      expect(told.output).toMatchObject({ $meta: { retries: 1 }, thoughts: "a thought" });
    expect(told.looped).toContain("bad worse The whole answer.");
  });

  test("before content leave no trace but the count", async () => {
    const { model } = await stage({ [PRIMARY]: [FAILING, SAID] }, { retryOnError });
    const told = await call("direct", model, { streaming: true });
    expect(told.looped).toBe("The whole answer.");
    expect(told.output).toMatchObject({ text: "The whole answer.", $meta: { retries: 1 } });
  });

  test("that fail too end in the last error", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: DYING }, { recovery: "fail", retryOnError });
    const { chunks, error } = await collect(await model.invoke({ ...ask }, { streaming: true }));
    expect(error).toMatchObject({ code: "interrupted" });
    expect(deltaTexts(chunks).join("")).toBe("bad worse bad worse ");
    expect(simulator.requests).toHaveLength(2);
  });
});

describe("guide rails, streamed", () => {
  const railed = async (abort: boolean) => {
    const judged: unknown[] = [];
    const rail = FunctionAgent.from((input: { output?: unknown }) => {
      judged.push(input.output);
      return { abort, reason: "not that" };
    });
    const { model } = await stage({ [PRIMARY]: SAID }, { guideRails: [rail as never] });
    const { merged, chunks } = await collect(
      await model.invoke({ ...ask }, { streaming: true, context: newContext() }),
    );
    return { judged, merged, chunks };
  };

  test("judge the whole answer once, and let it pass", async () => {
    const { judged, merged } = await railed(false);
    expect(judged).toEqual([merged]);
    expect(merged).toMatchObject({ text: "The whole answer.", thoughts: "a thought" });
  });

  test("that abort have the last word", async () => {
    const { judged, merged, chunks } = await railed(true);
    expect(judged).toMatchObject([{ text: "The whole answer." }]);
    expect(merged).toMatchObject({ abort: true, reason: "not that", $status: "GuideRailError" });
    expect(deltaTexts(chunks).join("")).toBe("The whole answer.");
  });
});

describe("what AIGNE counts and tells of a streamed call", () => {
  test("its tokens, once", async () => {
    const { model } = await stage({
      [PRIMARY]: { ...(SAID as object), usage: { promptTokens: 11, completionTokens: 7 } },
    });
    const context = newContext();
    await collect(await model.invoke({ ...ask }, { streaming: true, context }));
    expect(context.usage).toMatchObject({ inputTokens: 11, outputTokens: 7, agentCalls: 1 });
  });

  test.each([
    ["a success", SAID, ["agentStarted", "agentSucceed"]],
    ["a failure", FAILING, ["agentStarted", "agentFailed"]],
  ])("the events of %s, once", async (_, script, expected) => {
    const { model } = await stage({ [PRIMARY]: script });
    const context = newContext();
    const events: string[] = [];
    for (const name of ["agentStarted", "agentSucceed", "agentFailed"] as const) {
      context.on(name, () => void events.push(name));
    }
    await collect(await model.invoke({ ...ask }, { streaming: true, context }));
    expect(events).toEqual(expected);
  });
});

describe("whoever stands between process() and the caller", () => {
  const TOKENS = { tokens: ["one ", "two ", "three"] };

  class Shouting extends OpenRouterChatModel {
    readonly seen: unknown[] = [];

    override async process(...args: Parameters<OpenRouterChatModel["process"]>) {
      const { seen } = this;
      const answer = (await super.process(...args)) as AsyncIterable<Record<string, never>>;
      return (async function* () {
        for await (const chunk of answer) {
          seen.push(chunk);
          const text = (chunk as { delta?: { text?: { text?: string } } }).delta?.text?.text;
          yield (text === undefined ? chunk : { delta: { text: { text: text.toUpperCase() } } }) as never;
        }
      })();
    }
  }

  test.each([true, false])(
    "as a subclass sees every delta and has its say, streaming: %s",
    async (streaming) => {
      const { model } = await stage({ [PRIMARY]: TOKENS }, { coalesce: false });
      const shouting = new Shouting({ ...model.options });
      const { output } = await call("direct", shouting, { streaming });
      expect(output.text).toBe("ONE TWO THREE");
      expect(deltaTexts(shouting.seen as never[])).toEqual(["one ", "two ", "three"]);
      await shouting.shutdown();
    },
  );

  test("as a subclass that asks twice at once leaves neither behind when the caller leaves", async () => {
    const { model, simulator } = await stage({
      [PRIMARY]: { tokens: Array(400).fill("x "), pace: { tokenMs: 5 } },
    });
    class Twice extends OpenRouterChatModel {
      override async process(...args: Parameters<OpenRouterChatModel["process"]>) {
        const answers = await Promise.all([super.process(...args), super.process(...args)]);
        return (async function* () {
          const [one, other] = (answers as AsyncIterable<never>[]).map((answer) =>
            answer[Symbol.asyncIterator](),
          );
          for (;;) {
            const read = await Promise.all([one?.next(), other?.next()]);
            if (read.some((result) => result?.done)) return;
            yield read[0]?.value as never;
          }
        })();
      }
    }
    const twice = new Twice({ ...model.options });
    for await (const _ of await twice.invoke({ ...ask }, { streaming: true })) break;
    await vi.waitFor(
      () => expect(simulator.requests.map(({ closedBy }) => closedBy)).toEqual(["client", "client"]),
      10_000,
    );
    await twice.shutdown();
  });

  test("as a spy sees every delta", async () => {
    const { model } = await stage({ [PRIMARY]: TOKENS }, { coalesce: false });
    const spy = vi.spyOn(model, "process");
    const streamed = await model.invoke({ ...ask }, { streaming: true });
    await vi.waitFor(() => expect(spy).toHaveBeenCalledOnce(), 10_000);
    expect(await spy.mock.results[0]?.value).toBeInstanceOf(ReadableStream);
    const { merged, chunks } = await collect(streamed);
    expect(merged).toMatchObject({ text: "one two three" });
    expect(deltaTexts(chunks)).toEqual(["one ", "two ", "three"]);
  });

  test("as a stub gives an answer of its own", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: TOKENS }, { coalesce: false });
    vi.spyOn(model, "process").mockImplementation(async () => ({ text: "Stubbed." }));
    const { merged } = await collect(await model.invoke({ ...ask }, { streaming: true }));
    expect(merged).toEqual({ text: "Stubbed." });
    expect(simulator.requests).toEqual([]);
  });
});

describe("the same answer comes to the same output", () => {
  const schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
  const tools = [
    { type: "function" as const, function: { name: "look-up", parameters: { type: "object" } } },
  ];
  const SHAPES: [string, ModelScript | Record<string, ModelScript>, Partial<ChatModelInput>][] = [
    ["text and thoughts", SAID, {}],
    [
      "JSON",
      { json: { n: 5 } },
      { responseFormat: { type: "json_schema", jsonSchema: { name: "n", schema } } },
    ],
    [
      "tool calls",
      { text: "Let me see.", toolCalls: [{ id: "c1", name: "look_up", arguments: { q: 1 } }] },
      { tools },
    ],
    ["text that the token limit has cut", { text: "The who", finish: "length" }, {}],
  ];

  test.each(SHAPES)("streamed or not, direct or by aigne.invoke: %s", async (_, script, extra) => {
    const { model } = await stage({ [PRIMARY]: script as ModelScript });
    const input = { ...ask, ...extra };
    const [plain, ...others] = await Promise.all(
      (["direct", "aigne.invoke"] as const).flatMap((way) =>
        [false, true].map(async (streaming) => (await call(way, model, { streaming, input })).output),
      ),
    );
    expect(Object.keys(plain ?? {}).length).toBeGreaterThan(1);
    for (const other of others) expect(other).toEqual(plain);
  });

  test("an agent's", async () => {
    const { model } = await stage({ [PRIMARY]: SAID });
    const [plain, streamed] = [
      await call("AIAgent", model, { streaming: false }),
      await call("AIAgent", model, { streaming: true }),
    ];
    expect(streamed.output).toEqual(plain.output);
    expect(plain.text).toBe("The whole answer.");
  });

  test("a coalesced one's and one that is not", async () => {
    const { model } = await stage({ [PRIMARY]: SAID });
    const single = new OpenRouterChatModel({ ...model.options, coalesce: false });
    const [one, other] = [
      await call("direct", model, { streaming: true }),
      await call("direct", single, { streaming: true }),
    ];
    expect(other.output).toEqual(one.output);
    await single.shutdown();
  });
});

describe("coalesce", () => {
  const tokens = Array.from({ length: 300 }, (_, i) => `t${i} `);

  test("false gives every event of the wire as a delta of its own", async () => {
    const { model } = await stage({ [PRIMARY]: { tokens } }, { coalesce: false });
    const { chunks } = await collect(await model.invoke({ ...ask }, { streaming: true }));
    expect(deltaTexts(chunks)).toEqual(tokens);
  });

  test("true, as it is without it, gives no more deltas than there were events, and the same text", async () => {
    for (const options of [{}, { coalesce: true }, { coalesce: null as never }]) {
      const { model } = await stage({ [PRIMARY]: { tokens } }, options);
      const { chunks } = await collect(await model.invoke({ ...ask }, { streaming: true }));
      expect(deltaTexts(chunks).join("")).toBe(tokens.join(""));
      expect(deltaTexts(chunks).length).toBeLessThanOrEqual(tokens.length);
    }
  });

  test.each([
    ["no", '"no"'],
    [0, "0"],
    [{}, "an object"],
  ])("%j is an OptionsError that names the option and the value", (coalesce, shown) => {
    const make = () => new OpenRouterChatModel({ apiKey: "k", coalesce: coalesce as never });
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(`coalesce must be true or false, got ${shown}`);
  });
});

describe("a caller who stops reading in mid-stream", () => {
  const BIG = "x".repeat(16_384);
  const tokens = Array<string>(4_000).fill(BIG);

  test("stops the upstream, and goes on where it stopped", async () => {
    const { model, simulator } = await stage({ [PRIMARY]: { tokens: tokens.slice(0, 1_500) } });
    const iterator = (await model.invoke({ ...ask }, { streaming: true }))[Symbol.asyncIterator]();
    let length = 0;
    const take = ({ value }: IteratorResult<unknown>) => {
      length += deltaTexts([value as never]).join("").length;
    };
    take(await iterator.next());
    const sent = () => simulator.requests[0]?.tokensSent ?? 0;
    await vi.waitFor(async () => {
      const before = sent();
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(sent()).toBe(before);
    }, 10_000);
    expect(sent()).toBeLessThan(1_000);
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) take(result);
    expect(length).toBe(1_500 * BIG.length);
  });

  test.each(["OpenRouterChatModel", "a subclass"])(
    "is not given up on while it takes bit by bit what one read has brought: %s",
    async (kind) => {
      class Own extends OpenRouterChatModel {
        override process(...args: Parameters<OpenRouterChatModel["process"]>) {
          return super.process(...args);
        }
      }
      const { model } = await stage({ [PRIMARY]: { tokens: Array<string>(40).fill("x ") } });
      const options = { ...model.options, coalesce: false, timeouts: { consumerMs: 200 } };
      const reading = kind === "a subclass" ? new Own(options) : new OpenRouterChatModel(options);
      let text = "";
      for await (const chunk of await reading.invoke({ ...ask }, { streaming: true })) {
        text += deltaTexts([chunk as never]).join("");
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      expect(text).toBe("x ".repeat(40));
      await reading.shutdown();
    },
  );

  test("is given up on after consumerMs, and the upstream closed", async () => {
    const { model, simulator, audit } = await stage(
      { [PRIMARY]: { tokens } },
      { timeouts: { consumerMs: 200 } },
    );
    const iterator = (await model.invoke({ ...ask }, { streaming: true }))[Symbol.asyncIterator]();
    await iterator.next();
    await vi.waitFor(() => expect(simulator.requests[0]?.closedBy).toBe("client"), 10_000);
    expect(lastRecord(audit).outcome).toBe("aborted");
    const rest = async () => {
      while (!(await iterator.next()).done);
    };
    expect(await failureOf(rest())).toMatchObject({ code: "aborted" });
  });
});

test("a stream that is over stays over for whoever loops once more", async () => {
  const { model } = await stage({ [PRIMARY]: SAID });
  const stream = (await respond("direct", model, { streaming: true })) as ReadableStream<never>;
  expect((await collect(stream)).merged).toMatchObject({ text: "The whole answer." });
  expect(await collect(stream)).toEqual({ chunks: [], merged: {}, error: undefined });
  const broken = (await stage({ [PRIMARY]: FAILING })).model;
  const failing = await broken.invoke({ ...ask }, { streaming: true });
  const { error } = await collect(failing);
  expect((await collect(failing)).error).toBe(error);
});
