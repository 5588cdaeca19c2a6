import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  FallbackChain,
  type FallbackChainOptions,
  hedged,
  OptionsError,
  race,
  type Script,
  type Strategy,
  scripted,
} from "../../src/chain.js";
import { systemClock } from "../../src/clock.js";
import { Health } from "../../src/health/health.js";
import { answer } from "../../src/providers/scripted.js";
import type { Clock } from "../../src/types.js";
import { ask, bench, drain, story } from "../support/chain.js";
import { targetsOf } from "./strategies/view.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const A = "a/one";
const B = "b/two";
const http = (status: number, headers: Record<string, string> = {}): Script => [
  { kind: "http", status, headers, body: JSON.stringify({ error: { message: "no", code: status } }) },
];
const says = (ms: number, text: string): Script => ({ headersMs: 0, steps: [ms, ...answer(text)] });
const silent: Script = { headersMs: 0, steps: [Number.POSITIVE_INFINITY] };
const once = { retry: { server_error: { retries: 0 } } };

async function run(chain: FallbackChain, options = {}, request: object = ask) {
  const done = drain(chain.stream(request as typeof ask, options));
  let ended = false;
  void done.then(() => {
    ended = true;
  });
  for (let i = 0; i < 4_000 && !ended; i++) await vi.advanceTimersByTimeAsync(i < 200 ? 5 : 500);
  return done;
}

describe("money that is set aside", () => {
  const price = { input: 1, output: 10 };
  const priced = (...models: string[]) => ({
    targets: models.map((model) => ({ model, price })),
    maxCostUsd: 0.01,
  });

  it("for a failed attempt is there for the next target", async () => {
    const one = scripted({ name: "one", script: { [A]: [http(401)] } });
    const two = scripted({ name: "two", script: { [B]: [answer("b")] } });
    const chain = new FallbackChain({
      targets: [
        { model: A, provider: one, price },
        { model: B, provider: two, price },
      ],
      maxCostUsd: 0.01,
      logger: false,
    });
    expect((await run(chain)).text).toBe("b");
  });

  it("for a running attempt does not make its target the last one", async () => {
    const { chain } = bench({ [A]: [silent], [B]: [answer("b")] }, priced(A, B));
    const { record, text } = await run(chain);
    expect(text).toBe("b");
    expect(record.attempts[0]!.durationMs).toBe(30_000);
  });

  it("and keeps others from starting beside it is told", async () => {
    const { chain } = bench(
      { [A]: [says(1_000, "a")], [B]: [says(10, "b")] },
      { ...priced(A, B), strategy: race() },
    );
    const { record } = await run(chain);
    expect(story(record)).toEqual(["a/one first won"]);
    expect(record.skipped).toMatchObject([{ target: B, reason: "too_dear" }]);
  });

  it("does not matter to what is free", async () => {
    const dear: Script = [
      "x",
      { type: "usage", usage: { inputTokens: 1, outputTokens: 1, costUsd: 0.02 } },
      { kind: "eof", afterContent: true },
    ];
    const { chain } = bench(
      { [A]: [dear], [B]: [answer("b")] },
      {
        targets: [
          { model: A, price },
          { model: B, price: { input: 0, output: 0 } },
        ],
        maxCostUsd: 0.01,
      },
    );
    expect((await run(chain)).text).toBe("b");
  });

  it("leaves room for reasoning, or the target is refused", async () => {
    const { chain, provider } = bench({ [A]: [answer("a")] }, priced(A));
    const { error } = await run(chain, {}, { ...ask, reasoning: { max_tokens: 4_000 } });
    expect(error!.skipped).toMatchObject([{ reason: "too_dear" }]);
    expect(provider.requests).toEqual([]);
  });

  it("counts images and several answers, and no limit that is none", async () => {
    const image = { input: 0, output: 1, image: 1 };
    const show = { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] };
    const shown = bench({ [A]: [answer("a")] }, { targets: [{ model: A, price: image }], maxCostUsd: 0.5 });
    expect((await run(shown.chain, {}, { ...show, max_tokens: 10 })).error!.skipped).toMatchObject([
      { reason: "too_dear" },
    ]);
    const many = bench({ [A]: [answer("a")] }, priced(A));
    expect((await run(many.chain, {}, { ...ask, max_tokens: 900, n: 50 })).error!.skipped).toMatchObject([
      { reason: "too_dear" },
    ]);
    const none = bench({ [A]: [answer("a")] }, priced(A));
    await run(none.chain, {}, { ...ask, max_tokens: -1 });
    expect(none.provider.requests[0]!.request.max_tokens).toBeGreaterThan(0);
    expect(() => none.chain.stream(ask, { maxCostUsd: Number.POSITIVE_INFINITY })).toThrow(OptionsError);
  });

  it("a target's own maxOutputTokens is no wish of the caller", async () => {
    const { chain, provider } = bench(
      { [A]: [answer("a")] },
      {
        targets: [{ model: A, price, maxOutputTokens: 64_000 }],
        maxCostUsd: 0.01,
      },
    );
    const { record } = await run(chain);
    expect(record.attempts[0]!.maxTokens).toEqual({ sent: provider.requests[0]!.request.max_tokens });
    expect(record.attempts[0]!.maxTokens!.sent).toBeLessThan(1_000);
  });
});

describe("a call that has ended", () => {
  it("sends nothing more, although a logger ended it while it looked for a target", async () => {
    const caller = new AbortController();
    let armed = false;
    const logger = {
      debug() {},
      warn() {},
      error() {},
      info: (_: unknown, message: string) => {
        if (armed && message === "target skipped") caller.abort();
      },
    };
    const { chain, provider, audit } = bench(
      { [A]: [...Array(5).fill(http(500)), ["x", Number.POSITIVE_INFINITY], answer("a")] },
      { logger: logger as never, ...once, maxConcurrent: 1 },
    );
    for (let i = 0; i < 5; i++) await run(chain);
    armed = true;
    await run(chain, { signal: caller.signal });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(provider.requests).toHaveLength(5);
    expect(audit.records.flatMap(({ attempts }) => attempts)).toHaveLength(5);
    expect(chain.health()[A]).toMatchObject({ inFlight: 0 });
  });
});

describe("what was learnt later", () => {
  it.each<[string, Script, object]>([
    ["a cool-down", http(429, { "retry-after": "60" }), { reason: "cooling_down" }],
    ["a refused key", http(402), { reason: "account_blocked" }],
  ])("%s is not undone by an answer that began before", async (_, refusal, skip) => {
    const { chain } = bench({
      [A]: [{ headersMs: 0, steps: ["a", 3_000, ...answer("a")] }, refusal, answer("x")],
      [B]: [answer("b")],
    });
    const long = run(chain);
    await vi.advanceTimersByTimeAsync(100);
    await run(chain);
    await long;
    expect((await run(chain)).record.skipped[0]).toMatchObject({ target: A, ...skip });
  });

  it("a time that a server stated stands above a guess", async () => {
    const { chain, provider } = bench({
      [A]: [http(429, { "retry-after": "300" }), http(401)],
      [B]: [http(401)],
    });
    await run(chain);
    await run(chain);
    const asked = provider.requests.length;
    await run(chain);
    expect(provider.requests.slice(asked).map(({ model }) => model)).not.toContain(A);
  });
});

describe("a probe", () => {
  it("of an only target holds its lease as long as that may be silent", async () => {
    const { chain, provider } = bench({ [A]: [...Array(5).fill(http(500)), says(100_000, "a")] }, once);
    for (let i = 0; i < 5; i++) await run(chain);
    await vi.advanceTimersByTimeAsync(6_000);
    const probing = drain(chain.stream(ask));
    for (let i = 0; i < 3; i++) {
      await vi.advanceTimersByTimeAsync(31_000);
      if (i < 2) await run(chain);
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await probing).text).toBe("a");
    expect(provider.requests).toHaveLength(6);
  });
});

describe("a call's own model", () => {
  it("has neither the window nor the price of the one it stands in for", async () => {
    const { chain } = bench(
      { "big/model": [answer("big")], [B]: [answer("b")] },
      {
        targets: [{ model: A, contextWindow: 3, price: { input: 1_000, output: 1_000 } }, { model: B }],
        maxCostUsd: 0.01,
      },
    );
    expect((await run(chain, { model: "big/model" })).text).toBe("big");
  });
});

describe("a strategy of one's own", () => {
  const strategy = (
    order: Strategy["order"],
    hedgeDelay: Strategy["hedgeDelay"] = () => Number.POSITIVE_INFINITY,
  ) => ({
    strategy: { name: "own", order, hedgeDelay },
  });
  const texts = { [A]: [answer("a")], [B]: [answer("b")] };

  it("that reverses the list in place reverses its own", async () => {
    const { chain } = bench(
      texts,
      strategy((targets) => (targets as []).reverse()),
    );
    expect([(await run(chain)).text, (await run(chain)).text]).toEqual(["b", "b"]);
    expect(chain.explain(ask).targets.map(({ target }) => target)).toEqual([B, A]);
  });

  it("that names a target twice has it asked once", async () => {
    const { chain, provider } = bench(
      { [A]: [http(404)], [B]: [answer("b")] },
      strategy(([a, b]) => [a!, a!, b!, a!]),
    );
    expect((await run(chain)).text).toBe("b");
    expect(provider.requests).toHaveLength(2);
  });

  it.each([Number.NaN, undefined, "soon"])("whose hedge delay is %s starts nothing beside", async (delay) => {
    const { chain, provider } = bench(
      { [A]: [says(500, "a")], [B]: [answer("b")] },
      strategy(
        (all) => all,
        () => delay as number,
      ),
    );
    expect((await run(chain)).text).toBe("a");
    expect(provider.requests).toHaveLength(1);
  });
});

describe("a wait for room", () => {
  it("that another lane's win has ended is not told as one that was too long", async () => {
    const { chain } = bench(
      { [A]: [says(3_000, "a")], [B]: [says(50, "b")] },
      {
        targets: [{ model: A, maxConcurrent: { limit: 1, waitMs: 5_000 } }, { model: B }],
        strategy: hedged({ afterMs: 100 }),
      },
    );
    const first = run(chain);
    const second = run(chain);
    expect((await second).record.skipped).toEqual([]);
    await first;
  });

  it("is not begun twice in a row", async () => {
    const { chain } = bench({ [A]: [says(9_000, "a")] }, { maxConcurrent: 1 });
    const [, second] = await Promise.all([run(chain), run(chain)]);
    expect(second.record.skipped).toHaveLength(1);
    expect(second.record.durationMs).toBeLessThanOrEqual(1_100);
  });
});

describe("a hedge", () => {
  it("whose provider cannot send does not end the lane that can", async () => {
    const good = scripted({ name: "good", script: { [A]: [says(1_000, "a")] } });
    const keyless = {
      ...scripted({ name: "keyless", script: { [B]: [answer("b")] } }),
      open: async () => {
        throw new OptionsError("no key");
      },
    };
    const chain = new FallbackChain({
      targets: [
        { model: A, provider: good },
        { model: B, provider: keyless },
      ],
      strategy: hedged({ afterMs: 100 }),
      logger: false,
    });
    expect((await run(chain)).text).toBe("a");
  });
});

it("a 429 in mid-wait of a breaker that this failure opens is not waited for", async () => {
  const { chain } = bench(
    { [A]: [http(503)], [B]: [answer("b")] },
    { breaker: { consecutive: 2 }, random: () => 0.9 },
  );
  await run(chain);
  const { record } = await run(chain);
  expect(record.attempts[0]).not.toHaveProperty("waitMs");
});

it("a retry that the budget does not allow is told", async () => {
  const { chain } = bench({ [A]: [http(503)], [B]: [answer("b")] }, { budget: { ratio: 0, reserve: 0 } });
  expect((await run(chain)).record.skipped).toEqual([
    { target: A, model: A, reason: "budget", detail: { retryOf: "overloaded" } },
  ]);
});

it("a context failure without numbers excludes the smaller windows, and stops when only those are left", async () => {
  const tooLong: Script = [
    {
      kind: "http",
      status: 400,
      headers: {},
      body: '{"error":{"code":"context_length_exceeded","message":"context_length_exceeded"}}',
    },
  ];
  const options: Partial<FallbackChainOptions> = {
    targets: [
      { model: A, contextWindow: 100_000 },
      { model: B, contextWindow: 50_000 },
    ],
  };
  const { chain } = bench({ [A]: [tooLong], [B]: [answer("b")] }, options);
  expect((await run(chain)).error).toMatchObject({ code: "stopped" });
});

it("a wrong request says nothing of when to try again", async () => {
  const { chain } = bench({ [A]: [http(503, { "retry-after": "60" }), answer("a")], [B]: [http(400)] });
  const { error } = await run(chain);
  expect(error).toMatchObject({ code: "stopped" });
  expect(error!.retryAfterMs).toBeUndefined();
});

it("health remembers an open breaker longer than what it knows nothing of", () => {
  const health = new Health();
  const [first, ...others] = targetsOf("open/one", ...Array.from({ length: 1_500 }, (_, i) => `x/${i}`));
  health.target(first!).cool({ class: "rate_limit", scope: "model", message: "" }, 1e9, () => 0, 0);
  for (const target of others) health.target(target);
  expect(health.target(first!).belief(1)).toMatchObject({ reason: "cooling_down" });
});

it("explain counts the last resort, and leaves everything as it is", async () => {
  const { chain, provider } = bench(
    { [A]: [...Array(5).fill(http(500)), answer("a")], [B]: [http(500)] },
    once,
  );
  for (let i = 0; i < 5; i++) await run(chain);
  const before = JSON.stringify(chain.health());
  const plan = chain.explain(ask);
  expect(plan.targets.map(({ target, attempts, lastResort }) => [target, attempts, lastResort])).toEqual([
    [A, 1, true],
    [B, 0, undefined],
  ]);
  expect(plan.worstCase.attempts).toBe(1);
  expect(JSON.stringify(chain.health())).toBe(before);
  expect(provider.requests).toHaveLength(10);
});

it("a cool-down that ends between two looks at the clock is over, and no bug", async () => {
  for (let left = 1; left <= 60; left++) {
    let ahead = 0;
    let step = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => {
        ahead += step;
        return systemClock.now() + ahead;
      },
    };
    const { chain } = bench(
      { [A]: [http(429, { "retry-after": "6" }), answer("a")], [B]: [answer("b")] },
      { clock },
    );
    await run(chain);
    ahead = 6_000 - left;
    // From here on every look costs a millisecond.
    step = 1;
    expect((await run(chain)).error, `${left} ms before its end`).toBeUndefined();
  }
});

it("a call that nobody may be asked for says what to do", async () => {
  const small = bench({ [A]: [answer("a")] }, { targets: [{ model: A, contextWindow: 3 }] });
  expect((await run(small.chain)).error!.message).toMatch(
    /after 0 attempts: no target was admitted \(a\/one: context_too_small\)\. Shorten the prompt/,
  );
  const dear = bench(
    { [A]: [answer("a")] },
    { targets: [{ model: A, price: { input: 1e6, output: 1e6 } }], maxCostUsd: 0.01 },
  );
  expect((await run(dear.chain)).error!.message).toContain("Raise maxCostUsd");
});

describe("a stop", () => {
  const filtered: Script = [500, { type: "refusal", text: "no" }, { type: "finish", reason: "stop" }];

  it("starts no other lane, not even for one under way that wins and then dies", async () => {
    const dying: Script = { headersMs: 0, steps: [800, "half ", 200, { kind: "eof", afterContent: true }] };
    const { chain, provider } = bench(
      { [A]: [filtered], [B]: [dying], "c/three": [answer("c")] },
      { strategy: race({ max: 2 }) },
    );
    const { error } = await run(chain);
    expect(error).toMatchObject({ code: "stopped" });
    expect(provider.requests.map(({ model }) => model)).toEqual([A, B]);
  });

  it("ends a lane that still waits for room", async () => {
    const { chain, provider } = bench(
      { [B]: [says(3_000, "b")], [A]: [filtered] },
      {
        targets: [{ model: B, maxConcurrent: { limit: 1, waitMs: 5_000 } }, { model: A }],
        strategy: hedged({ afterMs: 100 }),
      },
    );
    const [first, second] = await Promise.all([run(chain), run(chain)]);
    expect(first.text).toBe("b");
    expect(second.error).toMatchObject({ code: "stopped", attempts: [{ model: A }] });
    expect(provider.requests.filter(({ model }) => model === B)).toHaveLength(1);
  });
});
