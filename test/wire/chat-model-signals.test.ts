import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { FallbackChainError, OpenRouterChatModel } from "../../src/index.js";
import type { ModelScript, SimulatedRequest, Simulator } from "../../src/testing/index.js";
import {
  call,
  failureOf,
  lastRecord,
  PRIMARY,
  respond,
  type Stage,
  stage,
  tidyUp,
  WAYS,
} from "../support/chat-model.js";
import { eventually } from "../support/eventually.js";

tidyUp();

/** Milliseconds within which the provider must see the socket close. */
const CLOSE_MS = 300;
const LONG: ModelScript = { tokens: Array.from({ length: 3_000 }, (_, i) => `t${i} `), pace: { tokenMs: 5 } };
const SILENT: ModelScript = { fault: "ttfb-stall" };

type Reader = { read(): Promise<{ done: boolean; value?: unknown }>; cancel(): Promise<void> };
type Stream = AsyncIterable<unknown> & { cancel(): Promise<void>; getReader(): Reader };

async function expectClosed(simulator: Simulator, since: number, withinMs = CLOSE_MS): Promise<void> {
  await simulator.waitForRequests(1);
  const entry = simulator.requests[0] as SimulatedRequest;
  expect(await eventually(() => entry.closedAt !== undefined, withinMs + 3_000)).toBe(true);
  expect(entry.closedBy).toBe("client");
  expect((entry.closedAt ?? 0) - since).toBeLessThanOrEqual(withinMs);
  expect(simulator.requests).toHaveLength(1);
}

const scene = (script: ModelScript, options: object = {}): Promise<Stage> =>
  stage({ [PRIMARY]: script, "b/c": { text: "never asked" } }, options);

/** Waits until text flows. */
async function flowing(simulator: Simulator): Promise<void> {
  await simulator.waitForRequests(1);
  expect(await eventually(() => (simulator.requests[0]?.tokensSent ?? 0) > 0)).toBe(true);
}

describe.each(WAYS)("a signal in the user context: %s", (way) => {
  test.each([
    ["while headers are awaited", SILENT],
    ["in mid-stream", LONG],
  ])("ends the call %s", async (_, script) => {
    const { model, simulator, audit } = await scene(script);
    const controller = new AbortController();
    const pending = failureOf(
      call(way, model, { streaming: true, userContext: { signal: controller.signal } }),
    );
    if (script === LONG) await flowing(simulator);
    else await simulator.waitForRequests(1);
    const since = Date.now();
    controller.abort();
    const error = await pending;
    expect(FallbackChainError.is(error) && error.code).toBe("aborted");
    await expectClosed(simulator, since);
    expect(lastRecord(audit).outcome).toBe("aborted");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("that is aborted before the call leaves no request", async () => {
    const { model, simulator } = await scene(LONG);
    const error = await failureOf(call(way, model, { userContext: { signal: AbortSignal.abort() } }));
    expect(FallbackChainError.is(error) && error.code).toBe("aborted");
    expect(simulator.requests).toHaveLength(0);
  });
});

test.each([true, false])("options.signal ends a direct call, streaming: %s", async (streaming) => {
  const { model, simulator } = await scene(LONG);
  const controller = new AbortController();
  const pending = failureOf(call("direct", model, { streaming, signal: controller.signal }));
  await flowing(simulator);
  const since = Date.now();
  controller.abort();
  expect(await pending).toMatchObject({ code: "aborted" });
  await expectClosed(simulator, since);
});

test("an onStart hook can hand a signal through an agent", async () => {
  const controller = new AbortController();
  const { model, simulator } = await scene(LONG, {
    hooks: { onStart: () => ({ options: { signal: controller.signal } }) },
  });
  const pending = failureOf(call("AIAgent", model, { streaming: true }));
  await flowing(simulator);
  const since = Date.now();
  controller.abort();
  expect(await pending).toMatchObject({ code: "aborted" });
  await expectClosed(simulator, since);
});

test.each(["aigne.invoke", "AIAgent"] as const)(
  "the time limit of AIGNE's context closes the upstream: %s",
  async (way) => {
    const { model, simulator, audit } = await scene(LONG);
    const started = Date.now();
    const error = await failureOf(call(way, model, { streaming: true, limits: { timeout: 250 } }));
    expect(String(error)).toContain("timeout");
    await expectClosed(simulator, started + 250);
    expect(await eventually(() => audit.records.length === 1)).toBe(true);
    expect(lastRecord(audit).outcome).toBe("aborted");
  },
);

describe("a consumer that leaves a direct stream", () => {
  test.each<[string, (stream: Stream) => Promise<unknown>]>([
    ["stream.cancel()", (stream) => stream.cancel()],
    [
      "reader.cancel()",
      async (stream) => {
        const reader = stream.getReader();
        await reader.read();
        await reader.cancel();
      },
    ],
    [
      "reader.cancel() while a read is pending",
      async (stream) => {
        const reader = stream.getReader();
        await reader.read();
        const pending = reader.read();
        await reader.cancel();
        await pending;
      },
    ],
    [
      "break",
      async (stream) => {
        for await (const _ of stream) break;
      },
    ],
  ])("by %s closes the socket", async (_, leave) => {
    const { model, simulator, audit } = await scene(LONG);
    const stream = (await respond("direct", model, { streaming: true })) as Stream;
    await flowing(simulator);
    const since = Date.now();
    await leave(stream);
    await expectClosed(simulator, since);
    expect(await eventually(() => audit.records.length === 1)).toBe(true);
    expect(lastRecord(audit).outcome).toBe("aborted");
  });

  test("by cancelling before the first token closes the socket", async () => {
    const { model, simulator } = await scene(SILENT);
    const stream = (await respond("direct", model, { streaming: true })) as Stream;
    await simulator.waitForRequests(1);
    const since = Date.now();
    await stream.cancel();
    await expectClosed(simulator, since);
  });

  test("at the end of its stream changes nothing", async () => {
    const { model, simulator, audit } = await scene({ text: "Short." });
    const stream = (await respond("direct", model, { streaming: true })) as Stream;
    for await (const _ of stream);
    await stream.cancel();
    expect(simulator.requests[0]?.closedBy).toBe("server");
    expect(lastRecord(audit).outcome).toBe("ok");
  });
});

describe("a consumer that stops reading without a word", () => {
  test.each(WAYS)("is noticed within consumerMs: %s", async (way) => {
    const consumerMs = 300;
    const { model, simulator, audit } = await scene(LONG, { timeouts: { consumerMs } });
    const stream = (await respond(way, model, { streaming: true })) as Stream;
    const reader = stream.getReader();
    await reader.read();
    const since = Date.now();
    await expectClosed(simulator, since, consumerMs + CLOSE_MS + 200);
    expect(lastRecord(audit)).toMatchObject({ outcome: "aborted" });
  });

  test("is not taken for one that is slow", async () => {
    const { model, audit } = await scene(
      { tokens: ["a", "b", "c", "d"], pace: { tokenMs: 10 } },
      { timeouts: { consumerMs: 1_000 } },
    );
    const stream = (await respond("direct", model, { streaming: true })) as Stream;
    for await (const _ of stream) await new Promise((resolve) => setTimeout(resolve, 60));
    expect(lastRecord(audit).outcome).toBe("ok");
  });
});

describe("the record", () => {
  test.each(WAYS)("says for whom the call was: %s", async (way) => {
    const { model, audit } = await stage(
      { [PRIMARY]: { text: "x" } },
      { labels: { service: "billing", team: "a" } },
    );
    const userContext = { labels: { team: "b", n: 5 }, userId: "u1", sessionId: "s1" };
    await call(way, model, { userContext });
    expect(lastRecord(audit)).toMatchObject({
      labels: { service: "billing", team: "b" },
      caller: { contextId: expect.stringMatching(/./), userId: "u1", sessionId: "s1" },
    });
    expect(lastRecord(audit).labels).not.toHaveProperty("n");
  });
});

test("calls on one long-lived signal leave no listener behind, however they end", async () => {
  const { model } = await stage({ [PRIMARY]: [{ text: "x", times: 3 }, { fault: "400-bad" }] });
  const controller = new AbortController();
  const userContext = { signal: controller.signal };
  for (let i = 0; i < 3; i++) await call("aigne.invoke", model, { userContext });
  await failureOf(call("aigne.invoke", model, { userContext }));
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("shutdown aborts nothing that can still end", async () => {
  const { model } = await stage({ [PRIMARY]: { text: "x y z", pace: { tokenMs: 20 } } });
  expect(model).toBeInstanceOf(OpenRouterChatModel);
  const pending = call("direct", model);
  await new Promise((resolve) => setTimeout(resolve, 10));
  await model.shutdown();
  expect((await pending).text).toBe("x y z");
});
