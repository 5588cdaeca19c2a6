import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type ChatRequest,
  type FallbackChainOptions,
  race,
  type Script,
  type Usage,
} from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain, story } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const A = "a/one";
const B = "b/two";
const C = "c/three";
const words = (count: number) =>
  Array.from({ length: count }, (_, i) => ["alpha", "bravo", "delta"][i % 3]).join(" ");
const prompt = (tokens: number, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content: words(tokens) }],
  ...more,
});
const tooLong = (message: string): Script => [
  { kind: "http", status: 400, headers: {}, body: JSON.stringify({ error: { message, code: 400 } }) },
];
const says = (text: string, usage: Usage): Script => [
  text,
  { type: "usage", usage },
  { type: "finish", reason: "stop" },
];

async function run(bed: ReturnType<typeof bench>, request: ChatRequest = ask, options = {}) {
  const done = drain(bed.chain.stream(request, options));
  for (let i = 0; i < 100; i++) await vi.advanceTimersByTimeAsync(100);
  return done;
}

function targets(
  ...list: ({ model: string } & Record<string, unknown>)[]
): Pick<FallbackChainOptions, "targets"> {
  return { targets: list as FallbackChainOptions["targets"] };
}

describe("a context window", () => {
  it("that the request surely overflows is skipped, with the numbers; an unknown one is tried", async () => {
    const bed = bench(
      { [A]: [answer("a")], [B]: [answer("b")] },
      targets({ model: A, contextWindow: 8_000 }, { model: B }),
    );
    const { text, record } = await run(bed, prompt(20_000));
    expect(text).toBe("b");
    expect(record.skipped).toMatchObject([
      { target: A, reason: "context_too_small", detail: { window: 8_000 } },
    ]);
    expect(record.skipped[0]!.detail!.needed).toBeGreaterThan(16_000);
    expect(bed.provider.requests.map(({ model }) => model)).toEqual([B]);
    expect((await run(bed, prompt(3_000))).text).toBe("a");
  });

  it("which only the asked max_tokens overflows is asked for fewer, and the record says so", async () => {
    const bed = bench({ [A]: [answer("a")] }, targets({ model: A, contextWindow: 8_000 }));
    const { text, record } = await run(bed, prompt(4_000, { max_tokens: 7_000 }));
    expect(text).toBe("a");
    const sent = bed.provider.requests[0]!.request.max_tokens!;
    expect(sent).toBeGreaterThan(1_000);
    expect(sent).toBeLessThan(4_000);
    expect(record.attempts[0]!.maxTokens).toEqual({ asked: 7_000, sent });
  });

  it("is not reckoned with where the server shortens the prompt by itself", async () => {
    const bed = bench({ [A]: [answer("a")] }, targets({ model: A, contextWindow: 8_000 }));
    expect((await run(bed, prompt(20_000, { transforms: ["middle-out"] } as never))).text).toBe("a");
  });

  it("that turned out too small, by the server's own word, excludes smaller ones", async () => {
    const bed = bench(
      {
        [A]: [
          tooLong(
            "This endpoint's maximum context length is 16000 tokens. However, you requested about 18000 tokens (18000 of text input).",
          ),
        ],
        [B]: [answer("b")],
        [C]: [answer("c")],
      },
      targets({ model: A }, { model: B, contextWindow: 16_000 }, { model: C, contextWindow: 32_000 }),
    );
    const { text, record } = await run(bed, prompt(100));
    expect(text).toBe("c");
    expect(record.skipped).toMatchObject([
      { target: B, reason: "context_too_small", detail: { window: 16_000, needed: 18_000 } },
    ]);
  });

  it("that only the answer's part overflows, by the server's own word, is asked once more for fewer", async () => {
    const message =
      "This endpoint's maximum context length is 16000 tokens. However, you requested about 20000 tokens (12000 of text input, 8000 in the output).";
    const bed = bench({ [A]: [tooLong(message), answer("a")] });
    const { text, record } = await run(bed, prompt(100, { max_tokens: 8_000 }));
    expect(text).toBe("a");
    expect(story(record)).toEqual(["a/one first failed context_length retry", "a/one retry won"]);
    const sent = bed.provider.requests[1]!.request.max_tokens!;
    expect(sent).toBeGreaterThan(3_000);
    expect(sent).toBeLessThan(4_000);
    expect(record.attempts[1]!.maxTokens).toEqual({ asked: 8_000, sent });
    // And only once.
    const again = bench({ [A]: [tooLong(message)] });
    expect((await run(again, prompt(100, { max_tokens: 8_000 }))).record.attempts).toHaveLength(2);
  });
});

describe("the cost of an attempt", () => {
  const price = { input: 2, output: 10, cacheRead: 0.5, tiers: [{ minInputTokens: 1_000, input: 4 }] };
  const cost = async (script: Script, more: Partial<FallbackChainOptions> = {}) => {
    const bed = bench(
      { [A]: [script], [B]: [says("b", { inputTokens: 10, outputTokens: 1, costUsd: 0.5 })] },
      {
        ...targets({ model: A, price }, { model: B }),
        ...more,
      },
    );
    return (await run(bed)).record;
  };

  it("is what the wire says, else tokens times price, cached and tiered ones included, marked as estimated", async () => {
    const usage = { inputTokens: 500, outputTokens: 100, cacheReadInputTokens: 200 };
    expect((await cost(says("a", { ...usage, costUsd: 0.125 }))).cost).toEqual({
      usd: 0.125,
      estimated: false,
    });
    expect((await cost(says("a", usage))).cost).toEqual({
      usd: (300 * 2 + 200 * 0.5 + 100 * 10) / 1e6,
      estimated: true,
    });
    expect((await cost(says("a", { inputTokens: 2_000, outputTokens: 0 }))).cost).toEqual({
      usd: 0.008,
      estimated: true,
    });
  });

  it("counts failed and hedged-away attempts too, and is nothing for one that was refused", async () => {
    const refused = await cost([{ kind: "http", status: 404, headers: {}, body: "" }]);
    expect(refused.attempts.map((each) => each.cost)).toEqual([
      { usd: 0, estimated: true },
      { usd: 0.5, estimated: false },
    ]);
    expect(refused.cost).toEqual({ usd: 0.5, estimated: true });
    const died = await cost([words(200), { kind: "eof", afterContent: true }]);
    expect(died.attempts[0]!.cost!.usd).toBeGreaterThan(0.001);
    const raced = await cost({ headersMs: 0, steps: [5_000, "late"] }, { strategy: race() });
    expect(raced.attempts[0]).toMatchObject({ outcome: "cancelled", cost: { estimated: true } });
    expect(raced.attempts[0]!.cost!.usd).toBeGreaterThan(0);
    expect(raced.cost!.usd).toBeGreaterThan(0.5);
  });
});

describe("maxCostUsd", () => {
  const dear = { input: 10, output: 100 };
  const cheap = { input: 0.1, output: 1 };

  it("skips a target whose answer could cost more than is left", async () => {
    const bed = bench(
      { [A]: [answer("a")], [B]: [answer("b")] },
      {
        ...targets({ model: A, price: dear }, { model: B, price: cheap }),
        maxCostUsd: 0.05,
      },
    );
    const { text, record } = await run(bed, prompt(100, { max_tokens: 1_000 }));
    expect(text).toBe("b");
    expect(record.skipped).toMatchObject([{ target: A, reason: "too_dear", detail: { leftUsd: 0.05 } }]);
    expect(Number(record.skipped[0]!.detail!.worstUsd)).toBeGreaterThan(0.1);
    expect((await run(bed, prompt(100, { max_tokens: 100 }))).text).toBe("a");
  });

  it("lowers max_tokens to what the money buys where the request asks for no limit", async () => {
    const bed = bench({ [A]: [answer("a")] }, { ...targets({ model: A, price: dear }), maxCostUsd: 0.05 });
    const { record } = await run(bed, prompt(100));
    const sent = bed.provider.requests[0]!.request.max_tokens!;
    expect(sent).toBeGreaterThan(400);
    expect(sent).toBeLessThan(500);
    expect(record.attempts[0]!.maxTokens).toEqual({ sent });
  });

  it("counts what has been spent and what is under way, before every attempt, retries included", async () => {
    const died: Script = [words(300), { kind: "eof", afterContent: true }];
    const bed = bench(
      { [A]: [died] },
      {
        ...targets({ model: A, price: dear }),
        maxCostUsd: 0.15,
        retry: { stream_interrupted: { retries: 5 } },
      },
    );
    const { error } = await run(bed, prompt(100, { max_tokens: 1_000 }));
    // A hundred thousandths for the worst case, some thirty spent by the first: there is no room for a second.
    expect(error!.attempts).toHaveLength(2);
    const raced = bench(
      { [A]: [{ headersMs: 0, steps: [1_000, ...answer("a")] }], [B]: [answer("b")] },
      {
        ...targets({ model: A, price: dear }, { model: B, price: dear }),
        maxCostUsd: 0.15,
        strategy: race(),
      },
    );
    const { record } = await run(raced, prompt(100, { max_tokens: 1_000 }));
    expect(story(record)).toEqual(["a/one first won"]);
  });

  it("of a call replaces the chain's; without a known price nothing is limited", async () => {
    const bed = bench({ [A]: [answer("a")] }, { ...targets({ model: A, price: dear }), maxCostUsd: 5 });
    expect((await run(bed, prompt(100, { max_tokens: 1_000 }), { maxCostUsd: 0.01 })).error).toMatchObject({
      status: 503,
    });
    const unknown = bench({ [A]: [answer("a")] }, { maxCostUsd: 0 });
    expect((await run(unknown)).text).toBe("a");
    expect(() => bed.chain.stream(ask, { maxCostUsd: -1 })).toThrow("maxCostUsd must be >= 0 (USD), got -1");
  });
});

it('neverDearerThan: "primary" keeps a fallback from costing more than the first target', async () => {
  const gone: Script = [{ kind: "http", status: 404, headers: {}, body: "" }];
  const bed = bench(
    { [A]: [gone], [B]: [answer("b")], [C]: [answer("c")] },
    {
      ...targets(
        { model: A, price: { input: 1, output: 4 } },
        { model: B, price: { input: 3, output: 15 } },
        { model: C, price: { input: 1, output: 4 } },
      ),
      neverDearerThan: "primary",
    },
  );
  const { text, record } = await run(bed);
  expect(text).toBe("c");
  expect(record.skipped).toMatchObject([{ target: B, reason: "too_dear" }]);
});

describe("explain", () => {
  it("tells order, skips, attempts, time and cost without asking anybody", async () => {
    const bed = bench(
      { [A]: [answer("a")], [B]: [answer("b")], [C]: [answer("c")] },
      {
        ...targets(
          { model: A, price: { input: 1, output: 10 }, maxOutputTokens: 1_000 },
          { model: B, contextWindow: 4_000 },
          { model: C, price: { input: 0, output: 0 }, maxOutputTokens: 500 },
        ),
      },
    );
    const plan = bed.chain.explain(prompt(10_000));
    expect(plan.strategy).toBe("sequential");
    expect(plan.inputTokens).toBeGreaterThan(8_000);
    expect(plan.targets.map(({ target, attempts, waitMs }) => [target, attempts, waitMs])).toEqual([
      [A, 4, 4 * 30_000 + 6_500],
      [B, 0, 0],
      [C, 4, 4 * 120_000 + 6_500],
    ]);
    expect(plan.targets[1]!.skip).toMatchObject({ reason: "context_too_small", detail: { window: 4_000 } });
    expect(plan.targets[0]!.costUsd).toBeGreaterThan(4 * 0.018);
    expect(plan.worstCase).toMatchObject({ attempts: 8, waitMs: 600_000, costUsd: plan.targets[0]!.costUsd });
    expect(bed.provider.requests).toEqual([]);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it("puts a call's own model first, and knows what other calls have learnt", async () => {
    const limited: Script = [{ kind: "http", status: 429, headers: { "retry-after": "60" }, body: "" }];
    const bed = bench({ [A]: [limited], [B]: [answer("b")] });
    await run(bed);
    expect(bed.chain.explain(ask).targets[0]).toMatchObject({
      target: A,
      skip: { reason: "cooling_down" },
      attempts: 0,
    });
    expect(bed.chain.explain(ask, { model: "own/model" }).targets.map(({ model }) => model)).toEqual([
      "own/model",
      B,
    ]);
    expect(bed.chain.health()[A]).toMatchObject({
      blocked: { reason: "cooling_down", class: "rate_limit", until: expect.stringMatching(/Z$/) },
      recentFailures: { rate_limit: 1 },
      breaker: { state: "closed" },
    });
  });
});
