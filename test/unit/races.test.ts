import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type AuditRecord,
  FallbackChain,
  type FallbackChainOptions,
  memoryAudit,
  type Provider,
  type ProviderPart,
  SignalError,
} from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import type { Supports } from "../../src/types.js";
import { ask, bench, drain } from "../support/chain.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const supports: Supports = {
  usageInStream: true,
  tools: true,
  jsonSchema: true,
  prefill: true,
  openRouterKeys: true,
};
const finish: ProviderPart = { type: "finish", reason: "stop" };
const text = (piece: string): ProviderPart => ({ type: "text", text: piece });

type Step = ProviderPart[] | Error;

/** Each model answers its steps at once; `onRead` hears of every read before its result is on its way. */
function immediate(steps: Record<string, Step[]>, onRead: (model: string, n: number) => void) {
  let open = 0;
  const provider: Provider = {
    name: "immediate",
    account: "none",
    supports,
    async open({ model }, { signal, onHeaders }) {
      open++;
      let ended = false;
      const end = () => {
        if (!ended) open--;
        ended = true;
      };
      signal.addEventListener("abort", end);
      onHeaders({ status: 200 });
      let n = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          async next() {
            onRead(model, n);
            const step = steps[model]![n++];
            if (step instanceof Error) throw step;
            if (!step) end();
            return step ? { done: false, value: step } : { done: true, value: undefined };
          },
          async return() {
            end();
            return { done: true, value: undefined };
          },
        }),
      };
    },
  };
  return { provider, open: () => open };
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

describe("an abort", () => {
  const dead = new Error("gone");
  it.each<[string, Record<string, Step[]>, string, number, Partial<FallbackChainOptions>]>([
    ["at the gate", { "a/one": [[text("a")], [finish]] }, "a/one", 0, {}],
    ["at the last read", { "a/one": [[text("a")], [text("b"), finish]] }, "a/one", 1, {}],
    ["at the end", { "a/one": [[text("a")], [finish]] }, "a/one", 2, {}],
    ["at a failure before content", { "a/one": [dead], "b/two": [[text("b"), finish]] }, "a/one", 0, {}],
    ["at a death in sight", { "a/one": [[text("a")], dead], "b/two": [[text("b"), finish]] }, "a/one", 1, {}],
    [
      "at a death in sight that is not mended",
      { "a/one": [[text("a")], dead] },
      "a/one",
      1,
      { recovery: "fail" },
    ],
    [
      "at the gate of the fallback",
      { "a/one": [[text("a")], dead], "b/two": [[text("b")], [finish]] },
      "b/two",
      0,
      {},
    ],
  ])(
    "%s, at whatever microtask, leaves one record, nothing open, and the answer or the abort",
    async (_, steps, model, read, options) => {
      for (let k = 0; k < 60; k++) {
        const caller = new AbortController();
        const { provider, open } = immediate(steps, (who, n) => {
          if (who === model && n === read) void microtasks(k).then(() => caller.abort());
        });
        const audit = memoryAudit();
        const retry = {
          network: { retries: 0 },
          unknown: { retries: 0 },
          stream_interrupted: { retries: 0 },
        };
        const chain = new FallbackChain({
          targets: Object.keys(steps),
          provider,
          audit,
          logger: false,
          retry,
          ...options,
        });
        const outcome = await drain(chain.stream(ask, { signal: caller.signal }));
        await microtasks(100);
        expect(audit.records, `${k}`).toHaveLength(1);
        expect(audit.records[0], `${k}`).toBe(outcome.record);
        expect(open(), `${k}`).toBe(0);
        expect(vi.getTimerCount(), `${k}`).toBe(0);
        const finished = outcome.parts.some(({ type }) => type === "finish");
        expect(finished, `${k}`).toBe(outcome.record.outcome === "ok");
        expect(finished, `${k}`).toBe(outcome.error === undefined);
      }
    },
  );

  it("between the gate and the first read shows nothing any more", async () => {
    const caller = new AbortController();
    const { chain, provider } = bench({ "a/one": [["half", Number.POSITIVE_INFINITY]] });
    const stream = chain.stream(ask, { signal: caller.signal });
    await vi.advanceTimersByTimeAsync(50);
    caller.abort();
    const { parts, error } = await drain(stream);
    expect(parts).toEqual([]);
    expect(error).toMatchObject({ code: "aborted" });
    expect(provider.closed).toBe(1);
  });

  it("made by a logger in the middle of a failover lets no further request leave", async () => {
    const caller = new AbortController();
    const logger = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (_: unknown, message: string) => message === "failover" && caller.abort(),
    };
    const busy = { kind: "http" as const, status: 404, headers: {}, body: "" };
    const { chain, provider } = bench(
      { "a/one": [[busy]], "b/two": [answer("b")] },
      { logger: logger as never },
    );
    const { error } = await drain(chain.stream(ask, { signal: caller.signal }));
    expect(error).toMatchObject({ code: "aborted" });
    expect(provider.requests).toHaveLength(1);
    expect(provider.closed).toBe(provider.opened);
  });
});

describe("a signal that is null", () => {
  it("is none, as it is for fetch", async () => {
    const { chain } = bench({ "a/one": [answer("Hi.")] });
    expect((await chain.complete(ask, { signal: null as never })).text).toBe("Hi.");
  });
});

describe("an abort made by whoever hears that the answer is won", () => {
  it("comes too late: one record, and it says what the caller got", async () => {
    const caller = new AbortController();
    const records: AuditRecord[] = [];
    const audit = {
      attempt: () => caller.abort(),
      write: (record: AuditRecord) => void records.push(record),
    };
    const { chain } = bench({ "a/one": [answer("Hi.")] }, { audit });
    const { text, error } = await drain(chain.stream(ask, { signal: caller.signal }));
    expect({ text, error }).toEqual({ text: "Hi.", error: undefined });
    expect(records.map(({ outcome }) => outcome)).toEqual(["ok"]);
  });
});

describe("a port that misbehaves", () => {
  it.each([
    [
      "a strategy whose hedge delay throws",
      {
        strategy: {
          name: "bad",
          order: (all: never) => all,
          hedgeDelay: (): number => {
            throw new Error("bug");
          },
        },
      },
    ],
    [
      "a strategy that leaves everybody out",
      { strategy: { name: "none", order: () => [], hedgeDelay: (): number => 0 } },
    ],
  ])("such as %s ends the call in one error, with nothing open", async (_, options) => {
    const { chain, provider, audit } = bench({ "a/one": [["x", 50, finish]] }, options as never);
    const { error } = await drain(chain.stream(ask));
    expect(error?.name).toBe("FallbackChainError");
    expect(audit.records).toHaveLength(1);
    expect(provider.closed).toBe(provider.opened);
  });

  it("such as a provider whose redact throws is a failed attempt like any other, and shows nothing", async () => {
    let aborted = 0;
    const provider: Provider = {
      name: "careless",
      account: "none",
      supports,
      redact() {
        throw new Error("bug");
      },
      async open(_, { signal }) {
        signal.addEventListener("abort", () => aborted++);
        const body = JSON.stringify({ error: { message: "sesame opens it", code: 404 } });
        throw new SignalError({ kind: "http", status: 404, headers: {}, body });
      },
    };
    const { chain } = bench(
      { "b/two": [answer("b")] },
      { targets: [{ model: "a/one", provider }, { model: "b/two" }] },
    );
    const { text, record } = await drain(chain.stream(ask));
    expect(text).toBe("b");
    expect(record.attempts[0]).toMatchObject({ outcome: "failed", failure: { class: "not_found" } });
    expect(JSON.stringify(record)).not.toContain("sesame");
    expect(aborted).toBe(1);
  });

  it("such as a provider that resolves with nothing after an abort harms nobody", async () => {
    const provider: Provider = {
      name: "late",
      account: "none",
      supports,
      open: () => new Promise((resolve) => setTimeout(() => resolve(undefined as never), 100)),
    };
    const caller = new AbortController();
    const chain = new FallbackChain({ targets: ["a/one"], provider, logger: false });
    const outcome = drain(chain.stream(ask, { signal: caller.signal }));
    caller.abort();
    expect((await outcome).error).toMatchObject({ code: "aborted" });
    await vi.advanceTimersByTimeAsync(100);
  });

  it("such as a provider that never waits cannot outrun the clocks", async () => {
    vi.useRealTimers();
    const provider: Provider = {
      name: "busy",
      account: "none",
      supports,
      async open() {
        return {
          [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false as const, value: [] }) }),
        };
      },
    };
    const chain = new FallbackChain({
      targets: ["a/one"],
      provider,
      logger: false,
      timeouts: { firstTokenMs: 300 },
    });
    const { error } = await drain(chain.stream(ask));
    expect(error!.attempts[0]!.failure).toMatchObject({ class: "timeout", phase: "first_token" });
    vi.useFakeTimers();
  });
});

describe("an answer of very many reads", () => {
  it("that is shown when it is whole costs no time that grows with their square", async () => {
    vi.useRealTimers();
    const reads = 100_000;
    const steps: ProviderPart[][] = Array.from({ length: reads }, () => [text("word ")]);
    const { provider } = immediate({ "a/one": [...steps, [finish]] }, () => {});
    const chain = new FallbackChain({ targets: ["a/one"], provider, logger: false });
    const startedAt = performance.now();
    expect((await chain.complete(ask)).text).toHaveLength(5 * reads);
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    vi.useFakeTimers();
  }, 60_000);
});

describe("a stream", () => {
  it("loses no part and keeps their order when the next is asked for before the last has come", async () => {
    const burst = [text("a"), text("b"), text("c")];
    const script = { "a/one": [[burst, 10, [text("d"), text("e")], finish]] };
    const { chain } = bench(script, { coalesce: false });
    const iterator = chain.stream(ask)[Symbol.asyncIterator]();
    const reads = Promise.all(Array.from({ length: 8 }, () => iterator.next()));
    await vi.advanceTimersByTimeAsync(100);
    const said = (await reads).map(({ done, value }) =>
      done ? "end" : value.type === "text" ? value.text : value.type,
    );
    expect(said).toEqual(["a", "b", "c", "d", "e", "finish", "end", "end"]);
  });

  it("can be iterated once", async () => {
    const { chain } = bench({ "a/one": [answer("Hi.")] });
    const stream = chain.stream(ask);
    expect((await drain(stream)).text).toBe("Hi.");
    expect(() => stream.batches()).toThrow("a stream can be iterated once");
  });

  it("does not take a reader for absent who takes its time over every part", async () => {
    const burst: ProviderPart[] = Array.from({ length: 20 }, (_, i) => ({
      type: i % 2 ? "text" : "thoughts",
      text: "x",
    }));
    const { chain } = bench({ "a/one": [[burst, finish]] }, { timeouts: { consumerMs: 300 } });
    let parts = 0;
    const reading = (async () => {
      for await (const _ of chain.stream(ask)) {
        parts++;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    })();
    await vi.advanceTimersByTimeAsync(10_000);
    await reading;
    expect(parts).toBe(21);
  });

  it("keeps the usage for a reader who is slow at the finish", async () => {
    const usage = { inputTokens: 1, outputTokens: 2 };
    const { chain } = bench({ "a/one": [[[text("Hi."), finish], 10, { type: "usage", usage }]] });
    let last: unknown;
    const reading = (async () => {
      for await (const part of chain.stream(ask)) {
        if (part.type === "usage") last = part.usage;
        await new Promise((resolve) => setTimeout(resolve, 3_000));
      }
    })();
    await vi.advanceTimersByTimeAsync(20_000);
    await reading;
    expect(last).toEqual(usage);
  });
});
