import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FallbackChainError, memoryAudit, sequential } from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, drain, story } from "../support/chain.js";

const http = (status: number, headers: Record<string, string> = {}, message = "no") => ({
  kind: "http" as const,
  status,
  headers,
  body: JSON.stringify({ error: { message, code: status } }),
});
const full = answer("Hello, ", "world.");

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Runs virtual time until the promise settles. */
async function played<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const watched = promise.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  for (let i = 0; i < 10_000 && !settled; i++) await vi.advanceTimersByTimeAsync(100);
  return watched;
}

describe("a healthy primary", () => {
  it("answers alone, in exactly one attempt", async () => {
    const { chain, provider, audit } = bench({ "a/one": [full], "b/two": [full] });
    const { text, parts, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(parts.at(-1)).toEqual({ type: "finish", reason: "stop", model: "a/one" });
    expect(story(record)).toEqual(["a/one first won"]);
    expect(record).toMatchObject({ v: 1, outcome: "ok", streamed: true, strategy: "sequential" });
    expect(record.answeredBy).toEqual({
      target: "a/one",
      model: "a/one",
      requestedModel: "a/one",
      provider: "scripted",
      attempt: 1,
    });
    expect(audit.records).toEqual([record]);
    expect(provider.opened).toBe(provider.closed);
  });

  it("gives complete() the whole answer with its record", async () => {
    const { chain } = bench({ "a/one": [full] });
    const done = await played(chain.complete(ask));
    expect(done).toMatchObject({
      text: "Hello, world.",
      toolCalls: [],
      model: "a/one",
      finishReason: "stop",
    });
    expect(done.record.streamed).toBe(false);
  });
});

describe("failover", () => {
  it("asks the next target at once when a rate limit names no time", async () => {
    const { chain } = bench({ "a/one": [[http(429)]], "b/two": [full] });
    const { text, record } = await drain(chain.stream(ask));
    expect(text).toBe("Hello, world.");
    expect(story(record)).toEqual(["a/one first failed rate_limit next", "b/two failover won"]);
  });

  it("waits a short Retry-After out, to the millisecond and without jitter", async () => {
    const { chain } = bench({ "a/one": [[http(429, { "retry-after": "2" })], full], "b/two": [full] });
    const outcome = drain(chain.stream(ask));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(vi.getTimerCount()).toBeGreaterThan(1);
    const { record } = await played(outcome);
    expect(story(record)).toEqual(["a/one first failed rate_limit retry", "a/one retry won"]);
    expect(record.attempts[0]!.waitMs).toBe(2_000);
  });

  it("goes on at once when Retry-After is longer than maxRetryAfterMs", async () => {
    const { chain } = bench({ "a/one": [[http(429, { "retry-after": "60" })]], "b/two": [full] });
    const { record } = await drain(chain.stream(ask));
    expect(story(record)).toEqual(["a/one first failed rate_limit next", "b/two failover won"]);
  });

  it("fails at once on the last target, with the long Retry-After in the error", async () => {
    const { chain } = bench({ "a/one": [[http(429, { "retry-after": "60" })]] });
    const { error } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "exhausted", status: 429, retryAfterMs: 60_000 });
    expect(error!.message).toContain("Worth trying again in 60 s");
  });

  it("lets the Retry-After waits of one target sum to no more than maxRetryAfterMs", async () => {
    const { chain } = bench({ "a/one": [[http(429, { "retry-after": "3" })]], "b/two": [full] });
    const { record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual([
      "a/one first failed rate_limit retry",
      "a/one retry failed rate_limit next",
      "b/two failover won",
    ]);
  });

  it("retries a server error once beside a fallback, twice as the last target", async () => {
    const { chain } = bench({ "a/one": [[http(500)]], "b/two": [[http(500)]] });
    const { error, record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual([
      "a/one first failed server_error retry",
      "a/one retry failed server_error next",
      "b/two failover failed server_error retry",
      "b/two retry failed server_error retry",
      "b/two retry failed server_error next",
    ]);
    expect(error!.attempts).toHaveLength(5);
    expect(record.attempts.map(({ waitMs }) => waitMs)).toEqual([250, undefined, 250, 500, undefined]);
  });

  it("keeps one retry counter per target across classes", async () => {
    const { chain } = bench({ "a/one": [[http(500)], [http(503)], full], "b/two": [full] });
    const { record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual([
      "a/one first failed server_error retry",
      "a/one retry failed overloaded next",
      "b/two failover won",
    ]);
  });

  it("obeys a user's rule over every default", async () => {
    const { chain } = bench(
      { "a/one": [[http(429)]], "b/two": [full] },
      { retry: { rate_limit: { retries: 1, minDelayMs: 40, jitter: false, then: "stop" } } },
    );
    const { error, record } = await played(drain(chain.stream(ask)));
    expect(story(record)).toEqual([
      "a/one first failed rate_limit retry",
      "a/one retry failed rate_limit stop",
    ]);
    expect(record.attempts[0]!.waitMs).toBe(40);
    expect(error!.code).toBe("stopped");
  });

  it.each([
    ["a bad request", http(400, {}, "temperature must be a number"), "invalid_request"],
    ["a refusal", { kind: "refusal" as const, text: "I cannot." }, "content_filter"],
  ])("stops at %s, which another model would not mend", async (_, signal, failureClass) => {
    const { chain, provider } = bench({ "a/one": [[signal]], "b/two": [full] });
    const { error } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped" });
    expect(error!.attempts[0]!.failure!.class).toBe(failureClass);
    expect(provider.requests).toHaveLength(1);
  });

  it("does not ask targets that share a dead key, and says so", async () => {
    const { chain, provider } = bench({ "a/one": [[http(401, {}, "User not found.")]], "b/two": [full] });
    const { error, record } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped", status: 401 });
    expect(record.skipped).toEqual([
      {
        target: "b/two",
        model: "b/two",
        reason: "account_blocked",
        detail: { class: "auth", after: "a/one" },
      },
    ]);
    expect(provider.requests).toHaveLength(1);
  });

  it("asks only larger windows after context_length", async () => {
    const tooLong = http(
      400,
      {},
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    );
    const { chain } = bench(
      { "a/one": [[tooLong]], "b/small": [full], "c/large": [full] },
      {
        targets: [
          "a/one",
          { model: "b/small", contextWindow: 4_096 },
          { model: "c/large", contextWindow: 128_000 },
        ],
      },
    );
    const { record } = await drain(chain.stream(ask));
    expect(story(record)).toEqual(["a/one first failed context_length next", "c/large failover won"]);
    expect(record.skipped).toEqual([
      {
        target: "b/small",
        model: "b/small",
        reason: "context_too_small",
        detail: { window: 4_096, needed: 9_000 },
      },
    ]);
  });

  it("says with status 503 that no target was admitted", async () => {
    const { chain } = bench({ "a/one": [full] }, { timeouts: { totalMs: 100 } });
    const { error, record } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "deadline", status: 503, attempts: [] });
    expect(record.skipped[0]).toMatchObject({ reason: "deadline" });
  });
});

describe("clocks", () => {
  it.each([
    ["connect", { connectMs: 100 }, [1_000, ...full]],
    ["first_token", { firstTokenMs: 100 }, { headersMs: 10, steps: [1_000, ...full] }],
    ["attempt", { attemptMs: 100 }, { headersMs: 10, steps: ["x", 90, "y", 90, ...full] }],
  ])("ends an attempt by its %s clock", async (phase, timeouts, slow) => {
    const { chain, provider } = bench({ "a/one": [slow], "b/two": [full] }, { timeouts });
    const { text, record } = await played(drain(chain.stream(ask, { gate: "complete" })));
    expect(text).toBe("Hello, world.");
    expect(record.attempts[0]).toMatchObject({ durationMs: 100, failure: { class: "timeout", phase } });
    expect(provider.opened).toBe(provider.closed);
  });

  it("lets neither role-only deltas nor usage nor meta re-arm the first-token clock", async () => {
    const noise = [30, { type: "text" as const, text: "" }, 30, { type: "meta" as const, model: "x" }, 30];
    const { chain } = bench(
      { "a/one": [{ headersMs: 0, steps: [...noise, ...noise, ...noise] }], "b/two": [full] },
      { timeouts: { firstTokenMs: 100 } },
    );
    const { record } = await played(drain(chain.stream(ask)));
    expect(record.attempts[0]).toMatchObject({ durationMs: 100, failure: { phase: "first_token" } });
  });

  it("counts reasoning as content", async () => {
    const thinking = { type: "thoughts" as const, text: "hm" };
    const { chain } = bench(
      { "a/one": [{ headersMs: 0, steps: [90, thinking, 90, thinking, 90, ...full] }] },
      { timeouts: { firstTokenMs: 100, idleMs: 100 } },
    );
    expect((await played(drain(chain.stream(ask)))).text).toBe("Hello, world.");
  });

  it("measures idleness between contents, and not while the consumer is slow", async () => {
    const { chain } = bench(
      { "a/one": [{ headersMs: 0, steps: ["a", "b", 50, "c", { type: "finish", reason: "stop" }] }] },
      { timeouts: { idleMs: 100 } },
    );
    const reader = chain.stream(ask).batches();
    await reader.next();
    await vi.advanceTimersByTimeAsync(5_000);
    await reader.next();
    await vi.advanceTimersByTimeAsync(5_000);
    const rest = played(reader.next());
    expect((await rest).value).toEqual([{ type: "text", text: "c" }]);
    await played(reader.next());
    expect((await reader.next()).done).toBe(true);
  });

  it("gives the last target 120 s for its first token unless set", async () => {
    const slow = { headersMs: 0, steps: [100_000, ...full] };
    const two = bench({ "a/one": [slow], "b/two": [slow] });
    const { record } = await played(drain(two.chain.stream(ask)));
    expect(record.attempts.map(({ durationMs }) => durationMs)).toEqual([30_000, 100_000]);
    const set = bench({ "a/one": [slow] }, { timeouts: { firstTokenMs: 5_000 } });
    expect((await played(drain(set.chain.stream(ask)))).error).toMatchObject({ code: "exhausted" });
  });

  it("takes an answer as complete when only its trailer fails to come", async () => {
    const { chain } = bench({
      "a/one": [["Hi.", { type: "finish", reason: "stop" }, Number.POSITIVE_INFINITY]],
    });
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hi.");
    expect(record.durationMs).toBe(2_000);
  });

  it("ends the call at its deadline, whatever is under way", async () => {
    const { chain } = bench(
      { "a/one": [[Number.POSITIVE_INFINITY]], "b/two": [[Number.POSITIVE_INFINITY]] },
      { timeouts: { totalMs: 20_000 } },
    );
    const { error, record } = await played(drain(chain.stream(ask)));
    expect(error).toMatchObject({ code: "deadline", callId: record.callId });
    expect(record.durationMs).toBe(20_000);
    expect(story(record)).toEqual(["a/one first failed timeout next", "b/two failover cancelled"]);
  });
});

describe("evidence of success", () => {
  const finish = (reason: string) => ({ type: "finish" as const, reason });
  it.each([
    ["no bytes at all", { headersMs: 0, steps: [] }, "empty_response"],
    ["a finish reason without text", { headersMs: 0, steps: [finish("stop")] }, "empty_response"],
    ["white space", { headersMs: 0, steps: [" \n", finish("stop")] }, "empty_response"],
    [
      "reasoning alone",
      { headersMs: 0, steps: [{ type: "thoughts", text: "hm" }, finish("stop")] },
      "empty_response",
    ],
    ["text without a finish reason", ["half"], "stream_interrupted"],
    ["finish_reason error", ["half", finish("error")], "stream_interrupted"],
    [
      "an unknown tool",
      [{ type: "toolCall", index: 0, id: "c", name: "rm", arguments: "{}" }, finish("tool_calls")],
      "invalid_response",
    ],
  ] as const)("takes %s for a failure", async (_, script, failureClass) => {
    const { chain } = bench({ "a/one": [script as never], "b/two": [full] });
    const { text, record } = await played(drain(chain.stream(ask, { gate: "complete" })));
    expect(text).toBe("Hello, world.");
    expect(record.attempts[0]!.failure!.class).toBe(failureClass);
  });

  it("stops at a content filter, with or without text before it", async () => {
    const { chain } = bench({ "a/one": [["half", finish("content_filter")]], "b/two": [full] });
    const { error } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped", partial: "half" });
    expect(error!.attempts[0]!.failure!.class).toBe("content_filter");
  });

  it("hands text cut by the token limit on as such", async () => {
    const { chain } = bench({ "a/one": [["half", finish("length")]] });
    const done = await played(chain.complete(ask));
    expect(done).toMatchObject({ text: "half", finishReason: "length" });
  });

  it("repairs an answer that breaks its JSON schema by asking the next target", async () => {
    const schema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] };
    const request = {
      ...ask,
      response_format: { type: "json_schema" as const, json_schema: { name: "n", schema } },
    };
    const { chain } = bench({
      "a/one": [answer('{"n":"one"}')],
      "b/prose": [answer("one")],
      "c/three": [answer('{"n":1}')],
    });
    const { text, parts, record } = await played(drain(chain.stream(request)));
    expect(text).toBe('{"n":1}');
    expect(parts.some(({ type }) => type === "restart")).toBe(false);
    expect(record.attempts.map(({ failure }) => failure?.class)).toEqual([
      "invalid_response",
      "invalid_response",
      undefined,
    ]);
  });

  it("holds tool calls until they are whole, and fills the gaps in their numbers", async () => {
    const fragment = (index: number, args: string, name?: string) =>
      ({ type: "toolCall", index, arguments: args, ...(name && { id: `id${index}`, name }) }) as const;
    const request = {
      ...ask,
      tools: [{ type: "function" as const, function: { name: "f", parameters: { type: "object" } } }],
    };
    const broken = [fragment(1, '{"a"', "f"), finish("tool_calls")];
    const whole = [fragment(1, '{"a"', "f"), fragment(3, "", "f"), fragment(1, ":1}"), finish("tool_calls")];
    const { chain } = bench({ "a/one": [broken], "b/two": [whole] });
    const { parts } = await played(drain(chain.stream(request)));
    expect(parts.filter(({ type }) => type === "toolCall")).toEqual([
      { type: "toolCall", index: 0, id: "id1", name: "f", arguments: '{"a":1}' },
      { type: "toolCall", index: 1, id: "id3", name: "f", arguments: "{}" },
    ]);
  });
});

describe("a stream that dies in sight", () => {
  const cut = ["Once upon", " a time", { kind: "eof" as const, afterContent: true }];

  it("is restarted by default: the consumer is told to discard what it has", async () => {
    const { chain } = bench({ "a/one": [cut], "b/two": [cut], "c/three": [full] });
    const { parts, text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(parts.filter(({ type }) => type === "restart")).toMatchObject([
      { attempt: 1, failure: { class: "stream_interrupted" } },
      { attempt: 2, failure: { class: "stream_interrupted" } },
    ]);
    expect(record.recovery).toEqual({ mode: "restart", count: 2 });
    expect(story(record)).toEqual([
      "a/one first failed stream_interrupted next",
      "b/two recovery failed stream_interrupted next",
      "c/three recovery won",
    ]);
  });

  it("is asked once more when it is the only target", async () => {
    const { chain } = bench({ "a/one": [cut, full] });
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(story(record)).toEqual(["a/one first failed stream_interrupted retry", "a/one recovery won"]);
  });

  it("ends in an error with the partial text when nobody is left", async () => {
    const { chain } = bench({ "a/one": [cut] });
    const { error } = await played(drain(chain.stream(ask)));
    expect(error).toMatchObject({ code: "exhausted", partial: "Once upon a time" });
  });

  it('ends in "interrupted" under recovery: "fail"', async () => {
    const { chain, provider } = bench({ "a/one": [cut], "b/two": [full] }, { recovery: "fail" });
    const { error, record } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "interrupted", partial: "Once upon a time" });
    expect(story(record)).toEqual(["a/one first failed stream_interrupted stop"]);
    expect(provider.requests).toHaveLength(1);
  });

  it('is continued under recovery: "continue", trimming what the next model repeats', async () => {
    const { chain, provider } = bench(
      { "a/one": [cut], "b/two": [answer("upon a ti", "me there was", " a fox.")] },
      { recovery: "continue" },
    );
    const { text, parts, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Once upon a time there was a fox.");
    expect(parts.some(({ type }) => type === "restart")).toBe(false);
    expect(record.recovery).toEqual({ mode: "continue", count: 1 });
    expect(provider.requests[1]!.request.messages.at(-1)).toEqual({
      role: "assistant",
      content: "Once upon a time",
    });
  });

  it("is restarted where a target refuses to continue, whose 400 nobody sees", async () => {
    const { chain } = bench(
      { "a/one": [cut], "b/two": [[http(400, {}, "prefill is not supported")], full] },
      { recovery: "continue" },
    );
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(record.recovery).toEqual({ mode: "restart", count: 1 });
    expect(story(record)).toEqual([
      "a/one first failed stream_interrupted next",
      "b/two recovery failed invalid_request retry",
      "b/two retry won",
    ]);
  });

  it("is never continued with tools in play", async () => {
    const request = { ...ask, tools: [{ type: "function" as const, function: { name: "f" } }] };
    const { chain, provider } = bench({ "a/one": [cut], "b/two": [full] }, { recovery: "continue" });
    const { text } = await played(drain(chain.stream(request)));
    expect(text).toBe("Hello, world.");
    expect(provider.requests[1]!.request.messages).toHaveLength(1);
  });
});

describe("leaving", () => {
  const silent = { "a/one": [[Number.POSITIVE_INFINITY]], "b/two": [full] };

  it.each([
    ["waiting for headers", silent],
    [
      "waiting for the first token",
      { "a/one": [{ headersMs: 0, steps: [Number.POSITIVE_INFINITY] }], "b/two": [full] },
    ],
    ["waiting before a retry", { "a/one": [[http(429, { "retry-after": "4" })]], "b/two": [full] }],
    [
      "in mid-stream",
      { "a/one": [{ headersMs: 0, steps: ["half", Number.POSITIVE_INFINITY] }], "b/two": [full] },
    ],
  ])("by abort ends the call at once, %s", async (_, script) => {
    const caller = new AbortController();
    const { chain, provider } = bench(script);
    const outcome = drain(chain.stream(ask, { signal: caller.signal }));
    await vi.advanceTimersByTimeAsync(500);
    caller.abort();
    const { error, record } = await outcome;
    expect(error).toMatchObject({ code: "aborted", name: "FallbackChainError" });
    expect(record).toMatchObject({ outcome: "aborted", durationMs: 500 });
    expect(provider.requests).toHaveLength(1);
    expect(provider.opened).toBe(provider.closed);
  });

  it("before it began sends nothing, and is recorded", async () => {
    const { chain, provider, audit } = bench({ "a/one": [full] });
    const { error } = await drain(chain.stream(ask, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "aborted", attempts: [] });
    expect(provider.requests).toHaveLength(0);
    expect(audit.records).toHaveLength(1);
  });

  it("by break closes the upstream", async () => {
    const { chain, provider, audit } = bench({
      "a/one": [{ headersMs: 0, steps: ["half", Number.POSITIVE_INFINITY] }],
    });
    for await (const _ of chain.stream(ask)) break;
    expect(provider.closed).toBe(1);
    expect(audit.records[0]).toMatchObject({ outcome: "aborted" });
  });

  it("by never reading closes the upstream after consumerMs", async () => {
    const { chain, provider } = bench({
      "a/one": [{ headersMs: 0, steps: ["half", Number.POSITIVE_INFINITY] }],
    });
    const stream = chain.stream(ask);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(provider.closed).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(provider.closed).toBe(1);
    expect((await stream.record).error).toEqual({ code: "aborted", class: "aborted" });
  });

  it("by reading no further closes the upstream, and a late reader learns it", async () => {
    const { chain, provider } = bench(
      { "a/one": [{ headersMs: 0, steps: ["a", "b", "c", Number.POSITIVE_INFINITY] }] },
      { timeouts: { consumerMs: 1_000 } },
    );
    const reader = chain.stream(ask).batches();
    await reader.next();
    await vi.advanceTimersByTimeAsync(900);
    await reader.next();
    await vi.advanceTimersByTimeAsync(999);
    expect(provider.closed).toBe(0);
    await vi.advanceTimersByTimeAsync(101);
    expect(provider.closed).toBe(1);
    await expect(reader.next()).rejects.toMatchObject({ code: "aborted" });
  });

  it("leaves no abort listener behind, however the call ends", async () => {
    const caller = new AbortController();
    const added = vi.spyOn(caller.signal, "addEventListener");
    const removed = vi.spyOn(caller.signal, "removeEventListener");
    const { chain } = bench({ "a/one": [full, [http(400)]] });
    await drain(chain.stream(ask, { signal: caller.signal }));
    await drain(chain.stream(ask, { signal: caller.signal }));
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledTimes(2);
  });
});

describe("a strategy", () => {
  it("orders the targets", async () => {
    const { chain } = bench(
      { "a/one": [full], "b/two": [full] },
      { strategy: { ...sequential(), name: "reversed", order: (targets) => [...targets].reverse() } },
    );
    expect((await drain(chain.stream(ask))).record).toMatchObject({
      strategy: "reversed",
      answeredBy: { target: "b/two" },
    });
  });

  it("starts a second lane after its hedge delay; the first to show content wins, the other is cancelled", async () => {
    const { chain, provider } = bench(
      {
        "a/one": [{ headersMs: 0, steps: [5_000, ...full] }],
        "b/two": [{ headersMs: 0, steps: [100, ...full] }],
      },
      {
        strategy: {
          ...sequential(),
          hedgeDelay: ({ started }) => (started < 2 ? 1_000 : Number.POSITIVE_INFINITY),
        },
      },
    );
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(story(record)).toEqual(["a/one first cancelled", "b/two hedge won"]);
    expect(record.durationMs).toBe(1_100);
    expect(provider.opened).toBe(provider.closed);
  });

  it("starts the next lane at once when a hedged one fails, and lets one in flight win after a stop", async () => {
    const { chain } = bench(
      {
        "a/one": [[2_000, http(400)]],
        "b/two": [{ headersMs: 0, steps: [3_000, ...full] }],
        "c/three": [full],
      },
      {
        strategy: {
          ...sequential(),
          hedgeDelay: ({ started }) => (started < 2 ? 1_000 : Number.POSITIVE_INFINITY),
        },
      },
    );
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(story(record)).toEqual(["a/one first failed invalid_request stop", "b/two hedge won"]);
  });
});

describe("sinks and loggers", () => {
  it("never change a call by throwing, rejecting or hanging", async () => {
    const explode = () => {
      throw new Error("boom");
    };
    const hanging = {
      start: () => new Promise<void>(() => {}),
      write: () => Promise.reject(new Error("disk")),
    };
    const { chain, audit } = bench(
      { "a/one": [[http(429)]], "b/two": [full] },
      {
        audit: [{ start: explode, attempt: explode, write: explode }, hanging],
        logger: { debug: explode, info: explode, warn: explode, error: explode } as never,
      },
    );
    const { text, record } = await played(drain(chain.stream(ask)));
    expect(text).toBe("Hello, world.");
    expect(record.durationMs).toBe(250);
    expect(audit.records).toHaveLength(0);
    expect(chain.sinkErrors).toBe(6);
  });

  it("are told the start before the first request leaves", async () => {
    const order: string[] = [];
    const audit = {
      async start() {
        await new Promise((resolve) => setTimeout(resolve, 100));
        order.push("started");
      },
      write: () => void order.push("written"),
    };
    const { chain, provider } = bench({ "a/one": [full] }, { audit });
    const outcome = drain(chain.stream(ask));
    await vi.advanceTimersByTimeAsync(99);
    expect(provider.requests).toHaveLength(0);
    await played(outcome);
    expect(order).toEqual(["started", "written"]);
  });
});

describe("close()", () => {
  it("refuses new calls, lets running ones end, and closes the sinks", async () => {
    const sink = { ...memoryAudit(), flush: vi.fn(async () => {}), close: vi.fn(async () => {}) };
    const { chain } = bench({ "a/one": [{ headersMs: 0, steps: [1_000, ...full] }] }, { audit: sink });
    const outcome = drain(chain.stream(ask));
    const closing = chain.close();
    expect(() => chain.stream(ask)).toThrow("the chain is closed");
    expect((await played(outcome)).text).toBe("Hello, world.");
    await played(closing);
    expect(sink.flush).toHaveBeenCalledOnce();
    expect(sink.close).toHaveBeenCalledOnce();
  });

  it("is one closing, however often it is asked for, and waits for no provider for ever", async () => {
    const { chain, provider } = bench({ "a/one": [full] });
    Object.assign(provider, { close: () => new Promise(() => {}) });
    const closing = chain.close({ timeoutMs: 200 });
    expect(chain.close()).toBe(closing);
    await played(closing);
  });

  it("aborts what is not done in time", async () => {
    const { chain } = bench({ "a/one": [[Number.POSITIVE_INFINITY]] });
    const outcome = drain(chain.stream(ask));
    await played(chain.close({ timeoutMs: 200 }));
    expect((await outcome).error).toMatchObject({ code: "aborted" });
  });
});

describe("the record", () => {
  it("stays as it is, whatever a sink would make of it", async () => {
    const seen: unknown[] = [];
    const vandal = {
      write(record: { attempts: unknown[] }) {
        record.attempts.length = 0;
      },
    };
    const { chain } = bench(
      { "a/one": [full] },
      { audit: [vandal, { write: (record) => void seen.push(record) }] },
    );
    const { record } = await drain(chain.stream(ask));
    expect(record.attempts).toHaveLength(1);
    expect(seen).toEqual([record]);
    expect(chain.sinkErrors).toBe(1);
  });

  it("gives an attempt its time although nobody read its answer to the end", async () => {
    const { chain } = bench({ "a/one": [{ headersMs: 100, steps: full }] });
    const stream = chain.stream(ask, { gate: "complete" });
    await vi.advanceTimersByTimeAsync(100);
    for await (const _ of stream) break;
    const { attempts } = await stream.record;
    expect(attempts[0]).toMatchObject({ outcome: "cancelled", durationMs: 100 });
  });
});

describe("FallbackChainError", () => {
  it("is recognised across copies of the package and is not frozen", async () => {
    const { chain } = bench({ "a/one": [[http(400)]] });
    const { error } = await drain(chain.stream(ask));
    const twin = Object.assign(
      Object.create({ [Symbol.for("@aigne/open-router/FallbackChainError")]: true }),
      {},
    );
    expect(FallbackChainError.is(error)).toBe(true);
    expect(FallbackChainError.is(twin)).toBe(true);
    expect(FallbackChainError.is(new Error("x"))).toBe(false);
    error!.message += " (after 1 retries)";
    expect(error!.message).toMatch(/retries\)$/);
  });
});
