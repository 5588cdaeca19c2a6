import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OptionsError } from "../../../src/errors.js";
import { answer, type Script, scripted } from "../../../src/providers/scripted.js";
import type { Signal } from "../../../src/types.js";
import { REQUEST, take } from "./server.js";

const MODEL = REQUEST.model;
const BUSY: Signal = { kind: "http", status: 429, headers: { "retry-after": "1" }, body: "{}" };
const provider = (...scripts: Script[]) => scripted({ script: { [MODEL]: scripts } });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("scripted", () => {
  test("plays its scripts in order and repeats the last", async () => {
    const it = provider([BUSY], answer("a", "b"), answer("c"));
    const first = await take(it);
    expect(first).toMatchObject({ signal: BUSY, heads: [{ status: 429 }] });
    const second = await take(it);
    expect(second.heads).toEqual([{ status: 200 }]);
    expect(second.parts).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "usage", usage: { inputTokens: 1, outputTokens: 2 } },
      { type: "finish", reason: "stop" },
    ]);
    expect((await take(it)).text).toBe("c");
    expect((await take(it)).text).toBe("c");
    expect(it.requests.map(({ model }) => model)).toEqual([MODEL, MODEL, MODEL, MODEL]);
    expect([it.opened, it.closed]).toEqual([4, 4]);
  });

  test("answers 404 for a model without script", async () => {
    expect((await take(provider(answer("a")), { ...REQUEST, model: "toString" })).signal).toMatchObject({
      kind: "http",
      status: 404,
    });
  });

  test("lets fake time pass before the headers and between parts", async () => {
    const it = provider([100, "a", 50, "b"]);
    const context = { signal: new AbortController().signal, attemptId: "a", onHeaders: vi.fn() };
    let opened = false;
    const opening = it.open(REQUEST, context).then((parts) => {
      opened = true;
      return parts;
    });
    await vi.advanceTimersByTimeAsync(99);
    expect([opened, context.onHeaders.mock.calls.length]).toEqual([false, 0]);
    await vi.advanceTimersByTimeAsync(1);
    const iterator = (await opening)[Symbol.asyncIterator]();
    expect(context.onHeaders).toHaveBeenCalledWith({ status: 200 });
    expect(await iterator.next()).toEqual({ done: false, value: [{ type: "text", text: "a" }] });
    const next = iterator.next();
    await vi.advanceTimersByTimeAsync(50);
    expect(await next).toEqual({ done: false, value: [{ type: "text", text: "b" }] });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test("can fail, or be silent, after its headers", async () => {
    const eof: Signal = { kind: "eof", afterContent: false };
    expect(await take(provider({ steps: [eof] }))).toMatchObject({ signal: eof, heads: [{ status: 200 }] });
    expect(await take(provider(["a", eof]))).toMatchObject({ signal: eof, text: "a" });

    const controller = new AbortController();
    const it = provider({ headersMs: 10, steps: [Number.POSITIVE_INFINITY] });
    const taking = take(it, REQUEST, controller.signal);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect([it.opened, it.closed]).toEqual([1, 0]);
    controller.abort();
    expect(await taking).toMatchObject({ signal: { kind: "aborted" }, heads: [{ status: 200 }] });
    expect([it.opened, it.closed]).toEqual([1, 1]);
  });

  test("leaves no timer and no listener after an abort or a return", async () => {
    const controller = new AbortController();
    const it = provider([1_000, "a"], ["a", 1_000, "b"]);
    const taking = take(it, REQUEST, controller.signal);
    controller.abort();
    expect((await taking).signal).toEqual({ kind: "aborted" });

    const { signal } = new AbortController();
    const parts = await it.open(REQUEST, { signal, attemptId: "a", onHeaders: () => {} });
    const iterator = parts[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    expect([it.opened, it.closed]).toEqual([2, 2]);
  });

  test("opens nothing when the signal is aborted already", async () => {
    const it = provider(answer("a"));
    expect(await take(it, REQUEST, AbortSignal.abort())).toMatchObject({
      signal: { kind: "aborted" },
      heads: [],
    });
    expect([it.opened, it.requests.length]).toEqual([0, 0]);
  });

  test("names a model without scripts", () => {
    expect(() => scripted({ script: { "a/b": [] } })).toThrow(OptionsError);
    expect(() => scripted({ script: { "a/b": [] } })).toThrow('script["a/b"]');
  });
});
