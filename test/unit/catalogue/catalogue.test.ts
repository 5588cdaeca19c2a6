import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../../../src/catalogue/catalogue.js";
import { catalogueOf } from "../../../src/catalogue/registry.js";
import type { CatalogueSource } from "../../../src/model-facts.js";
import { type SteppedClock, steppedClock } from "../../support/stepped-clock.js";

type Load = CatalogueSource["load"];
type Reply = Awaited<ReturnType<Load>>;

const URL = "https://example.com/models";
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const list = (window: number, headers: Record<string, string> = {}): Reply => ({
  status: 200,
  headers: { "cache-control": "max-age=120", ...headers },
  body: JSON.stringify({
    data: [
      { id: "a/b", context_length: window },
      { id: "a/b:free", context_length: window * 2 },
      { id: "c/d", context_length: window * 3 },
    ],
  }),
});

interface Bench {
  clock: SteppedClock;
  catalogue: Catalogue;
  /** Headers of each request. */
  asked: Record<string, string>[];
  /** Refreshes and waits for the load, if one began. */
  refresh(refreshMs?: number): Promise<void>;
  window(): number | undefined;
}

/** A catalogue whose server gives one reply after another, and the last one for ever. */
function bench(...replies: (Reply | Error | Load)[]): Bench {
  const clock = steppedClock();
  const catalogue = new Catalogue(URL, clock);
  const asked: Record<string, string>[] = [];
  const load: Load = async (url, init) => {
    expect(url).toBe(URL);
    const reply = replies[Math.min(asked.push(init.headers), replies.length) - 1]!;
    if (reply instanceof Error) throw reply;
    return typeof reply === "function" ? reply(url, init) : reply;
  };
  return {
    clock,
    catalogue,
    asked,
    async refresh(refreshMs) {
      catalogue.refresh({ load, refreshMs });
      await catalogue.loaded();
      expect(clock.pending).toBe(0);
    },
    window: () => catalogue.facts("a/b")?.contextWindow,
  };
}

describe("Catalogue", () => {
  it("knows nothing before its first load, and loads nothing unasked", async () => {
    const { catalogue, asked } = bench(list(1));
    await catalogue.loaded();
    expect(catalogue.facts("a/b")).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("finds a variant by its model, but a free one only by itself", async () => {
    const { catalogue, refresh } = bench(list(1));
    await refresh();
    const windows = ["a/b", "a/b:nitro", "a/b:free", "c/d:free", "c/d:free:online", "x/y", "a", ":", ""].map(
      (id) => catalogue.facts(id)?.contextWindow,
    );
    expect(windows).toEqual([1, 1, 2, undefined, undefined, undefined, undefined, undefined, undefined]);
  });

  it("loads once while a load is under way", async () => {
    let answer = (_: Reply) => {};
    const { catalogue, asked, clock } = bench();
    const load: Load = (_, { headers }) => {
      asked.push(headers);
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    for (let i = 0; i < 3; i++) catalogue.refresh({ load });
    await Promise.resolve();
    for (let i = 0; i < 3; i++) catalogue.refresh({ load });
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(1);
    answer(list(1));
    await catalogue.loaded();
    expect(clock.pending).toBe(0);
    expect(catalogue.facts("a/b")).toEqual({ contextWindow: 1 });
  });
});

describe("freshness", () => {
  it.each<[string, Record<string, string>, number]>([
    ["max-age", {}, 2 * MINUTE],
    ["max-age less the age in other caches", { "cache-control": "max-age=600", age: "200" }, 400 * SECOND],
    [
      "Expires, by the server's own clock",
      {
        "cache-control": "",
        date: "Mon, 01 Jan 2024 00:00:00 GMT",
        expires: "Mon, 01 Jan 2024 02:00:00 GMT",
      },
      2 * HOUR,
    ],
    [
      "Expires, by ours where the server has no date",
      { "cache-control": "", expires: "Mon, 01 Jun 2026 03:00:01 GMT" },
      3 * HOUR,
    ],
    ["private copies", { "cache-control": "private, max-age=300" }, 5 * MINUTE],
    ["no header at all", { "cache-control": "" }, MINUTE],
    ["no-cache", { "cache-control": "no-cache" }, MINUTE],
    ["no-store", { "cache-control": "no-store, max-age=600" }, MINUTE],
    ["a copy that was stale on arrival", { "cache-control": "max-age=600", age: "900" }, MINUTE],
    ["nonsense", { "cache-control": "max-age=banana", expires: "soon", age: "-", vary: "*" }, MINUTE],
    ["a year", { "cache-control": "public, max-age=31536000, immutable" }, 24 * HOUR],
  ])("is told by %s", async (_, headers, ms) => {
    const { clock, refresh, asked } = bench(list(1, headers));
    await refresh();
    clock.advance(ms - 1);
    await refresh();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await refresh();
    expect(asked).toHaveLength(2);
  });

  it("is the user's own where they said so, shorter or longer", async () => {
    const { clock, refresh, asked } = bench(list(1));
    await refresh(10);
    clock.advance(10);
    await refresh(11);
    expect(asked).toHaveLength(1);
    await refresh(10);
    expect(asked).toHaveLength(2);
    clock.advance(HOUR);
    await refresh(2 * HOUR);
    expect(asked).toHaveLength(2);
  });
});

describe("a copy", () => {
  const tagged = list(1, { etag: '"v1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" });
  const validators = { "if-none-match": '"v1"', "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT" };

  it.each<[string, Record<string, string>]>([
    ["repeats the validators", { etag: '"v1"', "cache-control": "max-age=300" }],
    ["leaves them out", { "cache-control": "max-age=300" }],
    ["weakens them", { etag: 'W/"v1"', "cache-control": "max-age=300" }],
  ])("is fresh again after a 304 that %s", async (_, headers) => {
    const first = headers.etag?.startsWith("W/") ? list(1, { etag: 'W/"v1"' }) : tagged;
    const { clock, refresh, asked, window } = bench(first, { status: 304, headers, body: "" });
    await refresh();
    clock.advance(2 * MINUTE);
    await refresh();
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual({ accept: "application/json" });
    expect(asked[1]?.["if-none-match"]).toBe(first.headers.etag);
    if (first === tagged) expect(asked[1]).toEqual({ accept: "application/json", ...validators });
    expect(window()).toBe(1);
    clock.advance(5 * MINUTE - 1);
    await refresh();
    expect(asked).toHaveLength(2);
    clock.advance(1);
    await refresh();
    expect(asked).toHaveLength(3);
    expect(asked[2]?.["if-none-match"]).toBe(first.headers.etag);
  });

  it("is asked for whole after a 304 about another one", async () => {
    const other: Reply = { status: 304, headers: { etag: '"v9"' }, body: "" };
    const { clock, refresh, asked, window } = bench(tagged, other, list(2));
    await refresh();
    clock.advance(2 * MINUTE);
    await refresh();
    expect(window()).toBe(1);
    clock.advance(30 * SECOND);
    await refresh();
    expect(asked[2]).toEqual({ accept: "application/json" });
    expect(window()).toBe(2);
  });

  it("is not had by a 304 that nobody asked for", async () => {
    const { refresh, catalogue } = bench({ status: 304, headers: {}, body: "" });
    await refresh();
    expect(catalogue.facts("a/b")).toBeUndefined();
  });

  it("is replaced by a newer one", async () => {
    const { clock, refresh, window } = bench(tagged, list(2));
    await refresh();
    clock.advance(2 * MINUTE);
    await refresh();
    expect(window()).toBe(2);
  });

  it.each<[string, Reply | Error | Load]>([
    ["an error", { status: 503, headers: {}, body: "" }],
    ["another status", { ...list(9), status: 206 }],
    ["a dead connection", new Error("ECONNREFUSED")],
    ["no list", { ...list(9), body: "<html>" }],
    ["an empty list", { ...list(9), body: `{"data":[]}` }],
    ["a list that is too long", { ...list(9), body: list(9).body.padEnd(16 * 1024 * 1024 + 1) }],
    ["headers that are none", { ...list(9), headers: { "cache-control": 7 } as never }],
    ["nothing at all", (() => undefined) as unknown as Load],
    [
      "a loader that throws at once",
      () => {
        throw new Error("at once");
      },
    ],
  ])("outlives %s", async (_, failure) => {
    const { clock, refresh, asked, window } = bench(tagged, failure, list(2));
    await refresh();
    clock.advance(2 * MINUTE);
    await refresh();
    expect(asked).toHaveLength(2);
    expect(window()).toBe(1);
    clock.advance(30 * SECOND);
    await refresh();
    expect(window()).toBe(2);
  });
});

describe("after a failure", () => {
  it("waits 30 s, then twice as long each time, up to 10 min, and begins anew after a success", async () => {
    const replies: (Reply | Error)[] = Array.from({ length: 8 }, () => new Error("down"));
    const { clock, refresh, asked, window } = bench(...replies, list(1), new Error("down"), list(2));
    await refresh();
    for (const seconds of [30, 60, 120, 240, 480, 600, 600, 600]) {
      const before = asked.length;
      clock.advance(seconds * SECOND - 1);
      await refresh();
      expect(asked.length - before).toBe(0);
      clock.advance(1);
      await refresh();
      expect(asked.length - before).toBe(1);
    }
    expect(window()).toBe(1);
    clock.advance(2 * MINUTE);
    await refresh();
    clock.advance(30 * SECOND);
    await refresh();
    expect(window()).toBe(2);
  });

  it("waits however short the user's refreshMs is", async () => {
    const { refresh, asked, clock } = bench(new Error("down"));
    await refresh(1);
    clock.advance(29 * SECOND);
    await refresh(1);
    expect(asked).toHaveLength(1);
  });

  it("says so once aloud, without the query of the URL", async () => {
    const clock = steppedClock();
    const lines: unknown[] = [];
    const at = (level: string) => (fields: object) => void lines.push([level, fields]);
    const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as never;
    const catalogue = new Catalogue("https://example.com/models?key=hunter2", clock);
    for (let i = 0; i < 2; i++) {
      catalogue.refresh({ load: () => Promise.reject(new Error("down")), logger });
      await catalogue.loaded();
      clock.advance(HOUR);
    }
    const fields = { url: "https://example.com/models", reason: "down" };
    expect(lines).toEqual([
      ["info", { ...fields, retryInMs: 30_000 }],
      ["debug", { ...fields, retryInMs: 60_000 }],
    ]);
  });
});

it("bears a logger that throws, and an error that cannot be shown", async () => {
  const boom = () => {
    throw new Error("no disk");
  };
  for (const [error, info] of [
    [new Error("down"), boom],
    [Object.create(null), () => {}],
  ]) {
    const catalogue = new Catalogue(URL, steppedClock());
    catalogue.refresh({ load: () => Promise.reject(error), logger: { info } as never });
    await expect(catalogue.loaded()).resolves.toBeUndefined();
  }
});

describe("a load that hangs", () => {
  it.each([true, false])(
    "ends after 10 s and counts as a failure; it listens to its signal: %s",
    async (obeys) => {
      const { catalogue, clock, asked } = bench();
      const load: Load = (_, { headers, signal }) => {
        asked.push(headers);
        return new Promise((_, reject) => {
          if (obeys) signal.addEventListener("abort", () => reject(signal.reason));
        });
      };
      catalogue.refresh({ load });
      await Promise.resolve();
      const ended = catalogue.loaded().then(() => "ended");
      clock.advance(9_999);
      expect(await Promise.race([ended, Promise.resolve("not yet")])).toBe("not yet");
      clock.advance(1);
      expect(await ended).toBe("ended");
      expect(clock.pending).toBe(0);
      catalogue.refresh({ load });
      expect(asked).toHaveLength(1);
      clock.advance(30 * SECOND);
      catalogue.refresh({ load });
      await Promise.resolve();
      expect(asked).toHaveLength(2);
      catalogue.abort();
    },
  );

  it("ends at an abort, which is no failure", async () => {
    const { catalogue, clock } = bench();
    let signal: AbortSignal | undefined;
    const hang: Load = (_, init) => {
      signal = init.signal;
      return new Promise(() => {});
    };
    catalogue.refresh({ load: hang });
    await Promise.resolve();
    const ended = catalogue.loaded();
    catalogue.abort();
    expect(signal?.aborted).toBe(true);
    await ended;
    expect(clock.pending).toBe(0);
    catalogue.refresh({ load: async () => list(5) });
    await catalogue.loaded();
    expect(catalogue.facts("a/b")?.contextWindow).toBe(5);
  });

  it("may be aborted before it has begun", async () => {
    const { catalogue, asked, clock } = bench();
    const load: Load = async (_, { headers }) => {
      asked.push(headers);
      return list(1);
    };
    catalogue.refresh({ load });
    catalogue.abort();
    await catalogue.loaded();
    expect(asked).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("brings nothing when its answer comes after the abort", async () => {
    const { catalogue } = bench();
    let answer = (_: Reply) => {};
    const slow: Load = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    catalogue.refresh({ load: slow });
    await Promise.resolve();
    const ended = catalogue.loaded();
    catalogue.abort();
    answer(list(1));
    await ended;
    expect(catalogue.facts("a/b")).toBeUndefined();
  });
});

describe("catalogueOf", () => {
  function source(url: string | (() => string) = URL) {
    const asked: string[] = [];
    const signals: AbortSignal[] = [];
    let answer: Load = async () => list(1);
    return {
      asked,
      signals,
      hang: () => {
        answer = () => new Promise(() => {});
      },
      get url() {
        return typeof url === "string" ? url : url();
      },
      load: ((each, init) => {
        asked.push(each);
        signals.push(init.signal);
        return answer(each, init);
      }) as Load,
    };
  }

  it("shares one copy between all who ask for a URL", async () => {
    const clock = steppedClock();
    const from = source();
    const handles = Array.from({ length: 50 }, () => catalogueOf(from, {}, clock));
    for (const handle of handles) handle.refresh();
    await Promise.all(handles.map((handle) => handle.loaded()));
    expect(from.asked).toEqual([URL]);
    expect(handles.map((handle) => handle.facts("a/b")?.contextWindow)).toEqual(Array(50).fill(1));
    expect(catalogueOf(from, {}, steppedClock()).facts("a/b")).toBeUndefined();
  });

  it("keeps the copy for the next one when nobody holds it", async () => {
    const clock = steppedClock();
    const from = source();
    const first = catalogueOf(from, {}, clock);
    await first.loaded();
    first.release();
    expect(first.facts("a/b")).toBeUndefined();
    expect(catalogueOf(from, {}, clock).facts("a/b")).toBeDefined();
    expect(from.asked).toHaveLength(1);
  });

  it("aborts a load when the last holder lets go, and only then", async () => {
    const clock = steppedClock();
    const from = source();
    from.hang();
    const [one, two] = [catalogueOf(from, {}, clock), catalogueOf(from, {}, clock)];
    one.refresh();
    two.refresh();
    await Promise.resolve();
    one.release();
    one.release();
    expect(from.signals.map(({ aborted }) => aborted)).toEqual([false]);
    two.release();
    expect(from.signals.map(({ aborted }) => aborted)).toEqual([true]);
    await Promise.resolve();
    await Promise.resolve();
    await two.loaded();
    expect(clock.pending).toBe(0);
    two.refresh();
    await two.loaded();
    expect(from.asked).toHaveLength(1);
  });

  it("asks for the URL at each use, and for the user's own instead", async () => {
    const clock = steppedClock();
    let env = "https://one.example/models";
    const from = source(() => env);
    const handle = catalogueOf(from, {}, clock);
    await handle.loaded();
    env = "https://two.example/models";
    expect(handle.facts("a/b")).toBeUndefined();
    await handle.loaded();
    expect(handle.facts("a/b")).toBeDefined();
    await catalogueOf(from, { url: "https://three.example/models" }, clock).loaded();
    expect(from.asked).toEqual([
      "https://one.example/models",
      "https://two.example/models",
      "https://three.example/models",
    ]);
  });

  it("knows nothing while there is no URL, and does not throw", async () => {
    const from = source(() => {
      throw new Error("OPEN_ROUTER_BASE_URL must be an absolute http or https URL");
    });
    const handle = catalogueOf(from, {}, steppedClock());
    handle.refresh();
    await handle.loaded();
    expect(handle.facts("a/b")).toBeUndefined();
    handle.release();
  });

  it("shares at most a hundred URLs, dropping those that nobody holds first", async () => {
    const clock = steppedClock();
    const from = source();
    const at = (n: number) => catalogueOf(from, { url: `https://${n}.example/models` }, clock);
    const known = (n: number) => {
      const handle = at(n);
      const facts = handle.facts("a/b");
      handle.release();
      return facts !== undefined;
    };
    const held = at(0);
    await held.loaded();
    for (let n = 1; n <= 100; n++) {
      const handle = at(n);
      await handle.loaded();
      handle.release();
    }
    expect([0, 2, 100].map(known)).toEqual([true, true, true]);
    expect(known(1)).toBe(false);
    held.release();
  });

  it("keeps its bound when all are held, and each holder its copy", async () => {
    const clock = steppedClock();
    const from = source();
    const handles = await Promise.all(
      Array.from({ length: 150 }, async (_, n) => {
        const handle = catalogueOf(from, { url: `https://${n}.example/models` }, clock);
        await handle.loaded();
        return handle;
      }),
    );
    expect(handles.every((handle) => handle.facts("a/b") !== undefined)).toBe(true);
    for (const handle of handles) handle.release();
    expect(catalogueOf(from, { url: "https://0.example/models" }, clock).facts("a/b")).toBeUndefined();
    expect(catalogueOf(from, { url: "https://149.example/models" }, clock).facts("a/b")).toBeDefined();
  });

  it("never throws nor leaves a timer, whatever the loader gives", async () => {
    const reply = fc.oneof(
      fc.anything(),
      fc.record({
        status: fc.oneof(fc.constantFrom(200, 304, 500), fc.anything()),
        headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
        body: fc.oneof(fc.constant(list(1).body), fc.json(), fc.anything()),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { minLength: 1, maxLength: 4 }), async (replies) => {
        const clock = steppedClock();
        const load = (async () => replies.shift()) as unknown as Load;
        const handle = catalogueOf({ url: URL, load }, {}, clock);
        for (let i = 0; i < 5; i++) {
          handle.refresh();
          await handle.loaded();
          handle.facts("a/b");
          clock.advance(HOUR);
        }
        handle.release();
        expect(clock.pending).toBe(0);
      }),
    );
  });
});
