import { describe, expect, it } from "vitest";
import { FallbackChain, type FallbackChainOptions, OptionsError } from "../../src/chain.js";
import { parseOptions } from "../../src/options.js";
import { scripted } from "../../src/providers/scripted.js";

const provider = scripted({ script: { a: [["x"]] } });
const parse = (options: object) =>
  parseOptions({ targets: ["a/b"], provider, ...options } as FallbackChainOptions);

describe("options", () => {
  it("come with the documented defaults", () => {
    const { targets, ...config } = parse({ targets: ["a/b", "c/d"] });
    expect(config).toMatchObject({
      totalMs: 600_000,
      consumerMs: 60_000,
      maxRetryAfterMs: 5_000,
      recovery: "restart",
    });
    expect(config.strategy.name).toBe("sequential");
    expect(targets[0]!.timeouts).toEqual({
      connectMs: 15_000,
      firstTokenMs: 30_000,
      idleMs: 20_000,
      attemptMs: false,
    });
    expect(targets[0]!.lastFirstTokenMs).toBe(120_000);
  });

  it("merge chain < provider defaults < what the user set, target over chain", () => {
    const slow = { ...provider, timeouts: { connectMs: 120_000, firstTokenMs: 120_000 } };
    const { targets } = parse({
      provider: slow,
      timeouts: { idleMs: 7, firstTokenMs: 8 },
      targets: ["a/b", { model: "c/d", timeouts: { firstTokenMs: 9 } }],
    });
    expect(targets.map(({ timeouts }) => timeouts)).toEqual([
      { connectMs: 120_000, firstTokenMs: 8, idleMs: 7, attemptMs: false },
      { connectMs: 120_000, firstTokenMs: 9, idleMs: 7, attemptMs: false },
    ]);
    expect(targets.map(({ lastFirstTokenMs }) => lastFirstTokenMs)).toEqual([8, 9]);
  });

  it("merge retry rules key by key, and remember what was set", () => {
    const { targets } = parse({
      retry: { rate_limit: { maxDelayMs: 1 } },
      targets: [{ model: "a/b", retry: { rate_limit: { retries: 7 }, timeout: { then: "stop" } } }],
    });
    const { rate_limit: rateLimit, timeout } = targets[0]!.retry;
    expect(rateLimit).toMatchObject({
      retries: 7,
      lastRetries: 7,
      explicit: true,
      maxDelayMs: 1,
      minDelayMs: 500,
    });
    expect(timeout).toMatchObject({ retries: 0, then: "stop", explicit: false });
  });

  it("take undefined for not set, also within a rule", () => {
    const options = {
      retry: { server_error: { retries: undefined, minDelayMs: 7 } },
      timeouts: { idleMs: undefined },
    };
    const { targets } = parse(options);
    expect(targets[0]!.retry.server_error).toMatchObject({ retries: 1, lastRetries: 2, minDelayMs: 7 });
    expect(targets[0]!.timeouts.idleMs).toBe(20_000);
  });

  it("let a Retry-After be waited for however long it is", () => {
    expect(parse({ maxRetryAfterMs: false }).maxRetryAfterMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("tell the same model asked twice apart", () => {
    expect(parse({ targets: ["a/b", "a/b", "a/b"] }).targets.map(({ id }) => id)).toEqual([
      "a/b",
      "a/b#2",
      "a/b#3",
    ]);
  });

  it.each([
    [
      { timeouts: { idleMs: -5 } },
      "timeouts.idleMs must be > 0 (milliseconds), or false to turn it off, got -5",
    ],
    [
      { timeouts: { idleMs: Number.NaN } },
      "timeouts.idleMs must be > 0 (milliseconds), or false to turn it off, got NaN",
    ],
    [
      { timeouts: { totalMs: Number.POSITIVE_INFINITY } },
      "timeouts.totalMs must be > 0 (milliseconds), or false to turn it off, got Infinity",
    ],
    [{ timeouts: { idelMs: 5 } }, "timeouts.idelMs is not an option here, got 5"],
    [{ timeouts: 5 }, "timeouts must be an object, got 5"],
    [{ targets: [] }, "targets must name at least one model, got a list"],
    [{ targets: "a/b" }, 'targets must be a list, got "a/b"'],
    [{ targets: ["a/b", ""] }, 'targets[1] must be a non-empty string, got ""'],
    [
      { targets: ["a/b", { model: "c/d", timeouts: { idleMs: 0 } }] },
      "targets[1].timeouts.idleMs must be > 0 (milliseconds), or false to turn it off, got 0",
    ],
    [{ targets: [{ model: "c/d", provider: { order: ["x"] } }] }, "targets[0].provider must be a provider"],
    [
      { targets: [{ model: "c/d", contextWindow: 1.5 }] },
      "targets[0].contextWindow must be a whole number > 0 (tokens), got 1.5",
    ],
    [{ retry: { rate_limits: {} } }, "retry.rate_limits is not an option here, got an object"],
    [{ retry: { timeout: { retries: -1 } } }, "retry.timeout.retries must be a whole number >= 0, got -1"],
    [
      { retry: { timeout: { jitter: "some" } } },
      'retry.timeout.jitter must be "full", "equal" or false, got "some"',
    ],
    [{ recovery: "maybe" }, 'recovery must be "restart", "continue" or "fail", got "maybe"'],
    [{ audit: [{}] }, "audit[0] must be an audit sink (an object with write(record)), got an object"],
    [{ logger: true }, "logger must be a pino logger or false, got true"],
    [{ labels: { service: 1 } }, "labels.service must be a string, got 1"],
    [{ fallbackModels: ["c/d"] }, "fallbackModels is not an option here, got a list"],
    [{ strategy: "race" }, 'strategy must be a strategy, such as sequential(), got "race"'],
  ])("name what is wrong: %#", (options, message) => {
    expect(() => parse(options)).toThrow(OptionsError);
    expect(() => parse(options)).toThrow(message);
  });

  it("name targets as their user knows them", () => {
    const targetPath = (i: number) => (i === 0 ? "model" : `fallbackModels[${i - 1}]`);
    const options = {
      targets: ["a/b", { model: "c/d", timeouts: { idleMs: -5 } }],
      provider,
    } as FallbackChainOptions;
    expect(() => new FallbackChain(options, { targetPath })).toThrow(
      "fallbackModels[0].timeouts.idleMs must be > 0 (milliseconds), or false to turn it off, got -5",
    );
  });

  it("ask for a provider where there is none", () => {
    expect(() => parse({ provider: undefined })).toThrow("targets[0] has no provider");
  });

  it("are refused as requests when there is nothing to send", () => {
    const chain = new FallbackChain({ targets: ["a/b"], provider, logger: false });
    expect(() => chain.stream({} as never)).toThrow("request.messages must be a non-empty list");
    const circular: Record<string, unknown> = { messages: [{ role: "user", content: "x" }] };
    circular.self = circular;
    expect(() => chain.stream(circular as never)).toThrow("request must be plain JSON");
  });

  it.each([
    ["supports", { name: "own", account: "none", open: () => {} }],
    ["name", { account: "none", supports: provider.supports, open: () => {} }],
  ])("refuse a provider without %s, before a call fails by it", (key, own) => {
    const targets = [{ model: "a/b", provider: own }] as never;
    expect(() => new FallbackChain({ targets })).toThrow(OptionsError);
    expect(() => new FallbackChain({ targets })).toThrow(`targets[0].provider must have ${key}`);
  });
});
