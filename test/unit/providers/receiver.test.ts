import { describe, expect, test, vi } from "vitest";
import type { Reply } from "../../../src/providers/exchange.js";
import { HIGH_WATER_MARK, Receiver } from "../../../src/providers/receiver.js";
import { RESPONSE_LIMIT } from "../../../src/providers/sse.js";

const bytes = (length: number) => Buffer.alloc(length, "a");
const error = new Error("reset");

/** A receiver as undici sees it, up to the head of the response. */
function started(signal?: AbortSignal) {
  const resume = vi.fn();
  const abort = vi.fn();
  let receiver!: Receiver;
  const head = new Promise<Reply>((resolve, reject) => {
    receiver = new Receiver(signal, { resolve, reject });
  });
  return { receiver, head, resume, abort };
}

function open(headers: Record<string, string> = { Connection: "keep-alive" }) {
  const all = started();
  all.receiver.onConnect(all.abort);
  all.receiver.onHeaders(
    200,
    Object.entries(headers)
      .flat()
      .map((text) => Buffer.from(text)),
    all.resume,
  );
  return all;
}

describe("bytes", () => {
  test("that came together are read together, whether the reader waits or not", async () => {
    const { receiver } = open();
    const waiting = receiver.next();
    for (const length of [1, 2, 3]) receiver.onData(bytes(length));
    expect((await waiting).value).toHaveLength(6);
    for (const length of [4, 5]) receiver.onData(bytes(length));
    expect((await receiver.next()).value).toHaveLength(9);
  });

  test("are asked for no more while as many as a stream would hold wait, and again when somebody asks for more", async () => {
    const { receiver, resume } = open();
    expect(receiver.onData(bytes(HIGH_WATER_MARK - 1))).toBe(true);
    expect(receiver.onData(bytes(1))).toBe(false);
    expect(resume).not.toHaveBeenCalled();
    // undici reads on before the call is back, and may be stopped again.
    resume.mockImplementationOnce(() => receiver.onData(bytes(HIGH_WATER_MARK)));
    expect((await receiver.next()).value).toHaveLength(HIGH_WATER_MARK);
    expect(resume).not.toHaveBeenCalled();
    expect((await receiver.next()).value).toHaveLength(HIGH_WATER_MARK);
    expect(resume).toHaveBeenCalledTimes(1);
    const woken = vi.fn();
    expect(receiver.wait(woken)).toBe(false);
    expect(resume).toHaveBeenCalledTimes(1);
    void receiver.next();
    expect(resume).toHaveBeenCalledTimes(2);
    expect(woken).not.toHaveBeenCalled();
  });

  test("that a dispatcher gives although it was asked not to do not make the pause forgotten", async () => {
    const { receiver, resume } = open();
    expect(receiver.onData(bytes(HIGH_WATER_MARK))).toBe(false);
    expect((await receiver.next()).value).toHaveLength(HIGH_WATER_MARK);
    expect(receiver.onData(bytes(1))).toBe(false);
    expect((await receiver.next()).value).toHaveLength(1);
    void receiver.next();
    expect(resume).toHaveBeenCalledTimes(1);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ["a connection that is kept", { connection: "Keep-Alive" }, true],
    ["chunks", { "transfer-encoding": "gzip, chunked" }, true],
    ["a connection that is closed", { connection: "close", "transfer-encoding": "chunked" }, false],
    ["a length alone, as HTTP/1.0 has it", { "content-length": "100000" }, false],
    ["no end but the connection's", {}, false],
  ])("of a reply with %s: the socket may be paused", (_, headers, may) => {
    expect(open(headers).receiver.onData(bytes(HIGH_WATER_MARK))).toBe(!may);
  });

  test("of a reply that cannot be paused are refused when nobody reads them, past the limit", async () => {
    const { receiver, abort } = open({ connection: "close" });
    const half = bytes(RESPONSE_LIMIT / 2);
    for (let i = 0; i < 2; i++) expect(receiver.onData(half)).toBe(true);
    expect(abort).not.toHaveBeenCalled();
    receiver.onData(bytes(1));
    expect(abort).toHaveBeenCalledTimes(1);
    await expect(receiver.next()).rejects.toMatchObject({ signal: { reason: "oversized" } });
  });

  test("are told of to whoever waits without a promise, once, and so is the end", () => {
    const { receiver } = open();
    const woken = vi.fn();
    receiver.wait(woken);
    expect(receiver.arrived()).toBeUndefined();
    receiver.onData(bytes(1));
    receiver.onData(bytes(2));
    expect(woken).toHaveBeenCalledTimes(1);
    expect(receiver.arrived()).toHaveLength(3);
    expect(receiver.arrived()).toBeUndefined();
    receiver.wait(woken);
    receiver.onError(error);
    expect(woken).toHaveBeenCalledTimes(2);
    expect(receiver.arrived()).toBeUndefined();
    receiver.wait(woken);
    expect(woken).toHaveBeenCalledTimes(3);
  });

  test("are read before the end, and before a failure that follows them", async () => {
    const whole = open().receiver;
    whole.onData(bytes(1));
    whole.onComplete();
    expect((await whole.next()).value).toHaveLength(1);
    expect((await whole.next()).done).toBe(true);

    const cut = open().receiver;
    cut.onData(bytes(1));
    cut.onError(error);
    expect((await cut.next()).value).toHaveLength(1);
    await expect(cut.next()).rejects.toBe(error);
  });
});

describe("a reader that waits", () => {
  test("is told of the end, of a failure and of being closed", async () => {
    const [whole, cut, closed] = [open(), open(), open()];
    const [end, failure, closing] = [whole, cut, closed].map(({ receiver }) => receiver.next());
    whole.receiver.onComplete();
    cut.receiver.onError(error);
    closed.receiver.destroy();
    expect((await end)?.done).toBe(true);
    await expect(failure).rejects.toBe(error);
    await expect(closing).rejects.toMatchObject({ name: "AbortError" });
    expect(closed.abort).toHaveBeenCalledTimes(1);
  });
});

describe("closing", () => {
  test("while it is paused is told to whoever asks, also when it comes of reading on", async () => {
    const { receiver, resume } = open();
    receiver.onData(bytes(HIGH_WATER_MARK));
    receiver.arrived();
    resume.mockImplementationOnce(() => {
      receiver.onData(bytes(HIGH_WATER_MARK));
      receiver.destroy();
    });
    await expect(receiver.next()).rejects.toMatchObject({ name: "AbortError" });
    expect(receiver.wait(() => {})).toBe(true);
  });

  test("drops what was not read, and what comes yet", async () => {
    const { receiver, abort } = open();
    receiver.onData(bytes(1));
    receiver.destroy();
    receiver.onData(bytes(1));
    await expect(receiver.next()).rejects.toMatchObject({ name: "AbortError" });
    receiver.destroy();
    expect(abort).toHaveBeenCalledTimes(1);
  });

  test("before there is a connection rejects at once and aborts as soon as there is one", async () => {
    const controller = new AbortController();
    const { receiver, head, abort } = started(controller.signal);
    controller.abort(error);
    await expect(head).rejects.toBe(error);
    receiver.onConnect(abort);
    expect(abort).toHaveBeenCalledWith(error);
  });

  test("by the signal ends with the head, after which its reader closes it", async () => {
    const controller = new AbortController();
    const { receiver, head, resume, abort } = started(controller.signal);
    receiver.onConnect(abort);
    receiver.onHeaders(103, [], resume);
    receiver.onHeaders(200, [Buffer.from("X-A"), Buffer.from("1")], resume);
    expect(await head).toMatchObject({ status: 200, headers: { "x-a": "1" } });
    controller.abort();
    expect(abort).not.toHaveBeenCalled();
  });
});

test("a failure before the head is the head's", async () => {
  const { receiver, head } = started();
  receiver.onError(error);
  await expect(head).rejects.toBe(error);
});
