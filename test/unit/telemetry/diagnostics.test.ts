import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openAICompatible } from "../../../src/chain.js";
import { answer } from "../../../src/providers/scripted.js";
import { DIAGNOSTICS_CHANNELS } from "../../../src/telemetry/diagnostics.js";
import { ask, bench, drain } from "../../support/chain.js";

type Message = Record<string, unknown> & { type: string; callId: string };

const listening: [string, (message: unknown) => void][] = [];

function listen(name: string, hear: (message: Message) => void): void {
  const listener = (message: unknown) => hear(message as Message);
  subscribe(name, listener);
  listening.push([name, listener]);
}

afterEach(() => {
  for (const [name, listener] of listening.splice(0)) unsubscribe(name, listener);
});

const A = "a/one";
const down = [{ kind: "http" as const, status: 500, headers: {}, body: "" }];
const cut = [
  { type: "meta" as const, model: "a-2026", generationId: "gen-1", servedBy: "Azure" },
  "Half",
  { kind: "eof" as const, afterContent: true },
];

describe("the diagnostics channels", () => {
  it("tell every kind of event as plain JSON, with ids for targets", async () => {
    const heard: Message[] = [];
    for (const name of DIAGNOSTICS_CHANNELS) {
      listen(name, (message) => {
        expect(name).toBe(`aigne.open-router.${message.type}`);
        heard.push(message);
      });
    }
    const script = { [A]: [down, cut, down], "b/two": [answer("Whole.")] };
    const { chain } = bench(script, {
      retry: { server_error: { retries: 1, minDelayMs: 0, maxDelayMs: 0 } },
      breaker: { consecutive: 2 },
      targets: [A, { model: "b/two", price: { input: 1, output: 1 } }],
      labels: { service: "billing" },
    });
    const { record, text } = await drain(chain.stream(ask));
    expect(text).toBe("Whole.");
    const controller = new AbortController();
    listen("aigne.open-router.attempt.headers", () => controller.abort());
    await drain(chain.stream(ask, { signal: controller.signal }));

    expect([...new Set(heard.map(({ type }) => `aigne.open-router.${type}`))].sort()).toEqual(
      [...DIAGNOSTICS_CHANNELS].sort(),
    );
    const own = heard.filter(({ callId }) => callId === record.callId);
    expect(own[0]).toMatchObject({
      type: "call.started",
      at: expect.any(Number),
      targets: [A, "b/two"],
      labels: { service: "billing" },
    });
    expect(own.find(({ type }) => type === "attempt.started")).toMatchObject({
      n: 1,
      target: A,
      model: A,
      provider: "scripted",
      why: "first",
    });
    expect(own.at(-1)).toMatchObject({ type: "call.finished", outcome: "ok" });
    expect(JSON.parse(JSON.stringify(heard))).toEqual(heard);
  });

  it("hold no key and no prompt", async () => {
    const texts: string[] = [];
    for (const name of DIAGNOSTICS_CHANNELS) listen(name, (message) => texts.push(JSON.stringify(message)));
    const provider = openAICompatible({
      name: "own",
      baseURL: "http://127.0.0.1:9/v1",
      apiKey: "key-of-nobody-else",
      headers: { "x-secret": "header-of-nobody-else" },
      fetch: async () => {
        throw new Error("key-of-nobody-else was refused for: the prompt of nobody else");
      },
    });
    const { chain } = bench({ [A]: [down] }, { provider, retry: { network: { retries: 0 } } });
    const request = { messages: [{ role: "user" as const, content: "the prompt of nobody else" }] };
    await drain(chain.stream(request));
    expect(texts.join()).toContain("attempt.failed");
    expect(texts.join()).not.toMatch(/of nobody.else/);
  });

  it("give each subscriber's message away: what is done to it does not reach the call", async () => {
    listen("aigne.open-router.attempt.failed", (message) => {
      (message.failure as { class: string }).class = "auth";
      (message.verdict as { do: string }).do = "stop";
    });
    const { chain } = bench({ [A]: [down], "b/two": [answer("b")] });
    const { record } = await chain.complete(ask);
    expect(record.attempts[0]).toMatchObject({ failure: { class: "server_error" }, verdict: "retry" });
  });

  it("let no subscriber that throws into the call", async () => {
    const thrown = vi.fn();
    process.setUncaughtExceptionCaptureCallback(thrown);
    try {
      listen("aigne.open-router.attempt.started", () => {
        throw new Error("bad subscriber");
      });
      const { chain } = bench({ [A]: [answer("Fine.")] });
      expect((await chain.complete(ask)).text).toBe("Fine.");
      await new Promise(setImmediate);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
    expect(thrown.mock.calls.map(([error]) => String(error))).toEqual(["Error: bad subscriber"]);
  });
});
