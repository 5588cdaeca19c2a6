import { gzipSync } from "node:zlib";
import OpenAI from "openai";
import { Agent } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { type CatalogueHandle, type CatalogueOptions, catalogueOf } from "../../src/catalogue/registry.js";
import type { CatalogueSource } from "../../src/model-facts.js";
import { openAICompatible } from "../../src/providers/openai-compatible.js";
import { type OpenRouterOptions, openRouter } from "../../src/providers/openrouter.js";
import { type Simulator, startSimulator } from "../../src/testing/index.js";
import { eventually } from "../support/eventually.js";
import { leavesNothingBehind } from "../support/resources.js";
import { steppedClock } from "../support/stepped-clock.js";
import { serve, serveRaw, type TestServer } from "../unit/providers/server.js";

const KEY = "sk-or-v1-canary-0123456789";
const JSON_TYPE = { "content-type": "application/json" };
const LIST = JSON.stringify({ data: [{ id: "a/b", context_length: 8_192 }] });
const env = { ...process.env };

leavesNothingBehind();

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const name of ["OPEN_ROUTER_API_KEY", "OPEN_ROUTER_BASE_URL"]) {
    if (env[name] === undefined) delete process.env[name];
    else process.env[name] = env[name];
  }
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function closing<T extends Simulator | TestServer>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  closers.push(() => server.close());
  return server;
}

const simulator = () =>
  closing(
    startSimulator({
      models: { "a/b": {} },
      catalogue: {
        "a/b": { contextLength: 1_048_576, topProviderContextLength: 262_000, promptPrice: 0.0000002 },
        "c/d:free": { supportedParameters: ["max_tokens"], inputModalities: ["text", "image"] },
      },
    }),
  );

function held(source: CatalogueSource, options: CatalogueOptions = {}) {
  const clock = steppedClock();
  const handle: CatalogueHandle = catalogueOf(source, options, clock);
  closers.push(() => handle.release());
  return { ...handle, clock };
}

/** A hold of the list of a server that is asked with a key in every place that one can be in. */
function heldAt({ baseURL }: { baseURL: string }, options: OpenRouterOptions = {}) {
  const headers = { "x-api-key": KEY };
  return held(openRouter({ apiKey: KEY, baseURL, headers, ...options }).catalogue);
}

describe("the list of models", () => {
  it("is loaded once, without a key, and read", async () => {
    const server = await simulator();
    const { refresh, loaded, facts, clock } = heldAt(server);
    refresh();
    expect(facts("a/b")).toBeUndefined();
    await loaded();
    expect(facts("a/b")).toEqual({
      contextWindow: 262_000,
      maxOutputTokens: 16_384,
      price: { input: 0.2, output: 25, request: 0, image: 0 },
      tools: true,
      jsonSchema: true,
      imageInput: false,
    });
    expect(facts("a/b-2025-08-07")).toEqual(facts("a/b"));
    expect(facts("a/b:nitro")).toEqual(facts("a/b"));
    expect(facts("c/d:free")).toMatchObject({ tools: false, jsonSchema: false, imageInput: true });
    expect(facts("c/d:free")?.price).toEqual({ input: 0, output: 0, request: 0, image: 0 });
    expect(facts("c/d")).toBeUndefined();

    clock.advance(119_999);
    await loaded();
    const [request, ...more] = server.requests;
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: "GET", path: "/api/v1/models", closedBy: "server" });
    expect(request?.headers).toMatchObject({ accept: "application/json", "accept-encoding": "identity" });
    expect(JSON.stringify(request?.headers)).not.toContain("canary");
    expect(request?.headers).not.toHaveProperty("authorization");

    clock.advance(1);
    await loaded();
    expect(server.requests).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("is shared between providers of one URL", async () => {
    const server = await simulator();
    const clock = steppedClock();
    const handles = Array.from({ length: 20 }, (_, i) =>
      catalogueOf(openRouter({ apiKey: `${KEY}${i}`, baseURL: server.baseURL }).catalogue, {}, clock),
    );
    await Promise.all(handles.map((handle) => handle.loaded()));
    expect(server.requests).toHaveLength(1);
    for (const handle of handles) {
      expect(handle.facts("a/b")).toBeDefined();
      handle.release();
    }
  });

  it("is kept when the server is gone", async () => {
    const server = await simulator();
    const { loaded, facts, clock } = heldAt(server);
    await loaded();
    await server.close();
    clock.advance(3_600_000);
    await loaded();
    expect(facts("a/b")).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  it("is asked for again with its tag, and kept at a 304", async () => {
    const server = await closing(
      serve((response, { headers }) => {
        const cache = { etag: '"v1"', "cache-control": "max-age=90" };
        if (headers["if-none-match"] === '"v1"') response.writeHead(304, cache).end();
        else response.writeHead(200, { ...JSON_TYPE, ...cache }).end(LIST);
      }),
    );
    const { loaded, facts, clock } = heldAt(server);
    for (let n = 1; n <= 3; n++) {
      await loaded();
      expect(facts("a/b")).toEqual({ contextWindow: 8_192 });
      expect(server.requests).toHaveLength(n);
      clock.advance(90_000);
    }
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([
      undefined,
      '"v1"',
      '"v1"',
    ]);
  });

  it("comes from where the environment says at that moment, with no key in it at all", async () => {
    delete process.env.OPEN_ROUTER_API_KEY;
    const { loaded, facts } = held(openRouter().catalogue);
    const server = await simulator();
    process.env.OPEN_ROUTER_BASE_URL = `${server.baseURL}/`;
    await loaded();
    expect(facts("a/b")).toBeDefined();
    process.env.OPEN_ROUTER_BASE_URL = "no URL";
    await loaded();
    expect(facts("a/b")).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it("comes from the user's URL instead", async () => {
    const server = await simulator();
    const { catalogue } = openRouter({ apiKey: KEY, baseURL: "http://127.0.0.1:1/api/v1" });
    const { loaded, facts } = held(catalogue, { url: `${server.baseURL}/models` });
    await loaded();
    expect(facts("a/b")).toBeDefined();
  });

  it("is none of a provider that lists none", () => {
    expect(openAICompatible({ name: "x", baseURL: "http://127.0.0.1:1/v1" })).not.toHaveProperty("catalogue");
  });
});

describe("the transport", () => {
  it("is the user's fetch, as an option or in the client's options", async () => {
    const server = await simulator();
    for (const place of ["fetch", "clientOptions"] as const) {
      const seen: RequestInit[] = [];
      const fetch: typeof globalThis.fetch = (url, init) => {
        seen.push(init ?? {});
        return globalThis.fetch(url, init);
      };
      const { loaded, facts } = heldAt(server, place === "fetch" ? { fetch } : { clientOptions: { fetch } });
      await loaded();
      expect(facts("a/b")).toBeDefined();
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ method: "GET", redirect: "manual" });
      expect(Object.getOwnPropertySymbols(seen[0])).toEqual([]);
      expect(new Headers(seen[0]?.headers).has("authorization")).toBe(false);
    }
  });

  it("is the user's dispatcher", async () => {
    const server = await simulator();
    let sent = 0;
    class Counting extends Agent {
      override dispatch(...args: Parameters<Agent["dispatch"]>): boolean {
        sent++;
        return super.dispatch(...args);
      }
    }
    const dispatcher = new Counting();
    closers.push(() => dispatcher.destroy());
    const { loaded, facts } = heldAt(server, { clientOptions: { fetchOptions: { dispatcher } } as object });
    await loaded();
    expect(facts("a/b")).toBeDefined();
    expect(sent).toBe(1);
  });

  it("is that of the user's client, whose address it has and whose key it leaves alone", async () => {
    const server = await simulator();
    let sent = 0;
    const fetch: typeof globalThis.fetch = (url, init) => {
      sent++;
      return globalThis.fetch(url, init);
    };
    const clients = [
      new OpenAI({ apiKey: KEY, baseURL: `${server.baseURL}/`, fetch, defaultHeaders: { "x-api-key": KEY } }),
      new OpenAI({ apiKey: KEY, baseURL: server.baseURL }),
      // Its fetch is our own, around our own.
      openRouter({ apiKey: KEY, baseURL: server.baseURL }).client,
    ];
    for (const client of clients) {
      const { loaded, facts } = held(openRouter({ client: () => client }).catalogue);
      await loaded();
      expect(facts("a/b")).toBeDefined();
    }
    expect(sent).toBe(1);
    expect(server.requests.map(({ path }) => path)).toEqual(Array(3).fill("/api/v1/models"));
    expect(JSON.stringify(server.requests.map(({ headers }) => headers))).not.toContain("canary");
  });

  it("of a client with our fetch keeps a copy at a 304", async () => {
    const server = await closing(
      serve((response, { headers }) => {
        if (headers["if-none-match"]) response.writeHead(304).end();
        else response.writeHead(200, { ...JSON_TYPE, etag: '"v1"' }).end(LIST);
      }),
    );
    const { client } = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    const { loaded, facts, clock } = held(openRouter({ client: () => client }).catalogue);
    await loaded();
    clock.advance(60_000);
    await loaded();
    clock.advance(59_999);
    await loaded();
    expect(server.requests).toHaveLength(2);
    expect(facts("a/b")).toBeDefined();
  });

  it("knows nothing, and does not throw, when the user's client cannot be made", async () => {
    const { loaded, facts } = held(
      openRouter({
        client: () => {
          throw new Error("no client");
        },
      }).catalogue,
    );
    await loaded();
    expect(facts("a/b")).toBeUndefined();
  });
});

describe("a server that means no good", () => {
  it.each<[string, () => Promise<TestServer>]>([
    ["says nothing", () => serveRaw(() => {})],
    ["stops after the head", () => serve((response) => response.writeHead(200, JSON_TYPE).flushHeaders())],
    [
      "stops in the list",
      () => serve((response) => response.writeHead(200, JSON_TYPE).write(LIST.slice(0, 20))),
    ],
    ["stops in an error", () => serve((response) => response.writeHead(500, JSON_TYPE).write("{"))],
  ])("and %s is left after 10 s, with nothing left open", async (_, start) => {
    const server = await closing(start());
    const { refresh, loaded, facts, clock } = heldAt(server);
    refresh();
    expect(await eventually(() => server.sockets.size === 1)).toBe(true);
    const [socket] = server.sockets;
    const ended = loaded();
    clock.advance(10_000);
    await ended;
    expect(await eventually(() => socket?.destroyed === true)).toBe(true);
    expect(clock.pending).toBe(0);
    expect(facts("a/b")).toBeUndefined();
    expect(server.requests.length).toBeLessThanOrEqual(1);
  });

  it("sends a redirect, which nobody follows", async () => {
    const other = await simulator();
    const server = await closing(
      serve((response) => response.writeHead(302, { location: `${other.baseURL}/models` }).end()),
    );
    const { loaded, facts } = heldAt(server);
    await loaded();
    expect(facts("a/b")).toBeUndefined();
    expect(server.requests).toHaveLength(1);
    expect(other.requests).toEqual([]);
  });

  it("sends a list without an end, of which 16 MiB are read", async () => {
    const block = Buffer.alloc(1 << 20, " ");
    let sent = 0;
    const server = await closing(
      serve((response) => {
        response.writeHead(200, JSON_TYPE).write(LIST.slice(0, -1));
        const more = () => {
          while (!response.destroyed && sent < 200) {
            sent++;
            if (!response.write(block)) break;
          }
        };
        response.on("drain", more);
        more();
      }),
    );
    const { loaded, facts } = heldAt(server);
    await loaded();
    expect(await eventually(() => [...server.sockets].every(({ bytesWritten }) => bytesWritten === 0))).toBe(
      true,
    );
    expect(sent).toBeLessThan(100);
    expect(facts("a/b")).toBeUndefined();
  });

  it("compresses the list, which nobody inflates", async () => {
    const server = await closing(
      serve((response) =>
        response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(gzipSync(LIST)),
      ),
    );
    const { loaded, facts } = heldAt(server);
    await loaded();
    expect(facts("a/b")).toBeUndefined();
  });
});

describe("the last release", () => {
  it("closes the connection of a load under way", async () => {
    const server = await closing(serveRaw(() => {}));
    const { catalogue } = openRouter({ apiKey: KEY, baseURL: server.baseURL });
    const clock = steppedClock();
    const [one, two] = [catalogueOf(catalogue, {}, clock), catalogueOf(catalogue, {}, clock)];
    one.refresh();
    two.refresh();
    expect(await eventually(() => server.sockets.size === 1)).toBe(true);
    const [socket] = server.sockets;
    one.release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(socket?.destroyed).toBe(false);
    two.release();
    expect(await eventually(() => socket?.destroyed === true)).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
