import { connect } from "node:net";
import { expect, test, vi } from "vitest";
import { type Script, type SimulatedRequest, startSimulator } from "../../../src/testing/index.js";
import { ask, dial, simulate } from "./client.js";

const get = (url: string, key: string | null = "sk-test") =>
  fetch(url, { headers: key === null ? {} : { authorization: `Bearer ${key}` } });

test("a key is needed, any will do, and the log keeps it", async () => {
  const simulator = await simulate({ "a/b": {} });
  const without = await ask(simulator, "a/b", { key: null });
  expect([without.status, await without.json()]).toEqual([
    401,
    { error: { message: "No cookie auth credentials found", code: 401 } },
  ]);
  expect((await ask(simulator, "a/b", { key: "anything" })).status).toBe(200);
  expect(simulator.requests.map((request) => request.key)).toEqual([undefined, "anything"]);
});

test("named keys can be unknown, dead or poor; without auth none is needed", async () => {
  const keys = { "sk-good": {}, "sk-dead": { fault: "401" as const }, "sk-poor": { fault: "402" as const } };
  const simulator = await simulate({ "a/b": {} }, { keys });
  const status = async (key: string) => (await ask(simulator, "a/b", { key })).status;
  expect(await status("sk-good")).toBe(200);
  expect(await status("sk-dead")).toBe(401);
  expect(await status("sk-poor")).toBe(402);
  const unknown = await ask(simulator, "a/b", { key: "sk-other" });
  expect([unknown.status, await unknown.json()]).toEqual([
    401,
    { error: { message: "User not found.", code: 401 } },
  ]);
  const open = await simulate({ "a/b": {} }, { auth: false });
  expect((await ask(open, "a/b", { key: null })).status).toBe(200);
});

const user = [{ role: "user", content: "Hi" }];
const refused: [what: string, body: unknown, says: string][] = [
  ["invalid JSON", "{oops", "Input must have at least 1 token."],
  ["an array", "[]", "Input must have at least 1 token."],
  ["no messages", { model: "a/b" }, 'Input required: specify \\"prompt\\" or \\"messages\\"'],
  ["empty messages", { model: "a/b", messages: [] }, "Input must have at least 1 token."],
  ["messages that are text", { model: "a/b", messages: "Hi" }, "ZodError"],
  ["a message without a role", { model: "a/b", messages: [{ content: "Hi" }] }, "ZodError"],
  ["a model that is a number", { model: 1, messages: user }, "ZodError"],
  ["an unknown model", { model: "no/such", messages: user }, "no/such is not a valid model ID"],
  [
    "more than three models",
    { models: ["a/b", "a/b", "a/b", "a/b"], messages: user },
    "'models' array must have 3 items or fewer.",
  ],
];

test.each(refused)("a bad request gets the real 400: %s", async (_what, body, says) => {
  const simulator = await simulate({ "a/b": {} });
  const response = await ask(simulator, "a/b", { body });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(says);
  expect(simulator.requests[0]).toMatchObject({ status: 400, closedBy: "server" });
});

test("a body beyond the limit is 413", async () => {
  const simulator = await simulate({ "a/b": {} }, { maxBodyBytes: 100 });
  expect((await ask(simulator, "a/b", { body: " ".repeat(101) })).status).toBe(413);
});

test("a request without a model gets the first one; `*` stands for all that are not named", async () => {
  const simulator = await simulate({ "a/b": {}, "*": { text: "joker" } });
  await (await ask(simulator, "", { body: { messages: user, stream: true } })).text();
  const joker = await ask(simulator, "x/y", { stream: false });
  expect(await joker.json()).toMatchObject({
    model: "x/y-2025-08-07",
    choices: [{ message: { content: "joker" } }],
  });
  expect(simulator.requests.map((request) => request.servedModel)).toEqual([
    "a/b-2025-08-07",
    "x/y-2025-08-07",
  ]);
});

test("`models` are tried in turn until one gets past its first token, and the last error is the answer", async () => {
  const simulator = await simulate({
    "a/dead": { fault: "503" },
    "a/limited": { fault: "429-ra" },
    "a/well": {},
  });
  const models = ["a/limited", "a/well"];
  const served = await ask(simulator, "", { body: { model: "a/dead", models, messages: user } });
  expect(await served.json()).toMatchObject({ model: "a/well-2025-08-07" });
  const lost = await ask(simulator, "", { body: { models: ["a/dead", "a/limited"], messages: user } });
  expect(lost.status).toBe(429);
  expect(simulator.requests.map((request) => request.servedModel)).toEqual([
    "a/well-2025-08-07",
    "a/limited-2025-08-07",
  ]);
});

test("/models is keyless and lists what the catalogue says; endpoints likewise", async () => {
  const simulator = await simulate(
    { "openai/gpt-4": {}, "x/y:free": {}, "*": {} },
    {
      catalogue: {
        "openai/gpt-4": {
          contextLength: 8192,
          promptPrice: 0.00003,
          completionPrice: 0.00006,
          moderated: true,
        },
      },
    },
  );
  const response = await get(`${simulator.baseURL}/models`, null);
  expect(response.headers.get("cache-control")).toBe(
    "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600",
  );
  const list = (await response.json()) as {
    data: Record<string, unknown>[];
    total_count: number;
    links: unknown;
  };
  expect([list.total_count, list.links]).toEqual([2, { next: null }]);
  expect(list.data[0]).toMatchObject({
    id: "openai/gpt-4",
    canonical_slug: "openai/gpt-4-2025-08-07",
    context_length: 8192,
    pricing: { prompt: "0.00003", completion: "0.00006" },
    top_provider: { context_length: 8192, is_moderated: true },
    links: { details: "/api/v1/models/openai/gpt-4/endpoints" },
  });
  expect(list.data[1]).toMatchObject({
    id: "x/y:free",
    canonical_slug: "x/y:free",
    pricing: { prompt: "0" },
  });
  const endpoints = await get(`${simulator.baseURL}/models/openai/gpt-4/endpoints`, null);
  expect(await endpoints.json()).toMatchObject({
    data: { id: "openai/gpt-4", endpoints: [{ provider_name: "OpenAI", context_length: 8192, status: 0 }] },
  });
  expect((await get(`${simulator.baseURL}/models/no/such/endpoints`)).status).toBe(404);
});

test("the price of the catalogue is what an answer costs", async () => {
  const script = { text: "a b", usage: { promptTokens: 1000, completionTokens: 10 } };
  const simulator = await simulate(
    { "a/b": script, "a/b:free": script },
    { catalogue: { "a/b": { promptPrice: 0.000001, completionPrice: 0.0001 } } },
  );
  const paid = (await (await ask(simulator, "a/b", { stream: false })).json()) as { usage: { cost: number } };
  expect(paid.usage.cost).toBe(0.002);
  const free = (await (await ask(simulator, "a/b:free", { stream: false })).json()) as {
    usage: { cost: number };
  };
  expect(free.usage.cost).toBe(0);
});

test("/key, /credits and /generation answer a known key", async () => {
  const simulator = await simulate(
    { "a/b": { text: "one two" } },
    { keys: { "sk-or-v1-au7-xyz-890": { limit: 10, usage: 4 } } },
  );
  const key = "sk-or-v1-au7-xyz-890";
  expect(await (await get(`${simulator.baseURL}/key`, key)).json()).toMatchObject({
    data: { label: "sk-or-v1-au7...890", limit: 10, limit_remaining: 6, usage: 4, is_free_tier: false },
  });
  expect(await (await get(`${simulator.baseURL}/credits`, key)).json()).toEqual({
    data: { total_credits: 100.5, total_usage: 25.75 },
  });
  const answer = await ask(simulator, "a/b", { key });
  await answer.text();
  const id = answer.headers.get("x-generation-id");
  expect(await (await get(`${simulator.baseURL}/generation?id=${id}`, key)).json()).toMatchObject({
    data: {
      id,
      provider_name: "A",
      finish_reason: "stop",
      streamed: true,
      cancelled: false,
      tokens_completion: 2,
    },
  });
  const none = await get(`${simulator.baseURL}/generation?id=gen-none`, key);
  expect([none.status, await none.json()]).toEqual([
    404,
    { error: { message: "Generation gen-none not found", code: 404 } },
  ]);
  expect((await get(`${simulator.baseURL}/key`, null)).status).toBe(401);
});

test("any other route is a 404, however odd its address", async () => {
  const simulator = await simulate({ "a/b": {} });
  for (const path of ["/nope", "/models/x", "/chat/completions", "/models/%E0/%/endpoints", "?x"]) {
    const response = await get(`${simulator.baseURL}${path}`);
    expect([path, response.status, await response.json()]).toEqual([
      path,
      404,
      { error: { message: "Not Found", code: 404 } },
    ]);
  }
  const socket = connect(simulator.port, "127.0.0.1");
  socket.write("GET // HTTP/1.1\r\nHost: x\r\n\r\n");
  const head = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  expect(head).toMatch(/^HTTP\/1\.1 404 /);
  socket.destroy();
});

test("the log tells what the provider saw, and callbacks tell it live", async () => {
  const seen: string[] = [];
  const tell = (what: string) => (request: SimulatedRequest) =>
    seen.push(`${what} ${request.n} ${request.model}`);
  const simulator = await simulate(
    { "a/b": { text: "one two three" } },
    { onRequest: tell("request"), onClose: tell("close") },
  );
  const before = Date.now();
  const text = await (await ask(simulator, "a/b")).text();
  await simulator.waitForIdle();
  expect(simulator.requests).toHaveLength(1);
  const [request] = simulator.requests;
  expect(request).toMatchObject({
    n: 1,
    method: "POST",
    path: "/api/v1/chat/completions",
    key: "sk-test",
    model: "a/b",
    stream: true,
    body: { model: "a/b", messages: user },
    script: { text: "one two three" },
    step: 'models["a/b"]',
    servedModel: "a/b-2025-08-07",
    provider: "A",
    finish: "stop",
    completionTokens: 3,
    status: 200,
    tokensSent: 3,
    bytesSent: text.length,
    closedBy: "server",
  });
  expect(request?.at).toBeGreaterThanOrEqual(before);
  expect(request?.closedAt).toBeLessThanOrEqual(Date.now());
  expect(request?.headers["content-type"]).toBe("application/json");
  expect(seen).toEqual(["request 1 a/b", "close 1 a/b"]);
  expect(simulator.requestsTo("a/b")).toEqual([request]);
  expect(simulator.requestsTo("c/d")).toEqual([]);
  simulator.clear();
  expect(simulator.requests).toEqual([]);
});

test("the log holds what was said and billed under a fault, and whether the client was told", async () => {
  const tokens = { text: "one two three four" };
  const logged = async (script: Script) => {
    const simulator = await simulate({ "a/b": script });
    await (await ask(simulator, "a/b", { stream: true })).text().catch(() => {});
    await simulator.waitForIdle();
    const { finish, completionTokens, finishSentAt, usageSentAt } = simulator.requests[0] as SimulatedRequest;
    return [finish, completionTokens, finishSentAt !== undefined, usageSentAt !== undefined];
  };
  expect(await logged(tokens)).toEqual(["stop", 4, true, true]);
  expect(await logged({ fault: "length", ...tokens, at: 3 })).toEqual(["length", 3, true, true]);
  expect(await logged({ fault: "usage-on-finish", ...tokens })).toEqual(["stop", 4, true, true]);
  expect(await logged({ fault: "usage-none", ...tokens })).toEqual(["stop", 4, true, false]);
  expect(await logged({ fault: "cut", ...tokens })).toEqual(["stop", 4, false, false]);
  expect(await logged({ fault: "503", ...tokens })).toEqual(["stop", 4, false, false]);
});

test("the log forgets its oldest entries at its limit", async () => {
  const simulator = await simulate({ "a/b": {} }, { logLimit: 10 });
  for (let i = 0; i < 12; i++) await (await ask(simulator, "a/b")).text();
  expect(simulator.requests.map((request) => request.n)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test("pacing delays the headers, the first token and the tokens", async () => {
  const simulator = await simulate({
    "a/b": { tokens: ["a", "b", "c", "d"], pace: { headersMs: 60, firstTokenMs: 60, tokenMs: 30 } },
  });
  await (await ask(simulator, "a/b")).text();
  await simulator.waitForIdle();
  const { at = 0, headersAt = 0, firstTokenAt = 0, closedAt = 0 } = simulator.requests[0] ?? {};
  expect(headersAt - at).toBeGreaterThanOrEqual(55);
  expect(firstTokenAt - headersAt).toBeGreaterThanOrEqual(55);
  expect(closedAt - firstTokenAt).toBeGreaterThanOrEqual(80);
});

test("pacing follows a fake clock, and the network does not need it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"] });
  try {
    const simulator = await simulate({
      "a/b": { pace: { headersMs: 3_600_000 } },
      "a/c": { fault: "cut-rst" },
    });
    const slow = ask(simulator, "a/b");
    await simulator.waitForRequests(1);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect((await slow).status).toBe(200);
    const ended = new Promise<string>((resolve) => {
      const socket = dial(simulator, "a/c").resume();
      socket.on("end", () => resolve("fin"));
      socket.on("error", () => resolve("reset"));
    });
    expect(await ended).toBe("reset");
  } finally {
    vi.useRealTimers();
  }
});

test("when the client leaves, the answer ends and its timers with it", async () => {
  const simulator = await simulate({
    "a/b": { pace: { firstTokenMs: 3_600_000 } },
    "a/c": { pace: { tokenMs: 20 } },
  });
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const silent = dial(simulator, "a/b");
  await new Promise((resolve) => silent.once("data", resolve));
  expect(simulator.openRequests).toBe(1);
  const during = timers();
  silent.destroy();
  await simulator.waitForIdle();
  expect(timers()).toBeLessThan(during);
  const talking = dial(simulator, "a/c");
  await new Promise((resolve) => talking.once("data", resolve));
  talking.destroy();
  await simulator.waitForIdle();
  expect(simulator.requests.map((request) => request.closedBy)).toEqual(["client", "client"]);
  expect(simulator.requests[1]?.tokensSent).toBeLessThan(20);
  await expect.poll(() => simulator.openConnections).toBe(0);
});

test("close() ends what goes on and may be called twice; nobody listens afterwards", async () => {
  const simulator = await startSimulator({ models: { "a/b": { fault: "idle" } } });
  const sockets = [dial(simulator, "a/b"), dial(simulator, "a/b")];
  await simulator.waitForRequests(2);
  expect(simulator.openConnections).toBe(2);
  await Promise.all([simulator.close(), simulator.close()]);
  expect([simulator.openConnections, simulator.requests.map((request) => request.closedBy)]).toEqual([
    0,
    ["server", "server"],
  ]);
  await simulator.waitForIdle();
  await expect(ask(simulator, "a/b")).rejects.toThrow("fetch failed");
  for (const socket of sockets) socket.destroy();
});

test("waiting for what does not come ends in an error", async () => {
  const simulator = await simulate({ "a/b": { fault: "ttfb-stall" } });
  const socket = dial(simulator, "a/b");
  await simulator.waitForRequests(1);
  await expect(simulator.waitForIdle({ timeoutMs: 20 })).rejects.toThrow("idle took longer than 20 ms");
  await expect(simulator.waitForRequests(2, { timeoutMs: 20 })).rejects.toThrow(
    "2 requests took longer than 20 ms",
  );
  socket.destroy();
});

test("a port that is taken is an error", async () => {
  const simulator = await simulate({ "a/b": {} });
  await expect(startSimulator({ models: {}, port: simulator.port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("a thousand simultaneous requests all get their whole answer", async () => {
  const simulator = await simulate({ "a/b": { tokens: Array.from({ length: 20 }, (_, i) => `P${i}`) } });
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, async () => (await ask(simulator, "a/b", { stream: false })).json()),
  );
  const content = Array.from({ length: 20 }, (_, i) => `P${i}`).join("");
  expect(
    answers.every(
      (a) => (a as { choices: { message: { content: string } }[] }).choices[0]?.message.content === content,
    ),
  ).toBe(true);
  await simulator.waitForIdle();
  expect(simulator.requests).toHaveLength(1_000);
  expect(new Set(simulator.requests.map((request) => request.generationId)).size).toBe(1_000);
});
