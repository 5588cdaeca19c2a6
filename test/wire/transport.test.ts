import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { SignalError } from "../../src/errors.js";
import { classify } from "../../src/failure.js";
import { openAICompatible } from "../../src/providers/openai-compatible.js";
import { openRouter } from "../../src/providers/openrouter.js";
import { LINGER_MS } from "../../src/providers/part-stream.js";
import type { OpenContext, Signal } from "../../src/types.js";
import {
  chunk,
  DONE,
  eventually,
  HELLO,
  REQUEST,
  SSE,
  serve,
  serveRaw,
  type TestServer,
  take,
} from "../unit/providers/server.js";

const KEY = "sk-or-v1-canary";
const servers: TestServer[] = [];

async function started(server: Promise<TestServer>): Promise<TestServer> {
  servers.push(await server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const provider = (server: TestServer) => openRouter({ apiKey: KEY, baseURL: server.baseURL });
const head = (lines: string) => `HTTP/1.1 ${lines}\r\n\r\n`;
const context = (signal: AbortSignal): OpenContext => ({ signal, attemptId: "a1", onHeaders: () => {} });

describe("a healthy stream", () => {
  test("becomes text, a finish and facts about the answer", async () => {
    const server = await started(
      serve((response) => response.writeHead(200, { ...SSE, "x-generation-id": "gen-1" }).end(HELLO + DONE)),
    );
    const taken = await take(provider(server));
    expect(taken.error).toBeUndefined();
    expect(taken.parts).toEqual([
      { type: "meta", model: "openai/gpt-4o-2024-08-06", generationId: "gen-1", servedBy: "OpenAI" },
      { type: "text", text: "Hello" },
      { type: "text", text: " world" },
      { type: "finish", reason: "stop" },
    ]);
    expect(taken.heads).toEqual([{ status: 200, requestId: "gen-1" }]);
    expect(server.requests[0]?.url).toBe("/api/v1/chat/completions");
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      "accept-encoding": "identity",
    });
    expect(server.requests[0]?.body).toEqual({
      ...REQUEST,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("hands on one array for all that one read brought", async () => {
    const server = await started(serve((response) => response.writeHead(200, SSE).end(HELLO + DONE)));
    const taken = await take(provider(server));
    expect(taken.batches).toHaveLength(1);
  });
});

test("a stream that nobody reads is not fetched, and goes on where it stood when somebody does", async () => {
  const events = 40_000;
  const event = chunk({ content: "x".repeat(1_000) });
  let written = 0;
  const server = await started(
    serve((response) => {
      response.writeHead(200, SSE);
      const write = () => {
        while (written++ < events) if (!response.write(event)) return;
        response.end(chunk({}, "stop") + DONE);
      };
      response.on("drain", write);
      write();
    }),
  );
  const stream = await provider(server).open(REQUEST, context(new AbortController().signal));
  // Until the buffers of both sockets are full.
  let held = -1;
  while (held !== written) {
    held = written;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(held).toBeLessThan(events / 2);
  let length = 0;
  for await (const parts of stream) {
    for (const part of parts) if (part.type === "text") length += part.text.length;
  }
  expect(length).toBe(events * 1_000);
});

describe("the connection", () => {
  const endingLater = () =>
    serve((response) => {
      response.writeHead(200, SSE).write(HELLO + DONE);
      setTimeout(() => response.end(), 5);
    });

  test("is used again after [DONE]", async () => {
    const server = await started(serve((response) => response.writeHead(200, SSE).end(HELLO + DONE)));
    for (let n = 0; n < 20; n++) {
      expect((await take(provider(server))).text).toBe("Hello world");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(server.accepted).toBe(1);
  });

  test("is used again when the response ends a little after [DONE]", async () => {
    const server = await started(endingLater());
    await take(provider(server));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await take(provider(server));
    expect(server.accepted).toBe(1);
  });

  test("is used again when the event loop is blocked while the response ends", async () => {
    const server = await started(endingLater());
    await take(provider(server));
    for (const end = performance.now() + 3 * LINGER_MS; performance.now() < end; );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await take(provider(server));
    expect(server.accepted).toBe(1);
  });

  test("is closed when the server leaves it open after [DONE], and the answer does not wait for that", async () => {
    const server = await started(serve((response) => response.writeHead(200, SSE).write(HELLO + DONE)));
    const taken = await take(provider(server));
    expect(taken.error).toBeUndefined();
    expect(server.sockets.size).toBe(1);
    await eventually(() => server.sockets.size === 0);
  });

  test("is closed when data follows [DONE], which is not read", async () => {
    const server = await started(
      serve((response) => {
        response.writeHead(200, SSE).write(HELLO + DONE + chunk({ content: "more" }));
        const timer = setInterval(() => response.write(chunk({ content: "more" })), 1);
        response.on("close", () => clearInterval(timer));
      }),
    );
    const taken = await take(provider(server));
    expect(taken.text).toBe("Hello world");
    await eventually(() => server.sockets.size === 0);
  });

  test("that the server resets on reuse fails the attempt as thrown, and the next request gets a new one", async () => {
    const server = await started(
      serve((response) => {
        if (server.requests.length === 2) response.socket?.resetAndDestroy();
        else response.writeHead(200, SSE).end(HELLO + DONE);
      }),
    );
    expect((await take(provider(server))).text).toBe("Hello world");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await take(provider(server))).signal).toMatchObject({ kind: "thrown", afterContent: false });
    expect((await take(provider(server))).text).toBe("Hello world");
    expect(server.requests).toHaveLength(3);
    expect(server.accepted).toBe(2);
  });

  test("that is refused is thrown with the errno", async () => {
    const server = await serve(() => {});
    await server.close();
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "thrown", error: { code: "ECONNREFUSED" } });
  });

  test.each([
    ["while headers are awaited", () => {}],
    [
      "before the first content",
      (response: import("node:http").ServerResponse) => response.writeHead(200, SSE).write(": ping\n\n"),
    ],
    [
      "in the middle of the answer",
      (response: import("node:http").ServerResponse) =>
        response.writeHead(200, SSE).write(chunk({ content: "a" })),
    ],
    [
      "while an error body stalls",
      (response: import("node:http").ServerResponse) => response.writeHead(503).write("{"),
    ],
  ])("is closed by an abort %s", async (_, answer) => {
    const server = await started(serve((response) => void answer(response)));
    const controller = new AbortController();
    const taking = take(provider(server), REQUEST, controller.signal);
    await eventually(() => server.requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = performance.now();
    controller.abort();
    const { signal } = await taking;
    await eventually(() => server.sockets.size === 0, 300);
    expect(performance.now() - before).toBeLessThan(300);
    expect(signal?.kind === "aborted" || (signal?.kind === "http" && signal.status === 503)).toBe(true);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });

  test("is not even made when the signal is aborted already", async () => {
    const server = await started(serve(() => {}));
    const { signal } = await take(provider(server), REQUEST, AbortSignal.abort());
    expect(signal).toEqual({ kind: "aborted" });
    expect(server.accepted).toBe(0);
  });

  test("is closed by return(), also before the first read and while one waits", async () => {
    const server = await started(serve((response) => response.writeHead(200, SSE).write(": ping\n\n")));
    const { signal } = new AbortController();
    const unread = (await provider(server).open(REQUEST, context(signal)))[Symbol.asyncIterator]();
    await unread.return?.();
    await eventually(() => server.sockets.size === 0, 300);

    const waiting = (await provider(server).open(REQUEST, context(signal)))[Symbol.asyncIterator]();
    const next = waiting.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await waiting.return?.();
    expect(await next).toMatchObject({ done: true });
    await eventually(() => server.sockets.size === 0, 300);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("slows the server down when nobody reads", async () => {
    let written = 0;
    const server = await started(
      serve((response) => {
        response.writeHead(200, SSE);
        const text = chunk({ content: "x".repeat(10_000) });
        const pump = () => {
          while (written < 100_000_000 && !response.destroyed) {
            written += text.length;
            if (!response.write(text)) return;
          }
        };
        response.on("drain", pump);
        pump();
      }),
    );
    const iterator = (await provider(server).open(REQUEST, context(new AbortController().signal)))[
      Symbol.asyncIterator
    ]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(30_000_000);
    await iterator.return?.();
    await eventually(() => server.sockets.size === 0);
  });

  test("carries 1,000 answers at once, each its own", async () => {
    const server = await started(
      serve((response, { body }) => {
        response.writeHead(200, SSE).write(chunk({ content: String(body.user) }));
        setTimeout(() => response.end(chunk({ content: "!" }, "stop") + DONE), 20);
      }),
    );
    const shared = provider(server);
    const all = Array.from({ length: 1_000 }, (_, n) => take(shared, { ...REQUEST, user: `u${n}` }));
    const texts = (await Promise.all(all)).map(({ text }) => text);
    expect(texts).toEqual(texts.map((_, n) => `u${n}!`));
    expect(server.requests).toHaveLength(1_000);
  });
});

describe("an HTTP error", () => {
  test("is reported with its raw body and headers, and not retried", async () => {
    const body =
      '{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"busy"}},"user_id":"u"}';
    const server = await started(
      serve((response) =>
        response
          .writeHead(429, {
            "retry-after": "1",
            "x-request-id": "r1",
            "x-should-retry": "true",
            "set-cookie": "a=b",
          })
          .end(body),
      ),
    );
    const taken = await take(provider(server));
    expect(taken.signal).toMatchObject({ kind: "http", status: 429, body, headers: { "retry-after": "1" } });
    expect(taken.signal).not.toHaveProperty("headers.set-cookie");
    expect(taken.heads).toEqual([{ status: 429, requestId: "r1" }]);
    expect(server.requests).toHaveLength(1);
  });

  test("has at most 64 KiB of an endless body read", async () => {
    let written = 0;
    const server = await started(
      serve((response) => {
        response.writeHead(500);
        const pump = () => {
          while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
        };
        response.on("drain", pump);
        pump();
      }),
    );
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "http", status: 500, body: "x".repeat(65_536) });
    await eventually(() => server.sockets.size === 0);
    expect(written).toBeLessThan(30_000_000);
  });

  test("keeps what came of a body that is cut", async () => {
    const server = await started(
      serveRaw((socket) => {
        socket.write(`${head("503 No\r\ncontent-length: 100")}{"error"`);
        setTimeout(() => socket.resetAndDestroy(), 20);
      }),
    );
    expect((await take(provider(server))).signal).toMatchObject({
      kind: "http",
      status: 503,
      body: '{"error"',
    });
  });

  test.each([
    ["of its beginning", '{"error":{"message":"slow do'],
    ["of nothing", ""],
  ])("is reported with its status and headers when its body stalls, after 2 s and %s", async (_, start) => {
    const server = await started(
      serveRaw(
        (socket) => void socket.write(`${head("429 No\r\nretry-after: 7\r\ncontent-length: 100")}${start}`),
      ),
    );
    for (const fetch of [undefined, globalThis.fetch]) {
      const { signal, heads } = await take(openRouter({ apiKey: KEY, baseURL: server.baseURL, fetch }));
      expect(signal).toMatchObject({
        kind: "http",
        status: 429,
        body: start,
        headers: { "retry-after": "7" },
      });
      expect(classify(signal as Signal)).toMatchObject({ class: "rate_limit", retryAfterMs: 7_000 });
      expect(heads).toEqual([{ status: 429 }]);
      await eventually(() => server.sockets.size === 0);
    }
  });

  test("that stalls under a wrong content type is reported by that", async () => {
    const server = await started(
      serve((response) => void response.writeHead(200, { "content-type": "text/html" }).write("<html>")),
    );
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "invalid", reason: "content_type" });
    await eventually(() => server.sockets.size === 0);
  });

  test("with a compressed body is reported by its status alone", async () => {
    const server = await started(
      serve((response) => response.writeHead(502, { "content-encoding": "gzip" }).end(gzipSync("{}"))),
    );
    expect((await take(provider(server))).signal).toMatchObject({ kind: "http", status: 502, body: "" });
  });
});

describe("a redirect", () => {
  test.each([301, 302, 303, 307, 308])(
    "%i is not followed: the other host gets no request",
    async (status) => {
      const other = await started(serve((response) => response.writeHead(200, SSE).end(HELLO + DONE)));
      const location = `http://user:pw@127.0.0.1:${other.port}/stolen?token=t#f`;
      const server = await started(serve((response) => response.writeHead(status, { location }).end()));
      for (const fetch of [undefined, globalThis.fetch]) {
        const { signal } = await take(openRouter({ apiKey: KEY, baseURL: server.baseURL, fetch }));
        expect(signal).toMatchObject({ kind: "invalid", reason: "redirect", status });
        expect(signal).toHaveProperty("message", expect.stringContaining(`http://127.0.0.1:${other.port},`));
      }
      expect(other.accepted).toBe(0);
    },
  );
});

describe("a reply that is no answer", () => {
  test.each<[string, string, object]>([
    ["status 999", head("999 X\r\ncontent-length: 9"), { kind: "invalid", reason: "status", status: 999 }],
    ["status 099", head("099 X\r\ncontent-length: 0"), { kind: "invalid", reason: "status" }],
    ["status 204", head("204 X"), { kind: "empty", reasoning: false }],
    ["status 205", head("205 X\r\ncontent-length: 0"), { kind: "empty", reasoning: false }],
    ["status 304", head("304 X"), { kind: "invalid", reason: "redirect", status: 304 }],
    [
      "an empty body",
      head("200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0"),
      { kind: "empty" },
    ],
    ["an upgrade", head("101 X\r\nconnection: upgrade\r\nupgrade: x"), { kind: "thrown" }],
    ["endless 100-continue", head("100 Continue").repeat(3), { kind: "thrown" }],
    ["garbage", "SSH-2.0-OpenSSH_9.6\r\n", { kind: "thrown", error: { code: "HPE_UNKNOWN" } }],
    ["two lengths", head("200 OK\r\ncontent-length: 1\r\ncontent-length: 2"), { kind: "thrown" }],
    [
      "a header of 1 MiB",
      head(`200 OK\r\nx: ${"a".repeat(1 << 20)}`),
      { kind: "thrown", error: { code: "UND_ERR_HEADERS_OVERFLOW" } },
    ],
  ])("%s", async (_, bytes, expected) => {
    const server = await started(serveRaw((socket) => socket.write(bytes)));
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject(expected);
    if (!/^HTTP\/1.1 (204|205|304|200 OK.*length: 0)/s.test(bytes)) {
      await eventually(() => server.sockets.size === 0);
    }
  });

  test("5,000 early hints before it do no harm", async () => {
    const server = await started(
      serveRaw((socket) => {
        const body = HELLO + DONE;
        socket.write(head("103 Early Hints").repeat(5_000));
        socket.write(
          `${head(`200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${body.length}`)}${body}`,
        );
      }),
    );
    expect((await take(provider(server))).text).toBe("Hello world");
  });

  test.each([
    ["FIN before headers", (socket: import("node:net").Socket) => socket.end()],
    ["RST before headers", (socket: import("node:net").Socket) => socket.resetAndDestroy()],
  ])("%s is thrown", async (_, fault) => {
    const server = await started(serveRaw((socket) => void fault(socket)));
    expect((await take(provider(server))).signal).toMatchObject({ kind: "thrown", afterContent: false });
  });

  test.each([
    ["a gzip bomb", "gzip", gzipSync(Buffer.alloc(50_000_000))],
    ["a truncated gzip", "gzip", gzipSync(HELLO + DONE).subarray(0, 20)],
    ["a false gzip", "gzip", Buffer.from(HELLO + DONE)],
    ["an unknown encoding", "zstd", Buffer.from(HELLO + DONE)],
    ["gzip twice", "gzip, gzip", gzipSync(gzipSync(HELLO))],
  ])("%s is refused and never inflated", async (_, encoding, bytes) => {
    const server = await started(
      serve((response) => response.writeHead(200, { ...SSE, "content-encoding": encoding }).end(bytes)),
    );
    const before = process.memoryUsage().rss;
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "invalid", reason: "content_encoding" });
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  });

  test("content-encoding: identity is none", async () => {
    const server = await started(
      serve((response) =>
        response.writeHead(200, { ...SSE, "content-encoding": "identity" }).end(HELLO + DONE),
      ),
    );
    expect((await take(provider(server))).text).toBe("Hello world");
  });

  test("a line without end is cut off at 1 MiB", async () => {
    let written = 0;
    const server = await started(
      serve((response) => {
        response.writeHead(200, SSE).write("data: ");
        const pump = () => {
          while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
        };
        response.on("drain", pump);
        pump();
      }),
    );
    const { signal } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "invalid", reason: "oversized" });
    await eventually(() => server.sockets.size === 0);
    expect(written).toBeLessThan(30_000_000);
  });

  test("a stream without end is cut off at 64 MiB", async () => {
    const server = await started(
      serve((response) => {
        response.writeHead(200, SSE);
        const block = chunk({ content: "x".repeat(60_000) });
        const pump = () => {
          while (!response.destroyed && response.write(block));
        };
        response.on("drain", pump);
        pump();
      }),
    );
    const { signal, text } = await take(provider(server));
    expect(signal).toMatchObject({ kind: "invalid", reason: "oversized" });
    expect(text.length).toBeGreaterThan(60_000_000);
    await eventually(() => server.sockets.size === 0);
  });
});

describe("an answer that is cut", () => {
  const cut: [string, (socket: import("node:net").Socket) => void][] = [
    ["by RST", (socket) => setTimeout(() => socket.resetAndDestroy(), 20)],
    ["by FIN in a chunked body", (socket) => setTimeout(() => socket.end(), 20)],
  ];
  const chunked = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const sse = "200 OK\r\ncontent-type: text/event-stream";

  test.each(cut)("%s is thrown after the content", async (_, end) => {
    const server = await started(
      serveRaw((socket) => {
        socket.write(head(`${sse}\r\ntransfer-encoding: chunked`) + chunked(chunk({ content: "par" })));
        end(socket);
      }),
    );
    const taken = await take(provider(server));
    expect(taken.text).toBe("par");
    expect(taken.signal).toMatchObject({ kind: "thrown", afterContent: true });
  });

  test.each(cut)("%s after a finish reason is whole", async (_, end) => {
    const server = await started(
      serveRaw((socket) => {
        socket.write(head(`${sse}\r\ntransfer-encoding: chunked`) + chunked(HELLO));
        end(socket);
      }),
    );
    const taken = await take(provider(server));
    expect(taken.error).toBeUndefined();
    expect(taken.parts.at(-1)).toEqual({ type: "finish", reason: "stop" });
  });

  test("by the end of a body without length is an eof and no success", async () => {
    const server = await started(serveRaw((socket) => socket.end(head(sse) + chunk({ content: "par" }))));
    expect((await take(provider(server))).signal).toEqual({ kind: "eof", afterContent: true });
  });

  test("in the middle of a line is an eof", async () => {
    const server = await started(
      serveRaw((socket) =>
        socket.end(head(sse) + chunk({ content: "par" }) + chunk({ content: "tial" }).slice(0, 60)),
      ),
    );
    expect((await take(provider(server))).signal).toEqual({ kind: "eof", afterContent: true });
  });
});

describe("the environment", () => {
  test("no OPENAI_* variable reaches the wire, with a key or without", async () => {
    const names = ["API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL", "WEBHOOK_SECRET", "LOG"];
    const canaries: Record<string, string> = Object.fromEntries(
      names.map((name) => [`OPENAI_${name}`, `canary-${name}`]),
    );
    canaries.OPENAI_BASE_URL = "http://127.0.0.1:1/canary";
    canaries.OPENAI_LOG = "debug";
    canaries.OPENAI_CUSTOM_HEADERS = "X-Canary: canary-custom\nauthorization: Bearer canary-auth";
    const saved = { ...process.env };
    Object.assign(process.env, canaries);
    try {
      const server = await started(serve((response) => response.writeHead(200, SSE).end(HELLO + DONE)));
      const withKey = provider(server);
      const without = openAICompatible({ name: "local", baseURL: server.baseURL });
      expect((await take(withKey)).text).toBe("Hello world");
      expect((await take(without)).text).toBe("Hello world");
      await withKey.client.withOptions({ defaultQuery: {} }).models.list();
      expect(server.requests).toHaveLength(3);
      for (const request of server.requests)
        expect(JSON.stringify(request).toLowerCase()).not.toContain("canary-");
      expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
      expect(server.requests[1]?.headers).not.toHaveProperty("authorization");
      const { organization, project, adminAPIKey, webhookSecret } = withKey.client;
      expect([organization, project, adminAPIKey, webhookSecret]).toEqual([null, null, null, null]);
      for (const [name, value] of Object.entries(canaries)) expect(process.env[name]).toBe(value);
    } finally {
      for (const name of Object.keys(canaries)) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
    }
  });
});

test("a SignalError never shows a key that the server echoed, once redacted", async () => {
  const server = await started(
    serve((response) => response.writeHead(401).end(`Incorrect API key provided: ${KEY}`)),
  );
  const openrouter = provider(server);
  const { error } = await take(openrouter);
  expect(error).toBeInstanceOf(SignalError);
  expect((error as SignalError).message).not.toContain(KEY);
  const { signal } = error as SignalError;
  expect(openrouter.redact?.(signal.kind === "http" ? signal.body : "")).not.toContain(KEY);
});

describe("a connection that ends while the reader holds more than the socket may keep", () => {
  const said = (content: string) => chunk({ content });
  const MUCH = said("y".repeat(1_000)).repeat(100);
  const ends: [string, (socket: Socket) => void][] = [
    ["by a reset", (socket) => socket.resetAndDestroy()],
    ["in good order", (socket) => socket.end()],
  ];
  const framings = {
    "the connection's end": "connection: close",
    "chunks, and closes": "connection: close\r\ntransfer-encoding: chunked",
    chunks: "transfer-encoding: chunked",
  };
  const cases = ends.flatMap(([how, end]) =>
    Object.entries(framings).flatMap(([framing, headers]) =>
      [1, 2].map((reads) => [how, framing, reads, headers, end] as const),
    ),
  );

  test.each(cases)(
    "%s, of a reply that is framed by %s, after %i reads",
    async (_, __, reads, headers, end) => {
      let socket: Socket | undefined;
      const server = await started(
        serveRaw((accepted) => {
          socket = accepted;
          const framed = (text: string) =>
            headers.includes("chunked") ? `${text.length.toString(16)}\r\n${text}\r\n` : text;
          accepted.write(
            `${head(`200 OK\r\ncontent-type: text/event-stream\r\n${headers}`)}${framed(said("x"))}`,
          );
          setTimeout(() => accepted.write(framed(MUCH)), 30);
        }),
      );
      const iterator = (await provider(server).open(REQUEST, context(new AbortController().signal)))[
        Symbol.asyncIterator
      ]();
      for (let i = 0; i < reads; i++) expect((await iterator.next()).done).toBe(false);
      await sleep(60);
      end(socket as Socket);
      await sleep(60);
      const rest = (async () => {
        while (!(await iterator.next()).done);
      })();
      await expect(rest).rejects.toBeInstanceOf(SignalError);
    },
  );
});
