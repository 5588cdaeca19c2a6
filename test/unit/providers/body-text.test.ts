import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ERROR_BODY_MS, readErrorText } from "../../../src/providers/body-text.js";
import type { Reply } from "../../../src/providers/exchange.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A reply whose body yields the pieces, and then hangs, ends or fails. */
function replyOf(pieces: readonly string[], end: "hang" | "end" | "fail") {
  const reply = {
    status: 429,
    headers: {},
    destroyed: 0,
    destroy() {
      this.destroyed++;
    },
    body: (async function* () {
      for (const piece of pieces) yield new TextEncoder().encode(piece);
      if (end === "hang") await new Promise(() => {});
      if (end === "fail") throw new Error("reset");
    })(),
  };
  return reply satisfies Reply;
}

/** Reads and counts: what came, and whether it is over. */
function read(reply: Reply, signal?: AbortSignal) {
  const seen = { text: "", over: false };
  void readErrorText(reply, signal, (text) => {
    seen.text = text;
  }).then(() => {
    seen.over = true;
  });
  return seen;
}

test("a body that stalls is given up after 2 s, with what came of it", async () => {
  const reply = replyOf(["ab", "c"], "hang");
  const seen = read(reply);
  await vi.advanceTimersByTimeAsync(ERROR_BODY_MS - 1);
  expect(seen).toEqual({ text: "abc", over: false });
  expect(reply.destroyed).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.over).toBe(true);
  expect(reply.destroyed).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a body that drips is given up after 2 s altogether, and what comes later changes nothing", async () => {
  let drip = (_: string) => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      drip = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  const seen = read({ status: 500, headers: {}, body, destroy: () => {} });
  for (let n = 0; n < 8; n++) {
    drip(String(n));
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(seen).toEqual({ text: "0123456", over: true });
});

test.each(["end", "fail"] as const)("a body that comes to its %s leaves no timer", async (end) => {
  const reply = replyOf(["abc"], end);
  const seen = read(reply);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual({ text: "abc", over: true });
  expect(reply.destroyed).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("no body is over at once", async () => {
  const seen = read({ status: 500, headers: {}, body: null, destroy: () => {} });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toEqual({ text: "", over: true });
  expect(vi.getTimerCount()).toBe(0);
});

test("an abort ends it at once, before and while it reads, and leaves no timer", async () => {
  for (const before of [true, false]) {
    const controller = new AbortController();
    if (before) controller.abort();
    const reply = replyOf(["abc"], "hang");
    const seen = read(reply, controller.signal);
    await vi.advanceTimersByTimeAsync(1);
    controller.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual({ text: before ? "" : "abc", over: true });
    expect(reply.destroyed).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  }
});
