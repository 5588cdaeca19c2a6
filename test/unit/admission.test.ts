import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createHealth,
  FallbackChain,
  type FallbackChainOptions,
  hedged,
  race,
  type Script,
  scripted,
} from "../../src/chain.js";
import { systemClock } from "../../src/clock.js";
import { answer } from "../../src/providers/scripted.js";
import type { Clock } from "../../src/types.js";
import { ask, bench, drain, story } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const http = (status: number, headers: Record<string, string> = {}, message = "no"): Script => [
  { kind: "http", status, headers, body: JSON.stringify({ error: { message, code: status } }) },
];
const silent: Script = { headersMs: 0, steps: [Number.POSITIVE_INFINITY] };
const A = "a/one";
const B = "b/two";
const C = "c/three";

/** Runs a call to its end, whatever it waits for. */
async function run(
  chain: FallbackChain,
  options: Parameters<FallbackChain["stream"]>[1] = {},
  request = ask,
) {
  const done = drain(chain.stream(request, options));
  let outcome: Awaited<typeof done> | undefined;
  void done.then((it) => {
    outcome = it;
  });
  for (let i = 0; i < 4_000 && !outcome; i++) await vi.advanceTimersByTimeAsync(i < 200 ? 5 : 500);
  return done;
}

const skips = (record: { skipped: { target: string; reason: string }[] }) =>
  record.skipped.map(({ target, reason }) => `${target} ${reason}`);

describe("a breaker", () => {
  const dead = { [A]: [http(500)], [B]: [answer("b")] };
  const quick = { retry: { server_error: { retries: 0 } } };

  it("opens after five failures in a row, sends one probe when its time is over, and closes on its success", async () => {
    const { chain, provider } = bench(
      { [A]: [...Array(6).fill(http(500)), answer("a")], [B]: [answer("b")] },
      quick,
    );
    for (let i = 0; i < 5; i++) expect((await run(chain)).record.attempts).toHaveLength(2);
    const sixth = await run(chain);
    expect(story(sixth.record)).toEqual(["b/two first won"]);
    expect(sixth.record.skipped).toMatchObject([
      { target: A, reason: "breaker_open", detail: { forMs: expect.any(Number) } },
    ]);
    await vi.advanceTimersByTimeAsync(5_000);
    // The probe fails: ten seconds now.
    expect(story((await run(chain)).record)).toEqual([
      "a/one first failed server_error next",
      "b/two failover won",
    ]);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(story((await run(chain)).record)).toEqual(["b/two first won"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await run(chain)).text).toBe("a");
    expect(story((await run(chain)).record)).toEqual(["a/one first won"]);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(8);
  });

  it("lets one probe through at a time, and does not retry it", async () => {
    const slow: Script = { headersMs: 0, steps: [2_000, { kind: "eof", afterContent: false }] };
    const { chain, provider } = bench(
      { [A]: [...Array(5).fill(http(500)), slow], [B]: [answer("b")] },
      { retry: { server_error: { retries: 0 }, empty_response: { retries: 3 } } },
    );
    for (let i = 0; i < 5; i++) await run(chain);
    await vi.advanceTimersByTimeAsync(5_000);
    const probing = run(chain);
    const others = await Promise.all([run(chain), run(chain), run(chain)]);
    for (const { record } of others) expect(story(record)).toEqual(["b/two first won"]);
    expect(story((await probing).record)).toEqual([
      "a/one first failed empty_response next",
      "b/two failover won",
    ]);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(6);
  });

  it("does not retry what it has been opened by meanwhile", async () => {
    const { chain, provider } = bench(
      { [A]: [http(500)], [B]: [answer("b")] },
      { breaker: { consecutive: 2 } },
    );
    await Promise.all([run(chain), run(chain)]);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(2);
  });

  it.each<[string, Script, Partial<FallbackChainOptions>]>([
    ["rate limits", http(429, { "retry-after": "0" }), { retry: { rate_limit: { retries: 0 } } }],
    ["bad requests", http(400), { retry: { invalid_request: { then: "next" } } }],
    [
      "filtered content",
      [
        { type: "refusal", text: "no" },
        { type: "finish", reason: "stop" },
      ],
      { retry: { content_filter: { then: "next" } } },
    ],
    ["a model that is not there", http(404), {}],
  ])("does not hold %s against a target", async (_, script, options) => {
    const { chain, provider } = bench({ [A]: [script], [B]: [answer("b")] }, options);
    for (let i = 0; i < 12; i++) await run(chain);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(12);
    expect(chain.health()[A]).toMatchObject({ breaker: { state: "closed" } });
  });

  it("does not hold a caller's abort, or the loss of a race, against a target", async () => {
    const { chain } = bench(
      { [A]: [silent], [B]: [["b", { type: "finish", reason: "stop" }]] },
      { strategy: race() },
    );
    for (let i = 0; i < 8; i++) await run(chain);
    for (let i = 0; i < 8; i++) await run(chain, { signal: AbortSignal.timeout(0) });
    expect(chain.health()[A]).toMatchObject({ breaker: { state: "closed" } });
  });

  it("finds a target out that is silent until the call's own deadline", async () => {
    const { chain, provider } = bench(
      { [A]: [silent], [B]: [answer("b")] },
      { timeouts: { totalMs: 8_000 }, breaker: { consecutive: 3, maxOpenMs: 600_000, openMs: 600_000 } },
    );
    for (let i = 0; i < 3; i++) expect((await run(chain)).error?.code).toBe("deadline");
    expect((await run(chain)).text).toBe("b");
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(3);
  });

  it.each([
    { blockedMs: 0, state: "open" },
    { blockedMs: 5_000, state: "closed" },
  ])(
    "does not hold the $blockedMs ms that our own event loop was blocked against a target",
    async ({ blockedMs, state }) => {
      let lost = 0;
      const clock: Clock = { ...systemClock, now: () => performance.now() + lost };
      const { chain } = bench(
        { [A]: [silent], [B]: [answer("b")] },
        { clock, breaker: { consecutive: 1, slowMs: 700 }, timeouts: { firstTokenMs: 1_000 } },
      );
      setTimeout(() => {
        lost += blockedMs;
      }, 300);
      const { record } = await run(chain);
      expect(story(record)).toEqual(["a/one first failed timeout next", "b/two failover won"]);
      expect(chain.health()[A]).toMatchObject({ breaker: { state } });
    },
  );

  it("may count slow first content", async () => {
    const slow: Script = [3_000, ...answer("a")];
    const { chain } = bench({ [A]: [slow], [B]: [answer("b")] }, { breaker: { slowMs: 2_000 } });
    for (let i = 0; i < 5; i++) expect((await run(chain)).text).toBe("a");
    expect((await run(chain)).text).toBe("b");
  });

  it("when all are open, asks the one due first, once, for one call at a time", async () => {
    const { chain, provider } = bench(
      {
        [A]: [http(500)],
        [B]: [...Array(5).fill(http(500)), { headersMs: 0, steps: [300, ...answer("b")] }],
      },
      quick,
    );
    for (let i = 0; i < 5; i++) await run(chain);
    const before = provider.requests.length;
    const [first, second, third] = await Promise.all([run(chain), run(chain), run(chain)]);
    expect(story(first.record)).toEqual(["a/one first failed server_error next"]);
    expect(skips(first.record)).toEqual(["a/one breaker_open", "b/two breaker_open"]);
    // The second has waited for its turn, and finds the one that has come back; the third learns from it.
    expect(story(second.record)).toEqual(["b/two first won"]);
    expect(story(third.record)).toEqual(["b/two first won"]);
    expect(third.record.attempts[0]!.startedAt > second.record.attempts[0]!.startedAt).toBe(true);
    expect(provider.requests.length - before).toBe(3);
  });

  it("when all are open, and nobody comes back in a second, refuses whoever waits for a turn", async () => {
    const slow: Script = { headersMs: 0, steps: [3_000, { kind: "eof", afterContent: false }] };
    const { chain, provider } = bench({ [A]: [...Array(5).fill(http(500)), slow] }, quick);
    for (let i = 0; i < 5; i++) await run(chain);
    const [first, second] = await Promise.all([run(chain), run(chain)]);
    expect(story(first.record)).toEqual(["a/one first failed empty_response next"]);
    expect(story(second.record)).toEqual([]);
    expect(second.error).toMatchObject({ code: "exhausted", status: 503, retryAfterMs: expect.any(Number) });
    expect(second.record.durationMs).toBeCloseTo(1_000, -1);
    expect(provider.requests).toHaveLength(6);
  });

  it("lets others in as soon as a probe shows content, and shuts them out when its stream dies", async () => {
    const dying: Script = { headersMs: 0, steps: ["half ", 2_000, { kind: "eof", afterContent: true }] };
    const { chain, provider } = bench(
      { [A]: [...Array(5).fill(http(500)), dying, answer("a"), answer("a"), http(500)], [B]: [answer("b")] },
      quick,
    );
    for (let i = 0; i < 5; i++) await run(chain);
    await vi.advanceTimersByTimeAsync(5_000);
    const probing = run(chain);
    await vi.advanceTimersByTimeAsync(100);
    expect(chain.health()[A]).toMatchObject({ breaker: { state: "closed" } });
    expect((await probing).text).toBe("b");
    expect(chain.health()[A]).toMatchObject({
      breaker: { state: "open" },
      blocked: { forMs: expect.any(Number) },
    });
    // Twice the time: it has not been well in between.
    expect(chain.health()[A]!.blocked!.forMs).toBeGreaterThan(7_000);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(6);
  });

  it("when all are open, fails fast if that is wanted, and asks nobody", async () => {
    const { chain, provider } = bench(
      { [A]: [http(500)] },
      { ...quick, breaker: { whenAllOpen: "fail-fast" } },
    );
    for (let i = 0; i < 5; i++) await run(chain);
    const { error, record } = await run(chain);
    expect(error).toMatchObject({ code: "exhausted", status: 503, attempts: [] });
    expect(record.skipped).toMatchObject([{ reason: "breaker_open" }]);
    expect(provider.requests).toHaveLength(5);
  });

  it("closes on a last resort that succeeds before its time", async () => {
    const { chain } = bench({ [A]: [...Array(5).fill(http(500)), answer("a")] }, quick);
    for (let i = 0; i < 5; i++) await run(chain);
    expect((await run(chain)).text).toBe("a");
    expect(chain.health()[A]).toMatchObject({ breaker: { state: "closed" } });
  });

  it("is shared by chains that share their health, and by no others", async () => {
    const health = createHealth();
    const provider = scripted({ script: dead });
    const options = { targets: [A, B], provider, health, logger: false as const, ...quick };
    for (let i = 0; i < 5; i++) await run(new FallbackChain(options));
    expect(story((await run(new FallbackChain(options))).record)).toEqual(["b/two first won"]);
    const { health: _, ...own } = options;
    expect((await run(new FallbackChain(own))).record.attempts).toHaveLength(2);
    // Another key is another account, and another breaker.
    const other = scripted({ script: dead, account: "another key" });
    expect((await run(new FallbackChain({ ...options, provider: other }))).record.attempts).toHaveLength(2);
  });

  it("can be turned off", async () => {
    const { chain, provider } = bench({ [A]: [http(500)], [B]: [answer("b")] }, { ...quick, breaker: false });
    for (let i = 0; i < 30; i++) await run(chain);
    expect(provider.requests).toHaveLength(60);
  });
});

describe("a cool-down", () => {
  it("keeps a rate-limited target from being asked until its Retry-After is over", async () => {
    const { chain, provider } = bench({
      [A]: [http(429, { "retry-after": "30" }), answer("a")],
      [B]: [answer("b")],
    });
    expect(story((await run(chain)).record)).toEqual([
      "a/one first failed rate_limit next",
      "b/two failover won",
    ]);
    const { record } = await run(chain);
    expect(story(record)).toEqual(["b/two first won"]);
    expect(record.skipped).toMatchObject([
      { target: A, reason: "cooling_down", detail: { class: "rate_limit" } },
    ]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await run(chain)).text).toBe("a");
    expect(provider.requests).toHaveLength(4);
  });

  it("that was stated holds for a last target too, and the error says for how long", async () => {
    const { chain, provider } = bench({ [A]: [http(429, { "retry-after": "30" })] });
    expect((await run(chain)).error).toMatchObject({ code: "exhausted", status: 429 });
    await vi.advanceTimersByTimeAsync(10_000);
    const { error } = await run(chain);
    expect(error).toMatchObject({ code: "exhausted", status: 503, attempts: [] });
    expect(error!.retryAfterMs).toBeGreaterThan(19_000);
    expect(error!.retryAfterMs).toBeLessThanOrEqual(20_000);
    expect(provider.requests).toHaveLength(1);
  });

  it("that nobody stated is short, grows, and does not keep a last resort from being asked", async () => {
    const { chain, provider } = bench({ [A]: [http(429)], [B]: [http(404)] });
    // Beside another target it is passed over at once…
    expect(story((await run(chain)).record)).toEqual([
      "a/one first failed rate_limit next",
      "b/two failover failed not_found next",
    ]);
    // …and asked again when that does not help.
    const { record } = await run(chain);
    expect(story(record)).toEqual([
      "b/two first failed not_found next",
      "a/one failover failed rate_limit next",
    ]);
    expect(skips(record)).toEqual(["a/one cooling_down"]);
    expect(provider.requests).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await run(chain)).record.attempts[0]).toMatchObject({ target: A });
  });

  it("comes from a Retry-After of a server error, too", async () => {
    const { chain } = bench({ [A]: [http(503, { "retry-after": "60" })], [B]: [answer("b")] });
    await run(chain);
    expect(skips((await run(chain)).record)).toEqual(["a/one cooling_down"]);
  });
});

describe("a key that is refused", () => {
  const chainOf = (first: Script, options: Partial<FallbackChainOptions> = {}) => {
    const one = scripted({
      name: "one",
      script: { [A]: [first], "a/x:free": [answer("free")], [B]: [answer("same key")] },
    });
    const two = scripted({ name: "two", script: { [A]: [answer("other key")] } });
    const chain = new FallbackChain({
      targets: [
        { model: A, provider: one },
        { model: B, provider: one },
        { model: A, provider: two, id: "other" },
      ],
      logger: false,
      random: () => 0.5,
      ...options,
    });
    return { chain, one, two };
  };

  it.each([401, 402])(
    "with %i is not asked again by any call for half a minute; another key is",
    async (status) => {
      const { chain, one } = chainOf(http(status));
      expect((await run(chain)).text).toBe("other key");
      const { record, text } = await run(chain);
      expect(text).toBe("other key");
      expect(skips(record)).toEqual([`${A} account_blocked`, `${B} account_blocked`]);
      expect(one.requests).toHaveLength(1);
      // The same model with the other key is well: no breaker stands open for it.
      expect(chain.health().other).toMatchObject({ breaker: { state: "closed" } });
      await vi.advanceTimersByTimeAsync(30_000);
      await run(chain);
      expect(one.requests).toHaveLength(2);
    },
  );

  it("and is the only one, is asked by one call at a time", async () => {
    const { chain, provider } = bench({ [A]: [http(401)], [B]: [answer("b")] });
    await run(chain);
    const [first, second] = await Promise.all([run(chain), run(chain)]);
    expect(story(first.record)).toEqual(["a/one first failed auth stop"]);
    expect(story(second.record)).toEqual(["b/two first won"]);
    expect(second.record.attempts[0]!.startedAt >= first.record.attempts[0]!.startedAt).toBe(true);
    expect(provider.requests).toHaveLength(3);
  });

  it("blocks only the free models when only the free tier is spent", async () => {
    const daily = JSON.stringify({
      error: {
        message: "Rate limit exceeded: free-models-per-day",
        code: 429,
        metadata: { headers: { "X-RateLimit-Reset": String(Date.now() + 3_600_000) } },
      },
    });
    const spent: Script = [{ kind: "http", status: 429, headers: {}, body: daily }];
    const { chain, provider } = bench({
      "a/x:free": [spent],
      "b/y:free": [answer("free")],
      [C]: [answer("paid")],
    });
    expect((await run(chain)).text).toBe("paid");
    const { record } = await run(chain);
    expect(story(record)).toEqual(["c/three first won"]);
    expect(skips(record)).toEqual(["a/x:free cooling_down", "b/y:free cooling_down"]);
    expect(provider.requests).toHaveLength(3);
  });
});

describe("the retry budget", () => {
  it("lets a target be retried ten times, then once in ten calls", async () => {
    const { chain, provider } = bench({ [A]: [http(503)], [B]: [answer("b")] }, { breaker: false });
    for (let i = 0; i < 30; i++) expect((await run(chain)).text).toBe("b");
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(30 + 10 + 2);
  });

  it("wins over explicit retries, and can be turned off", async () => {
    const options = { breaker: false as const, retry: { overloaded: { retries: 5, minDelayMs: 1 } } };
    const bounded = bench({ [A]: [http(503)] }, { ...options, budget: { reserve: 3, ratio: 0 } });
    await run(bounded.chain);
    expect(bounded.provider.requests).toHaveLength(4);
    const free = bench({ [A]: [http(503)] }, { ...options, budget: false });
    await run(free.chain);
    expect(free.provider.requests).toHaveLength(6);
  });
});

describe("maxConcurrent", () => {
  const slow = (ms: number, text: string): Script => ({ headersMs: 0, steps: [ms, ...answer(text)] });

  it("sends what finds no room within a second to the next target", async () => {
    const { chain, provider } = bench({ [A]: [slow(3_000, "a")], [B]: [answer("b")] }, { maxConcurrent: 1 });
    const [first, second] = await Promise.all([run(chain), run(chain)]);
    expect(first.text).toBe("a");
    expect(second.text).toBe("b");
    expect(second.record.skipped).toEqual([
      { target: A, model: A, reason: "busy", detail: { limit: 1, waitedMs: 1_000 } },
    ]);
    expect(story(second.record)).toEqual(["b/two first won"]);
    expect(provider.requests).toHaveLength(2);
  });

  it("lets the next in line go as soon as there is room", async () => {
    const { chain } = bench({ [A]: [slow(400, "a")] }, { maxConcurrent: 1 });
    const outcomes = await Promise.all([run(chain), run(chain), run(chain)]);
    expect(outcomes.map(({ text }) => text)).toEqual(["a", "a", "a"]);
  });

  it("gives room back however an attempt ends, and whoever was cancelled while waiting takes none", async () => {
    const { chain } = bench({ [A]: [slow(500, "a")] }, { maxConcurrent: 1 });
    const caller = new AbortController();
    const first = run(chain);
    const gone = run(chain, { signal: caller.signal });
    await vi.advanceTimersByTimeAsync(10);
    caller.abort();
    expect((await gone).error?.code).toBe("aborted");
    expect((await first).text).toBe("a");
    const aborting = new AbortController();
    const aborted = run(chain, { signal: aborting.signal });
    await vi.advanceTimersByTimeAsync(10);
    aborting.abort();
    await aborted;
    expect((await run(chain)).text).toBe("a");
    expect(chain.health()[A]).toMatchObject({ inFlight: 0 });
  });

  it("asks a busy first target after all when the others fail", async () => {
    const { chain } = bench({ [A]: [slow(1_200, "a")], [B]: [http(404)] }, { maxConcurrent: 1 });
    const [, second] = await Promise.all([run(chain), run(chain)]);
    expect(second.text).toBe("a");
    expect(story(second.record)).toEqual(["b/two first failed not_found next", "a/one failover won"]);
  });

  it("does not let a call in after its wait when the breaker has opened meanwhile", async () => {
    const { chain, provider } = bench(
      { [A]: [{ headersMs: 0, steps: [300, { kind: "eof", afterContent: false }] }], [B]: [answer("b")] },
      { maxConcurrent: 1, breaker: { consecutive: 1 } },
    );
    const [, second] = await Promise.all([run(chain), run(chain)]);
    expect(skips(second.record)).toEqual(["a/one breaker_open"]);
    expect(provider.requests.filter(({ model }) => model === A)).toHaveLength(1);
  });

  it("does not go round in circles when nobody has room", async () => {
    const { chain } = bench({ [A]: [slow(20_000, "a")], [B]: [slow(20_000, "b")] }, { maxConcurrent: 1 });
    const outcomes = await Promise.all([run(chain), run(chain), run(chain)]);
    expect(outcomes.map(({ text }) => text)).toEqual(["a", "b", ""]);
    expect(outcomes[2]!.error).toMatchObject({ code: "exhausted", status: 503 });
    expect(outcomes[2]!.record.durationMs).toBeLessThanOrEqual(4_100);
  });
});

describe("hedging", () => {
  const says = (ms: number, text: string): Script => ({ headersMs: 0, steps: [ms, ...answer(text)] });

  it("starts the next target when the first has shown nothing for afterMs; first content wins, the loser is closed", async () => {
    const { chain, provider } = bench(
      { [A]: [silent], [B]: [says(100, "b")] },
      { strategy: hedged({ afterMs: 500 }) },
    );
    const { record, text } = await run(chain);
    expect(text).toBe("b");
    expect(story(record)).toEqual(["a/one first cancelled", "b/two hedge won"]);
    expect(record.attempts[0]!.durationMs).toBeCloseTo(600, -1);
    expect(provider.closed).toBe(2);
  });

  it("starts the next at once when the first fails, and not a third beside them", async () => {
    const { chain, provider } = bench(
      { [A]: [http(404)], [B]: [says(2_000, "b")], [C]: [says(5_000, "c")] },
      { strategy: hedged({ afterMs: 500, max: 2 }) },
    );
    const { record } = await run(chain);
    expect(story(record)).toEqual([
      "a/one first failed not_found next",
      "b/two failover won",
      "c/three hedge cancelled",
    ]);
    expect(provider.closed).toBe(3);
  });

  it("stops with the first content, also of an answer that is shown only when whole", async () => {
    const { chain } = bench(
      { [A]: [["a", 3_000, { type: "finish", reason: "stop" }]], [B]: [answer("b")] },
      { strategy: hedged({ afterMs: 500 }) },
    );
    expect(story((await run(chain, { gate: "complete" })).record)).toEqual(["a/one first won"]);
  });

  it("asks nobody else while a lane shows content, and the next when that one dies after all", async () => {
    const { chain } = bench(
      {
        [A]: [["a", 5_000, { kind: "eof", afterContent: true }]],
        [B]: [{ headersMs: 0, steps: [1_000, { kind: "eof", afterContent: false }] }],
        [C]: [answer("c")],
      },
      { strategy: race({ max: 2 }) },
    );
    const { record } = await run(chain, { gate: "complete" });
    expect(story(record)).toEqual([
      "a/one first failed stream_interrupted next",
      "b/two hedge failed empty_response next",
      "c/three failover won",
    ]);
  });

  it("adds at most a twentieth to the calls, after a reserve; what it could not start it records", async () => {
    const { chain, provider } = bench(
      { [A]: [says(1_000, "a")], [B]: [silent] },
      { strategy: hedged({ afterMs: 500 }), budget: { reserve: 2 } },
    );
    const outcomes = [];
    for (let i = 0; i < 60; i++) outcomes.push(await run(chain));
    expect(provider.requests.filter(({ model }) => model === B)).toHaveLength(2 + 3);
    expect(outcomes.at(-2)!.record.skipped).toEqual([
      { target: B, model: B, reason: "budget", detail: { hedgeOf: A } },
    ]);
  });

  it("is off for calls that offer a tool which must not be asked for twice", async () => {
    const tools = [{ type: "function" as const, function: { name: "pay", parameters: { type: "object" } } }];
    const { chain, provider } = bench(
      { [A]: [says(1_000, "a")], [B]: [answer("b")] },
      { strategy: hedged({ afterMs: 100, exceptTools: ["pay"] }) },
    );
    await run(chain, {}, { ...ask, tools } as never);
    expect(provider.requests.map(({ model }) => model)).toEqual([A]);
  });

  it("does not start a target whose breaker is open, or that has no room", async () => {
    const { chain } = bench(
      { [A]: [says(2_000, "a")], [B]: [says(8_000, "b")] },
      { strategy: hedged({ afterMs: 100 }), maxConcurrent: { limit: 1, waitMs: 20_000 } },
    );
    const both = await Promise.all([run(chain), run(chain)]);
    expect(both.map(({ record }) => story(record))).toEqual([
      ["a/one first won", "b/two hedge cancelled"],
      // The second waits for room at the first target; when the other one has room, it is asked too.
      ["a/one first won", "b/two hedge cancelled"],
    ]);
    const [first, second] = both.map(({ record }) => record.attempts[1]!.startedAt);
    expect(Date.parse(second!) - Date.parse(first!)).toBeGreaterThan(1_500);
  });
});

describe("race()", () => {
  it("asks all at once; a refused key ends the lanes on that key, and another key's lane may win", async () => {
    const one = scripted({
      name: "one",
      script: { [A]: [[50, http(401)[0 as never]] as Script], [B]: [silent] },
    });
    const two = scripted({ name: "two", script: { [C]: [[2_000, ...answer("c")]] } });
    const chain = new FallbackChain({
      targets: [
        { model: A, provider: one },
        { model: B, provider: one },
        { model: C, provider: two },
      ],
      strategy: race(),
      logger: false,
    });
    const { text, record } = await run(chain);
    expect(text).toBe("c");
    expect(story(record)).toEqual([
      "a/one first failed auth stop",
      "b/two hedge cancelled",
      "c/three hedge won",
    ]);
    expect(one.closed).toBe(one.opened);
  });

  it("draws on no budget", async () => {
    const { chain, provider } = bench(
      { [A]: [answer("a")], [B]: [silent] },
      { strategy: race(), budget: { reserve: 0 } },
    );
    for (let i = 0; i < 20; i++) await run(chain);
    expect(provider.requests).toHaveLength(40);
  });

  it("lets lanes in flight win after a stop, and starts no other", async () => {
    const filtered: Script = [
      { type: "refusal", text: "no" },
      { type: "finish", reason: "stop" },
    ];
    const { chain } = bench(
      { [A]: [filtered], [B]: [[500, ...answer("b")]], [C]: [answer("c")] },
      { strategy: race({ max: 2 }) },
    );
    const { text, record } = await run(chain);
    expect(text).toBe("b");
    expect(record.attempts).toHaveLength(2);
  });
});

describe("a call's own model", () => {
  it("comes first, whatever the strategy makes of the rest", async () => {
    const { chain } = bench(
      { [A]: [answer("a")], [B]: [answer("b")], "own/model": [answer("own")] },
      {
        targets: [A, B],
        strategy: {
          name: "reverse",
          order: (all) => all.toReversed(),
          hedgeDelay: () => Number.POSITIVE_INFINITY,
        },
      },
    );
    expect((await run(chain)).text).toBe("b");
    expect((await run(chain, { model: "own/model" })).text).toBe("own");
  });
});
