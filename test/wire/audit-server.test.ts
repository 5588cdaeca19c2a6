import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { eventfulCall, eventfulCalls } from "../support/eventful-calls.js";
import { Serving } from "../support/serving.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

/** Machines that are busy are slow. */
const soon = <T>(check: () => T | Promise<T>) => vi.waitFor(check, 8_000);

const AT = Date.UTC(2026, 10, 25, 9);

describe("who is let in", () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await Serving.of(syntheticCalls(3));
  });
  afterAll(() => serving.close());

  it("listens on loopback only, and hides the token behind #", () => {
    const { url, token, port } = serving.server;
    expect(url).toBe(`http://127.0.0.1:${port}/#token=${token}`);
    expect(token).toMatch(/^[\w-]{43}$/);
  });

  it("gives the page to anyone, with a policy that lets nothing else run", async () => {
    const { status, headers } = await serving.get("/", {});
    expect(status).toBe(200);
    const policy = headers["content-security-policy"] as string;
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  it.each(["/api/overview", "/api/calls", "/api/calls/x", "/api/live", "/api/nothing"])(
    "gives nothing at %s without the token",
    async (path) => {
      const { token } = serving.server;
      const wrong = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
      for (const headers of [
        {},
        { authorization: token },
        { authorization: `Bearer ${wrong}` },
        { authorization: `Bearer ${token}x` },
        { authorization: "Bearer " },
        { cookie: `token=${token}` },
      ] as Record<string, string>[]) {
        const { status, json } = await serving.get(`${path}?token=${token}`, headers);
        expect([status, Object.keys(json)]).toEqual([401, ["error"]]);
      }
    },
  );

  it.each([
    ["another host", { host: "evil.example" }],
    ["a host that is pointed here", { host: "127.0.0.1.evil.example" }],
    ["another port", { host: "127.0.0.1:1" }],
    ["no port", { host: "127.0.0.1" }],
    ["another origin", { origin: "http://evil.example" }],
    ["the origin of a file or a frame", { origin: "null" }],
    ["the same host as https", { origin: "https://127.0.0.1" }],
    ["a cross-site fetch", { "sec-fetch-site": "cross-site" }],
    ["another port of this machine", { "sec-fetch-site": "same-site" }],
  ])("refuses %s, token or not", async (_, headers) => {
    for (const path of ["/", "/api/calls"]) {
      const { status, headers: answered } = await serving.get(path, {
        ...serving.bearer,
        ...headers,
      } as never);
      expect(status).toBe(403);
      expect(answered).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it("takes its own names, and what a browser says of its own page", async () => {
    const { port } = serving.server;
    for (const name of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]) {
      const own = {
        host: `${name}:${port}`,
        origin: `http://${name.toLowerCase()}:${port}`,
        "sec-fetch-site": "same-origin",
      };
      expect((await serving.get("/api/calls", { ...serving.bearer, ...own })).status).toBe(200);
    }
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])("refuses %s", async (method) => {
    const { status, headers } = await serving.get("/api/calls", serving.bearer, method);
    expect([status, headers.allow]).toEqual([405, "GET"]);
  });

  it.each([
    "/../../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/api/../../package.json",
    "//evil.example/api/calls",
    "http://evil.example/api/calls",
    "/api/calls/..%2f..%2f..%2fetc%2fpasswd",
    "/api/calls/%00",
    "/page.html",
    "/api/",
    "*",
  ])("knows no %s", async (path) => {
    const { status, text } = await serving.get(path);
    expect(status).toBe(404);
    expect(text).not.toContain("root:");
  });

  it("ends at once, though a page is connected and another one never asked", async () => {
    const other = await Serving.of(syntheticCalls(1));
    const idle = connect(other.server.port, "127.0.0.1").on("error", () => {});
    const closed = new Promise((resolve) => idle.on("close", resolve));
    const live = other.get("/api/live").catch((error: Error) => error.message);
    await other.read(1);
    await other.close();
    await closed;
    expect(await live).toMatch(/aborted|hang up|reset/);
  });
});

describe("what it tells", () => {
  const calls = [...eventfulCalls(400, { to: AT })];
  const hedge = eventfulCall("hedge", AT + 1_000);
  let serving: Serving;
  beforeAll(async () => {
    serving = await Serving.of([...calls, hedge]);
    await serving.read(calls.length + 1);
  });
  afterAll(() => serving.close());

  it("counts what the records say", async () => {
    const { json } = await serving.get("/api/overview");
    const records = [...calls, hedge].map(({ record }) => record);
    expect(json.report.calls).toMatchObject({
      total: records.length,
      ok: records.filter(({ outcome }) => outcome === "ok").length,
      failed: records.filter(({ outcome }) => outcome === "failed").length,
      aborted: records.filter(({ outcome }) => outcome === "aborted").length,
    });
    const cost = records.reduce((sum, record) => sum + (record.cost?.usd ?? 0), 0);
    expect(json.report.cost.total.usd).toBeCloseTo(cost, 9);
    expect(json.journal).toMatchObject({ calls: records.length, kept: records.length, running: 0, gaps: 0 });
  });

  it("keeps to a time", async () => {
    const [from, to] = [AT - 1_800_000, AT - 900_000];
    const within = calls.filter(({ start }) => {
      const at = Date.parse(start.startedAt);
      return at >= from && at <= to;
    });
    const overview = await serving.get(`/api/overview?from=${from}&to=${to}`);
    expect(overview.json.report.calls.total).toBe(within.length);
    const listed = await serving.get(`/api/calls?from=${from}&to=${to}&limit=500`);
    expect(listed.json.calls.map(({ callId }: { callId: string }) => callId)).toEqual(
      within.map(({ start }) => start.callId).reverse(),
    );
  });

  it("pages through all calls, each once, latest first", async () => {
    const found: string[] = [];
    for (let cursor = ""; ; ) {
      const { json } = await serving.get(`/api/calls?limit=37${cursor}`);
      expect(json.calls.length).toBeLessThanOrEqual(37);
      found.push(...json.calls.map(({ callId }: { callId: string }) => callId));
      if (json.next === null) break;
      cursor = `&cursor=${json.next}`;
    }
    expect(found).toEqual([...calls, hedge].map(({ start }) => start.callId).reverse());
  });

  it.each<[string, string, (record: (typeof hedge)["record"]) => boolean]>([
    ["outcome", "outcome=failed", ({ outcome }) => outcome === "failed"],
    [
      "answering target",
      "target=google/gemini-3-pro",
      (record) => lastTarget(record) === "google/gemini-3-pro",
    ],
    [
      "failure",
      "failure=timeout",
      ({ attempts }) => attempts.some(({ failure }) => failure?.class === "timeout"),
    ],
    ["label", "label=service%3Dbilling", ({ labels }) => labels.service === "billing"],
    ["duration", "minMs=4000", ({ durationMs }) => durationMs >= 4_000],
    ["failover", "failover=1", ({ attempts }) => new Set(attempts.map(({ target }) => target)).size > 1],
    ["text in the user", "text=USER-7", ({ caller }) => caller.userId?.includes("user-7") ?? false],
    [
      "text in the model",
      "text=claude",
      ({ attempts }) => attempts.some(({ target }) => target.includes("claude")),
    ],
    [
      "both",
      "outcome=ok&failover=1",
      (record) => record.outcome === "ok" && new Set(record.attempts.map(({ target }) => target)).size > 1,
    ],
  ])("filters by %s", async (_, query, fits) => {
    const { json } = await serving.get(`/api/calls?limit=500&${query}`);
    const wanted = [...calls, hedge].filter(({ record }) => fits(record)).map(({ start }) => start.callId);
    expect(json.calls.map(({ callId }: { callId: string }) => callId).reverse()).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(0);
    expect(wanted.length).toBeLessThan(calls.length);
  });

  it("finds a call by its id", async () => {
    const { json } = await serving.get(`/api/calls?text=${hedge.start.callId.slice(0, 13).toUpperCase()}`);
    expect(json.calls).toMatchObject([
      { callId: hedge.start.callId, state: "ok", hedged: true, trail: "cw" },
    ]);
  });

  it("gives a call as it stands in the journal", async () => {
    const { json } = await serving.get(`/api/calls/${hedge.start.callId}`);
    expect(json.start).toEqual(hedge.start);
    expect(json.record).toEqual(hedge.record);
    const events = json.lines.map(({ entry }: { entry: { event: string } }) => entry.event);
    expect(events).toEqual(["request.start", "attempt", "attempt", "request.end"]);
    expect(json.lines[0].file).toMatch(/^[0-9a-f]{16}\.000001\.jsonl$/);
    expect((await serving.get("/api/calls/nobody")).status).toBe(404);
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=501", "limit"],
    ["limit=1e2", "limit"],
    ["limit=2.5", "limit"],
    ["minMs=-1", "minMs"],
    ["minMs=NaN", "minMs"],
    ["from=2&to=1", "from"],
    ["from=yesterday", "from"],
    ["outcome=great", "outcome"],
    ["failover=yes", "failover"],
    ["cursor=%27%20or%201", "cursor"],
    ["nonsense=1", "nonsense"],
    [`text=${"x".repeat(201)}`, "text"],
  ])("refuses ?%s and says why", async (query, name) => {
    const { status, json } = await serving.get(`/api/calls?${query}`);
    expect(status).toBe(400);
    expect(json.error).toContain(name);
  });
});

function lastTarget({ answeredBy, attempts }: ReturnType<typeof eventfulCall>["record"]): string | undefined {
  return answeredBy?.target ?? attempts.at(-1)?.target;
}

describe("while a backend writes", () => {
  it("shows a call as running, then as it ended", async () => {
    const serving = await Serving.of(syntheticCalls(2));
    const { start, record } = eventfulCall("failover", AT);
    const { callId } = start;
    const row = async () => (await serving.get(`/api/calls?text=${callId}`)).json.calls[0];
    serving.journal.event({ event: "request.start", callId, start });
    serving.journal.event({ event: "attempt", callId, attempt: record.attempts[0] as never });
    serving.journal.flush();
    await serving.read(3);
    await soon(async () => expect(await row()).toMatchObject({ state: "running", attempts: 1, trail: "f" }));
    const open = await serving.get(`/api/calls/${callId}`);
    expect(open.json).toMatchObject({ state: "running", start });
    expect(open.json).not.toHaveProperty("record");
    serving.journal.event({ event: "request.end", callId, outcome: "ok", record });
    serving.journal.flush();
    await soon(async () => expect(await row()).toMatchObject({ state: "ok", attempts: 2, failover: true }));
    await serving.close();
  });

  it("tells open pages of changes, and that there are none", async () => {
    const serving = await Serving.of(syntheticCalls(2), { live: { everyMs: 10, beatMs: 30 } });
    await serving.read(2);
    const messages: { type: string; journal?: { calls: number } }[] = [];
    const response = await fetch(`http://127.0.0.1:${serving.server.port}/api/live`, {
      headers: serving.bearer,
    });
    const reading = (async () => {
      for await (const bytes of response.body!.pipeThrough(new TextDecoderStream()))
        for (const line of bytes.trimEnd().split("\n")) messages.push(JSON.parse(line));
    })().catch(() => {});
    await soon(() => expect(messages.map(({ type }) => type)).toContain("beat"));
    expect(messages[0]).toMatchObject({ type: "changed", journal: { calls: 2 } });
    serving.append(eventfulCall("hedge", AT));
    await soon(() => expect(messages.some(({ journal }) => journal?.calls === 3)).toBe(true));
    await serving.close();
    await reading;
  });

  it("shows what the other writers of the folder write", async () => {
    const serving = await Serving.of(syntheticCalls(3));
    const { JournalFixture } = await import("../support/journal-fixture.js");
    const other = new JournalFixture(serving.dir, { chainId: "1111111111111111", running: true });
    const call = eventfulCall("recovery", Date.UTC(2020, 0, 1));
    other.add(call);
    other.flush();
    await serving.read(4);
    const { json } = await serving.get("/api/calls");
    expect(json.calls.map(({ at }: { at: number }) => at)).toEqual(
      json.calls.map(({ at }: { at: number }) => at).sort((a: number, b: number) => b - a),
    );
    expect((await serving.get(`/api/calls/${call.start.callId}`)).json.record).toEqual(call.record);
    await serving.close();
  });
});
