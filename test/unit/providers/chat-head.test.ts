import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import { createServer, type Socket } from "node:net";
import type { OpenAI } from "openai";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chatHeadOf, PARTS } from "../../../src/providers/chat-head.js";
import { openAICompatible } from "../../../src/providers/openai-compatible.js";
import { openRouter } from "../../../src/providers/openrouter.js";
import type { Provider, WireRequest } from "../../../src/types.js";
import { DONE, eventually, HELLO, REQUEST, SSE, serve, type TestServer, take } from "./server.js";

const KEY = "sk-or-v1-canary";
let server: TestServer;

beforeEach(async () => {
  server = await serve((response) => response.writeHead(200, SSE).end(HELLO + DONE));
});

afterEach(() => server.close());

const sent = () => server.requests.map(({ headers }) => headers.authorization);

type Made = Provider & { readonly client: OpenAI };

/** The bytes of a provider's requests, each with a connection of its own. */
async function bytesOf(make: (baseURL: string) => Made, requests: WireRequest[], throughClient: boolean) {
  const seen: string[] = [];
  const answer = (socket: Socket) =>
    socket.end(
      `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${HELLO}${DONE}`,
    );
  const listener = createServer((socket) => {
    const index = seen.push("") - 1;
    socket.on("data", (data) => {
      seen[index] += data.toString("latin1");
      const [head, body] = (seen[index] as string).split("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(head ?? "")?.[1];
      if (length !== undefined && body?.length === Number(length)) answer(socket);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const provider = make(`http://127.0.0.1:${port}/some/path`);
  for (const request of requests) expect((await take(provider, request)).text).toBe("Hello world");
  listener.close();
  expect((await chatHeadOf(provider.client)?.get()) === undefined).toBe(throughClient);
  return seen.map((request) => request.replaceAll(String(port), "PORT"));
}

describe("a request that does not go through the client", () => {
  const settings = {
    organization: "org",
    project: "project",
    defaultHeaders: { "X-Default": "2", "X-Stainless-OS": null },
    maxRetries: 3,
    timeout: 5,
  };

  test.each<[string, (baseURL: string, clientOptions: object) => Made]>([
    ["plain", (baseURL, clientOptions) => openRouter({ apiKey: KEY, baseURL, clientOptions })],
    [
      "with all that goes into a head",
      (baseURL, clientOptions) =>
        openRouter({
          apiKey: KEY,
          headers: { "x-mine": "1", "User-Agent": "mine/1" },
          baseURL,
          referer: "https://app.test",
          title: "App",
          clientOptions: { ...settings, ...clientOptions },
        }),
    ],
    ["without a key", (baseURL, clientOptions) => openAICompatible({ name: "n", baseURL, clientOptions })],
  ])("is the same to the byte (%s)", async (_, make) => {
    const requests: WireRequest[] = [
      REQUEST,
      { ...REQUEST, messages: [{ role: "user", content: "Grüße, 世界 \u0000 \ud800" }], temperature: 0.5 },
    ];
    // Options of its own for each request are what only the client can heed.
    const [ours, theirs] = [
      await bytesOf((baseURL) => make(baseURL, {}), requests, false),
      await bytesOf((baseURL) => make(baseURL, { fetchOptions: {} }), requests, true),
    ];
    expect(ours).toHaveLength(2);
    expect(ours).toEqual(theirs);
  });

  test("is on its way before anything is waited for, and an abort in that moment closes its socket", async () => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    await take(provider);
    const created = vi.fn();
    subscribe("undici:request:create", created);
    try {
      const caller = new AbortController();
      const opening = provider.open(REQUEST, { signal: caller.signal, attemptId: "a2", onHeaders() {} });
      expect(created).toHaveBeenCalledTimes(1);
      caller.abort();
      await expect(opening).rejects.toMatchObject({ signal: { kind: "aborted" } });
      await eventually(() => server.sockets.size === 0);
    } finally {
      unsubscribe("undici:request:create", created);
    }
    expect((await take(provider)).text).toBe("Hello world");
  });

  test("learns its head where a library has put another Promise in the place of JavaScript's", async () => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    const context = { signal: new AbortController().signal, attemptId: "a1", onHeaders() {} };
    vi.stubGlobal("Promise", class extends Promise<unknown> {});
    const opening = provider.open(REQUEST, context);
    vi.unstubAllGlobals();
    for await (const _ of await opening);
    expect(sent()).toEqual([`Bearer ${KEY}`]);
  });

  test("has the key the client has by then", async () => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    await take(provider);
    provider.client.apiKey = "sk-another";
    await take(provider);
    await take(provider);
    expect(sent()).toEqual([`Bearer ${KEY}`, "Bearer sk-another", "Bearer sk-another"]);
  });
});

describe("a request goes through the client", () => {
  test("whose method is wrapped, for as long as it is", async () => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    await take(provider);
    const create = vi.spyOn(provider.client.chat.completions, "create");
    expect((await take(provider)).text).toBe("Hello world");
    expect(create).toHaveBeenCalledTimes(1);
    create.mockRestore();
    const post = vi.spyOn(provider.client, "post");
    expect((await take(provider)).text).toBe("Hello world");
    expect(post).toHaveBeenCalledTimes(1);
  });

  test.each(["bearerAuth", "authHeaders", "buildURL", "buildHeaders"] as const)(
    "whose %s, of which its head is made, is another one by now",
    async (name) => {
      const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
      await take(provider);
      const made = vi.spyOn(provider.client as unknown as Record<typeof name, () => unknown>, name);
      expect((await take(provider)).text).toBe("Hello world");
      expect((await take(provider)).text).toBe("Hello world");
      expect(made.mock.calls.length).toBeGreaterThanOrEqual(2);
    },
  );

  test.each(PARTS)("whose %s is another one by now", async (name) => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    await take(provider);
    const head = chatHeadOf(provider.client);
    expect(await head?.get()).toBeDefined();
    Object.assign(provider.client, { [name]: () => {} });
    expect(await head?.get()).toBeUndefined();
  });

  test("whose method a library wrapped before it was made", async () => {
    const { OpenAI: Module } = createRequire(import.meta.url)("openai") as { OpenAI: typeof OpenAI };
    const { prototype } = Module.Chat.Completions;
    const original = prototype.create;
    let calls = 0;
    prototype.create = function create(this: OpenAI.Chat.Completions, ...args: never[]) {
      calls++;
      return Reflect.apply(original, this, args);
    } as typeof original;
    try {
      const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
      expect((await take(provider)).text).toBe("Hello world");
      expect((await take(provider)).text).toBe("Hello world");
      expect(calls).toBe(2);
    } finally {
      prototype.create = original;
    }
  });

  test("whose fetch or clock is another one by now", async () => {
    const provider = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    await take(provider);
    const { fetch } = provider.client as unknown as { fetch: typeof globalThis.fetch };
    const theirs = vi.fn(fetch);
    Object.assign(provider.client, { fetch: theirs });
    expect((await take(provider)).text).toBe("Hello world");
    expect(theirs).toHaveBeenCalledTimes(1);
    Object.assign(provider.client, { fetch });
    provider.client.timeout = 60_000;
    const timers = vi.spyOn(globalThis, "setTimeout");
    expect((await take(provider)).text).toBe("Hello world");
    expect(timers.mock.calls.some(([, ms]) => ms === 60_000)).toBe(true);
    timers.mockRestore();
  });
});
