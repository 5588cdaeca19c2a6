import { inspect } from "node:util";
import OpenAI from "openai";
import { pino } from "pino";
import { Agent, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { OptionsError } from "../../../src/errors.js";
import { FallbackChain } from "../../../src/fallback-chain.js";
import { EXCHANGE, type Exchange } from "../../../src/providers/exchange.js";
import { createFetch } from "../../../src/providers/fetch.js";
import { openAICompatible } from "../../../src/providers/openai-compatible.js";
import { openRouter } from "../../../src/providers/openrouter.js";
import { DONE, HELLO, REQUEST, SSE, serve, type TestServer, take } from "./server.js";

const KEY = "sk-or-v1-canary-0123456789";
const servers: TestServer[] = [];
const env = { ...process.env };

async function hello(): Promise<TestServer> {
  const server = await serve((response) => response.writeHead(200, SSE).end(HELLO + DONE));
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const name of ["OPEN_ROUTER_API_KEY", "OPEN_ROUTER_BASE_URL"]) {
    if (env[name] === undefined) delete process.env[name];
    else process.env[name] = env[name];
  }
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as Error).message;
  }
  throw new Error("it did not throw");
}

describe("openRouter", () => {
  test("sends its headers, and its routing where the request has none", async () => {
    const { baseURL, requests } = await hello();
    const provider = openRouter({
      apiKey: KEY,
      baseURL: `${baseURL}/`,
      referer: "https://my.app",
      title: "My app",
      provider: { order: ["anthropic"] },
      headers: { "X-Session-Id": "s1" },
      clientOptions: {
        defaultHeaders: { "x-more": "m", "x-session-id": "overruled" },
        maxRetries: 5,
        timeout: 1,
      },
    });
    expect((await take(provider)).text).toBe("Hello world");
    await take(provider, { ...REQUEST, provider: { only: ["x"] } });
    expect(requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      "http-referer": "https://my.app",
      "x-openrouter-title": "My app",
      "x-title": "My app",
      "x-session-id": "s1",
      "x-more": "m",
    });
    expect(requests[0]?.url).toBe("/api/v1/chat/completions");
    expect(requests.map(({ body }) => body.provider)).toEqual([{ order: ["anthropic"] }, { only: ["x"] }]);
  });

  test("reads key and address from the environment at the first request", async () => {
    const { baseURL, requests } = await hello();
    const provider = openRouter();
    process.env.OPEN_ROUTER_API_KEY = `${KEY}\n`;
    process.env.OPEN_ROUTER_BASE_URL = baseURL;
    expect((await take(provider)).text).toBe("Hello world");
    expect(requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test("without a key fails at the first request, naming the option and the variable", async () => {
    delete process.env.OPEN_ROUTER_API_KEY;
    const server = await hello();
    const { error } = await take(openRouter({ baseURL: server.baseURL, apiKey: "" }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(String(error)).toContain("apiKey");
    expect(String(error)).toContain("OPEN_ROUTER_API_KEY");
    expect(server.accepted).toBe(0);
  });

  test("has an account that tells keys and hosts apart and holds no key", () => {
    const account = (apiKey: string, baseURL?: string) => openRouter({ apiKey, baseURL }).account;
    expect(account(KEY)).toBe(account(KEY));
    expect(account(KEY)).toBe(account(KEY, "https://openrouter.ai/other"));
    expect(account(KEY)).not.toBe(account(`${KEY}2`));
    expect(account(KEY)).not.toBe(account(KEY, "https://other.test"));
    expect(account(KEY)).toMatch(/^[0-9a-f]{16}$/);
  });

  test("redacts its key and secret headers, in plain and as JSON", () => {
    const provider = openRouter({
      apiKey: KEY,
      headers: { "x-api-key": "hush-hush-1", "x-team": "billing" },
    });
    const text = provider.redact?.(`bad ${KEY}, hush-hush-1 of billing`);
    expect(text).not.toContain(KEY);
    expect(text).not.toContain("hush-hush-1");
    expect(text).toContain("billing");
  });

  test.each(["a\r\nb", "a\nb", "a b", "kéy", "a\u2013b", "a\0b", "x".repeat(5_000)])(
    "refuses the key %j without showing it",
    async (apiKey) => {
      const message = messageOf(() => openRouter({ apiKey }));
      expect(message).toContain("apiKey");
      expect(message).not.toContain(apiKey);
      process.env.OPEN_ROUTER_API_KEY = apiKey.replace("\0", "\u0001");
      const { error } = await take(openRouter());
      expect(error).toBeInstanceOf(OptionsError);
      expect(String(error)).toContain("OPEN_ROUTER_API_KEY");
      expect(String(error)).not.toContain(process.env.OPEN_ROUTER_API_KEY);
    },
  );

  test.each<[string, object]>([
    ["name", { name: "" }],
    ["baseURL", { baseURL: "openrouter.ai/api" }],
    ["baseURL", { baseURL: "ftp://openrouter.ai" }],
    ["baseURL", { baseURL: "https://user:hunter2@openrouter.ai" }],
    ["baseURL", { baseURL: "https://openrouter.ai/?key=hunter2" }],
    ["baseURL", { baseURL: "https://openrouter.ai/#hunter2" }],
    ["baseURL", { baseURL: "https://openrouter.ai\r\n" }],
    ["headers.Host", { headers: { Host: "hunter2" } }],
    ["headers.content-length", { headers: { "content-length": "1" } }],
    ["headers.Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }],
    ["headers.Authorization", { headers: { Authorization: "Bearer hunter2" } }],
    ["headers", { headers: { "a b": "hunter2" } }],
    ["headers.x-a", { headers: { "x-a": "hunter2\r\nx-b: 1" } }],
    ["referer.HTTP-Referer", { referer: "https://é.test" }],
    ["title.X-OpenRouter-Title", { title: "a\nb" }],
    ["clientOptions.defaultHeaders.x-a", { clientOptions: { defaultHeaders: { "x-a": "hunter2\n" } } }],
  ])("names a wrong %s and no secret", (path, options) => {
    const message = messageOf(() => openRouter({ apiKey: KEY, ...options }));
    expect(message).toContain(path);
    expect(message).not.toContain("hunter2");
  });
});

describe("the sending", () => {
  test("is done by the user's fetch, which sees no symbol and follows no redirect", async () => {
    const { baseURL } = await hello();
    const seen: RequestInit[] = [];
    const fetch: typeof globalThis.fetch = (url, init) => {
      seen.push(init ?? {});
      return globalThis.fetch(url, init);
    };
    for (const options of [{ fetch }, { clientOptions: { fetch } }]) {
      expect((await take(openRouter({ apiKey: KEY, baseURL, ...options }))).text).toBe("Hello world");
    }
    expect(seen).toHaveLength(2);
    for (const init of seen) {
      expect(Object.getOwnPropertySymbols(init)).toEqual([]);
      expect(init).toMatchObject({ method: "POST", redirect: "manual" });
    }
  });

  test("is done by a replaced global fetch", async () => {
    const { baseURL } = await hello();
    const original = globalThis.fetch;
    let calls = 0;
    globalThis.fetch = (...args) => {
      calls++;
      return original(...args);
    };
    try {
      expect((await take(openRouter({ apiKey: KEY, baseURL }))).text).toBe("Hello world");
    } finally {
      globalThis.fetch = original;
    }
    expect(calls).toBe(1);
  });

  test("goes through the dispatcher the user set globally, or for this client", async () => {
    const mock = () => {
      const agent = new MockAgent();
      agent.disableNetConnect();
      agent
        .get("https://openrouter.ai")
        .intercept({ path: "/api/v1/chat/completions", method: "POST" })
        .reply(200, HELLO + DONE, { headers: SSE });
      return agent;
    };
    const before = getGlobalDispatcher();
    setGlobalDispatcher(mock());
    try {
      expect((await take(openRouter({ apiKey: KEY }))).text).toBe("Hello world");
    } finally {
      setGlobalDispatcher(before);
    }
    const fetchOptions = { dispatcher: mock() } as object;
    expect((await take(openRouter({ apiKey: KEY, clientOptions: { fetchOptions } }))).text).toBe(
      "Hello world",
    );
  });

  test("goes through an Agent with options, and not through one without", async () => {
    const { baseURL } = await hello();
    const before = getGlobalDispatcher();
    const used: string[] = [];
    const counting = (name: string, agent: Agent) => {
      agent.on("connect", () => used.push(name));
      return agent;
    };
    try {
      setGlobalDispatcher(counting("options", new Agent({ connect: { keepAlive: true } })));
      await take(openRouter({ apiKey: KEY, baseURL }));
      setGlobalDispatcher(counting("plain", new Agent()));
      await take(openRouter({ apiKey: KEY, baseURL }));
    } finally {
      setGlobalDispatcher(before);
    }
    expect(used).toEqual(["options"]);
  });

  test("is not begun once the signal is aborted, also when the client took long to get there", async () => {
    const server = await hello();
    let calls = 0;
    const custom = async () => {
      calls++;
      return new Response();
    };
    for (const fetch of [createFetch(), createFetch(custom)]) {
      const exchange: Exchange = { onReply: () => {} };
      const init = { signal: AbortSignal.abort(), method: "POST", [EXCHANGE]: exchange };
      await expect(fetch(server.baseURL, init)).rejects.toThrow();
    }
    expect([server.accepted, calls]).toEqual([0, 0]);
  });

  test("a user's fetch that ignores the signal cannot hold the attempt", async () => {
    const never = () => new Promise<Response>(() => {});
    const silent = async () => new Response(new ReadableStream({}), { headers: SSE });
    for (const fetch of [never, silent]) {
      const controller = new AbortController();
      const taking = take(openRouter({ apiKey: KEY, fetch }), REQUEST, controller.signal);
      setTimeout(() => controller.abort(), 20);
      expect((await taking).signal).toEqual({ kind: "aborted" });
    }
  });

  test("an error of the user's fetch is thrown as it was, an AbortError of its own as a lost connection", async () => {
    const failed = new TypeError("fetch failed");
    const fetch = (error: Error) => () => Promise.reject(error);
    expect((await take(openRouter({ apiKey: KEY, fetch: fetch(failed) }))).signal).toEqual({
      kind: "thrown",
      error: failed,
      afterContent: false,
    });
    const aborted = new DOMException("gone", "AbortError");
    expect((await take(openRouter({ apiKey: KEY, fetch: fetch(aborted) }))).signal).toMatchObject({
      kind: "thrown",
      error: { code: "ECONNABORTED" },
    });
  });

  test("a body of the user's fetch is cancelled when the answer is given up", async () => {
    let cancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(HELLO)),
      cancel: () => {
        cancelled = true;
      },
    });
    const provider = openRouter({ apiKey: KEY, fetch: async () => new Response(body, { headers: SSE }) });
    const context = { signal: new AbortController().signal, attemptId: "a", onHeaders: () => {} };
    const iterator = (await provider.open(REQUEST, context))[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toMatchObject({ done: true });
    expect(cancelled).toBe(true);
  });
});

describe("a client of the user's own", () => {
  const make = (apiKey: string | (() => Promise<string>), baseURL = "https://openrouter.ai/api/v1") =>
    new OpenAI({ apiKey, baseURL, maxRetries: 0 });

  test("has its key redacted, in every failure of a call too", async () => {
    const server = await serve((response, { headers }) =>
      response
        .writeHead(401)
        .end(JSON.stringify({ error: { message: `No such key: ${headers.authorization?.slice(7)}.` } })),
    );
    servers.push(server);
    const provider = openRouter({ client: () => make("plain-words-of-mine", server.baseURL) });
    expect(provider.redact?.("bad plain-words-of-mine")).toBe("bad [redacted]");
    const chain = new FallbackChain({ targets: ["a/b"], provider, logger: false });
    const error = await chain.complete({ messages: REQUEST.messages }).catch((error: unknown) => error);
    expect(String(error) + JSON.stringify(error)).toContain("No such key");
    expect(String(error) + JSON.stringify(error)).not.toContain("plain-words-of-mine");
  });

  test("has a key that a function gives redacted, too", async () => {
    const server = await hello();
    const client = make(async () => "given-late-by-a-function", server.baseURL);
    const provider = openRouter({ client: () => client });
    expect((await take(provider)).text).toBe("Hello world");
    expect(server.requests[0]?.headers.authorization).toBe("Bearer given-late-by-a-function");
    expect(provider.redact?.("bad given-late-by-a-function")).toBe("bad [redacted]");
  });

  test("decides the account by its key and host, and not by ours", () => {
    process.env.OPEN_ROUTER_API_KEY = KEY;
    const account = (key: string, baseURL?: string) =>
      openRouter({ client: () => make(key, baseURL) }).account;
    expect(account("one")).toBe(account("one"));
    expect(account("one")).not.toBe(account("two"));
    expect(account("one")).not.toBe(account("one", "https://other.test/v1"));
    expect(account(KEY)).toBe(openRouter({ apiKey: KEY, baseURL: "https://openrouter.ai/api/v1" }).account);
  });

  test("that cannot be made hides no failure", () => {
    const provider = openRouter({
      apiKey: KEY,
      client: () => {
        throw new Error("no client");
      },
    });
    expect(provider.redact?.(`bad ${KEY}`)).toBe("bad [redacted]");
    expect(provider.account).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("the client", () => {
  test("can be used directly, and answers as any openai client", async () => {
    const completion = {
      id: "x",
      choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
    };
    const server = await serve((response, { body, url }) => {
      if (url.endsWith("/models"))
        response.writeHead(404).end('{"error":{"message":"Not Found","code":404}}');
      else if (body.stream) response.writeHead(200, SSE).end(HELLO + DONE);
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(completion));
    });
    servers.push(server);
    const { client } = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    const body = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
    expect((await client.chat.completions.create(body)).choices[0]?.message.content).toBe("Hi");
    let text = "";
    for await (const part of await client.chat.completions.create({ ...body, stream: true })) {
      text += part.choices[0]?.delta.content ?? "";
    }
    expect(text).toBe("Hello world");
    await expect(client.models.list()).rejects.toMatchObject({
      status: 404,
      error: { message: "Not Found" },
    });
  });

  test("is made once, and may be the user's own with any fetch", async () => {
    const server = await serve((response, { body }) => {
      if (body.user === "fail")
        response.writeHead(429, { "retry-after": "3" }).end('{"error":{"message":"slow down"}}');
      else response.writeHead(200, SSE).end(HELLO + DONE);
    });
    servers.push(server);
    const own = new OpenAI({ apiKey: "own", baseURL: server.baseURL, maxRetries: 3 });
    const provider = openRouter({ client: () => own });
    expect(provider.client).toBe(own);
    const plain = openRouter({ apiKey: KEY });
    expect(plain.client).toBe(plain.client);

    const taken = await take(provider);
    expect(taken).toMatchObject({ text: "Hello world", heads: [{ status: 200 }] });
    const failed = await take(provider, { ...REQUEST, user: "fail" });
    expect(failed.heads).toEqual([{ status: 429 }]);
    expect(failed.signal).toEqual({
      kind: "http",
      status: 429,
      headers: expect.objectContaining({ "retry-after": "3" }),
      body: '{"error":{"message":"slow down"}}',
    });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer own", "Bearer own"]);
  });

  test("is hidden from whatever walks over a provider, such as a logger", () => {
    const providers = [
      openRouter({ apiKey: KEY }),
      openAICompatible({ name: "local", baseURL: "https://models.example/v1", apiKey: KEY }),
    ];
    for (const provider of providers) {
      expect(provider.client.apiKey).toBe(KEY);
      const lines: string[] = [];
      pino({}, { write: (line: string) => void lines.push(line) }).info({ target: { id: "a/b", provider } });
      expect(lines.join()).toContain(provider.name);
      for (const text of [lines.join(), JSON.stringify({ ...provider }), inspect(provider, { depth: 9 })]) {
        expect(text).not.toContain(KEY);
      }
    }
  });
});
