import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FAULTS, type FaultName, faultFamily, type Script, unusedPort } from "../../../src/testing/index.js";
import { ask, dial, events, hear, simulate, textOf } from "./client.js";

const TOKENS = Array.from({ length: 20 }, (_, i) => `P${i} `);
const UP_TO_10 = TOKENS.slice(0, 10).join("");
const ALL = TOKENS.join("");

/** The answer to one request with this script, as the socket hears it. */
async function heard(script: Script, options: { stream?: boolean; until?: string; quietMs?: number } = {}) {
  const simulator = await simulate({ "a/b": { tokens: TOKENS, ...script } as Script });
  const socket = dial(simulator, "a/b", options.stream ?? true);
  const { text, ended, reads } = await hear(socket, options);
  await simulator.waitForIdle();
  const request = simulator.requests[0];
  if (request === undefined) throw new Error("the simulator saw no request");
  // Chunk sizes between the events are no part of what is said.
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return { text, body, ended, reads, request, chunks: events(body), said: textOf(events(body)) };
}

/** Through fetch, so that the framing is read by a real client. */
async function fetched(script: Script, stream = true) {
  const simulator = await simulate({ "a/b": { tokens: TOKENS, ...script } as Script });
  const response = await ask(simulator, "a/b", { stream });
  let text = "";
  let error: unknown;
  try {
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) text += decoder.decode(part, { stream: true });
  } catch (thrown) {
    error = thrown;
  }
  await simulator.waitForIdle();
  return {
    response,
    text,
    error,
    chunks: events(text),
    said: textOf(events(text)),
    request: simulator.requests[0],
  };
}

const SURVEY: FaultName[] = [
  "429-ra",
  "429-ra-once",
  "429-ra-60",
  "500",
  "500-once",
  "503",
  "reset",
  "ttfb-stall",
  "ttft-stall",
  "ttft-keepalive",
  "ttft-role-only",
  "cut",
  "eof",
  "no-done",
  "err-mid",
  "err-first",
  "err-first-bare",
  "idle",
  "idle-keepalive",
  "empty-200",
  "empty-content",
  "html-200",
  "err-body-200",
  "malformed",
  "filter-empty",
  "400-ctx",
  "400-bad",
  "401",
  "402",
  "403-mod",
  "tool-cut",
  "tool-done-cut",
];

test("all faults of the survey are there, and a refused connection is a port where nobody listens", async () => {
  expect(SURVEY.filter((name) => !FAULTS.includes(name))).toEqual([]);
  const error = await fetch(`http://127.0.0.1:${await unusedPort()}/`).catch((e: Error) => e.cause);
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
});

const SMALL: Record<string, object> = { "huge-line": { bytes: 200_000 }, "gzip-bomb": { bytes: 2_000_000 } };
const ENDLESS = [
  "ttfb-stall",
  "header-drip",
  "endless-100",
  "upgrade-101",
  "ttft-stall",
  "ttft-keepalive",
  "ttft-role-only",
  "idle",
  "idle-keepalive",
  "slow-drip",
  "endless",
  "done-open",
];

for (const stream of [true, false]) {
  const form = stream ? "a stream" : "a JSON reply";
  test.each(FAULTS)(`%s, asked for ${form}: ends, and the log says by whom`, async (fault) => {
    const simulator = await simulate({ "a/b": { fault, ...SMALL[fault] } as Script });
    const socket = dial(simulator, "a/b", stream);
    // A client that leaves after a while is what ends the endless ones.
    const leave = setTimeout(() => socket.destroy(), ENDLESS.includes(fault) ? 60 : 5_000);
    if (fault !== "endless") socket.resume();
    else socket.on("data", () => {});
    await simulator.waitForRequests(1);
    await simulator.waitForIdle({ timeoutMs: 8_000 });
    clearTimeout(leave);
    expect(simulator.requests[0]?.closedBy).toBe(ENDLESS.includes(fault) ? "client" : "server");
    expect(simulator.requests[0]?.closedAt).toBeTypeOf("number");
    socket.destroy();
  });
}

test("reset is RST and fin is FIN, without a byte", async () => {
  expect(await heard({ fault: "reset" })).toMatchObject({ text: "", ended: "reset" });
  expect(await heard({ fault: "fin" })).toMatchObject({ text: "", ended: "fin" });
});

test("a stall sends no head; a stall before the first token sends nothing but the head", async () => {
  expect((await heard({ fault: "ttfb-stall" })).text).toBe("");
  const ttft = await heard({ fault: "ttft-stall" });
  expect(ttft.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(ttft.body).toBe("");
});

test("keep-alive before the first token is comments only, after a role if so scripted", async () => {
  const keep = await heard({ fault: "ttft-keepalive", everyMs: 20 }, { until: "PROCESSING" });
  expect(keep.chunks).toEqual([]);
  expect(keep.body).toContain(": OPENROUTER PROCESSING\n\n");
  const role = await heard({ fault: "ttft-role-only", everyMs: 20 }, { until: "PROCESSING" });
  expect(role.chunks.map((chunk) => chunk.choices?.[0]?.delta)).toEqual([{ role: "assistant", content: "" }]);
});

test("a cut comes after `at` tokens, by FIN, RST, or in a body that only FIN delimits", async () => {
  const cut = await heard({ fault: "cut" });
  expect(cut).toMatchObject({ ended: "fin", said: UP_TO_10 });
  expect(cut.request).toMatchObject({ tokensSent: 10, closedBy: "server" });
  expect(cut.body).not.toContain("\r\n0\r\n\r\n");
  expect(await heard({ fault: "cut-rst", at: 3 })).toMatchObject({ ended: "reset", said: "P0 P1 P2 " });
  const close = await fetched({ fault: "close-cut" });
  expect(close.error).toBeUndefined();
  expect(close.said).toBe(UP_TO_10);
  expect(close.response.headers.get("transfer-encoding")).toBeNull();
  expect((await fetched({ fault: "cut" })).error).toBeInstanceOf(TypeError);
});

test("eof ends cleanly without finish and [DONE]; no-done lacks [DONE] only; eof-done lacks the finish only", async () => {
  const eof = await fetched({ fault: "eof" });
  expect([eof.error, eof.said, eof.text.includes("[DONE]")]).toEqual([undefined, UP_TO_10, false]);
  expect(eof.chunks.every((chunk) => chunk.choices?.[0]?.finish_reason === null)).toBe(true);
  const noDone = await fetched({ fault: "no-done" });
  expect([noDone.said, noDone.text.includes("[DONE]")]).toEqual([ALL, false]);
  expect(noDone.chunks.at(-1)?.choices?.[0]?.finish_reason).toBe("stop");
  const eofDone = await fetched({ fault: "eof-done" });
  expect(eofDone.text.endsWith("data: [DONE]\n\n")).toBe(true);
  expect(eofDone.chunks.every((chunk) => chunk.choices?.[0]?.finish_reason === null)).toBe(true);
});

test("errors in the stream come in five shapes, first or after n tokens", async () => {
  for (const shape of [1, 2, 3, 4, 5] as const) {
    for (const [fault, said] of [
      ["err-first", ""],
      ["err-mid", UP_TO_10],
    ] as const) {
      const { chunks, text, said: got } = await fetched({ fault, shape });
      const last = chunks.at(-1);
      expect(got).toBe(said);
      expect(last?.error ?? last?.choices?.[0]?.error).toBeDefined();
      expect(text.includes("[DONE]")).toBe(shape === 2);
      const choices = [last?.choices?.length, last?.choices?.[0]?.finish_reason];
      const expected = {
        1: [1, "error"],
        2: [1, null],
        3: [0, undefined],
        4: [undefined, undefined],
        5: [1, "error"],
      };
      expect(choices).toEqual(expected[shape]);
      expect(last?.id === undefined).toBe(shape === 4);
    }
  }
});

test("shape 1 and shape 2 have the recorded bytes", async () => {
  const first = await fetched({
    fault: "err-first",
    provider: "OpenAI",
    model: "openai/gpt-4o",
    comments: 0,
  });
  expect(first.text).toBe(
    `data: {"id":"${first.request?.generationId}","object":"chat.completion.chunk","created":1778031307,"model":"openai/gpt-4o","provider":"OpenAI","error":{"code":429,"message":"Rate limit exceeded","metadata":{"error_type":"rate_limit_exceeded"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}\n\n`,
  );
  const second = await fetched({ fault: "err-first", shape: 2, provider: "Minimax", comments: 0 });
  expect(second.text).toMatch(
    /^data: \{"id":"gen-[^"]+","provider":"Minimax","error":\{"code":400,"message":"Token limit reached"\},"model":"[^"]+","object":"chat\.completion\.chunk","created":\d+,"choices":\[\{"index":0,"delta":\{"role":"assistant","content":""\},"finish_reason":null,"native_finish_reason":null,"logprobs":null\}\],"usage":\{[^\n]+\}\}\n\ndata: \[DONE\]\n\n$/,
  );
});

test("without a stream, the error is the body of a 200, behind whitespace", async () => {
  const bare = await fetched(
    { fault: "err-mid", error: { code: 502, message: "Network connection lost." } },
    false,
  );
  expect(bare.response.status).toBe(200);
  expect(JSON.parse(bare.text)).toMatchObject({ error: { code: 502 } });
  const choice = await fetched({ fault: "err-choice" }, false);
  expect(JSON.parse(choice.text)).toMatchObject({
    choices: [{ finish_reason: "error", message: { content: UP_TO_10 }, error: { code: 502 } }],
  });
});

test("idle falls silent after n tokens, with or without comments", async () => {
  const idle = await heard({ fault: "idle" });
  expect([idle.said, idle.ended]).toEqual([UP_TO_10, undefined]);
  const keep = await heard({ fault: "idle-keepalive", everyMs: 10, comments: 0 }, { until: "PROCESSING" });
  expect(keep.said).toBe(UP_TO_10);
  expect(keep.body).toContain(": OPENROUTER PROCESSING");
});

test("a malformed event stands among good ones", async () => {
  const { text, said } = await fetched({ fault: "malformed", at: 3 });
  expect(said).toBe(ALL);
  const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
  expect(() => JSON.parse((lines[3] ?? "").slice(6))).toThrow(SyntaxError);
  const json = await fetched({ fault: "malformed" }, false);
  expect(() => JSON.parse(json.text)).toThrow(SyntaxError);
});

test("lines, tokens and drips can be without end or measure", async () => {
  const huge = await fetched({ fault: "huge-line", bytes: 300_000 });
  expect(Math.max(...huge.text.split("\n").map((line) => line.length))).toBeGreaterThan(300_000);
  const simulator = await simulate({
    "a/b": { fault: "endless" },
    "a/drip": { fault: "slow-drip", everyMs: 5 },
  });
  const controller = new AbortController();
  const response = await ask(simulator, "a/b", { signal: controller.signal });
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > 1_000_000) break;
  }
  controller.abort();
  await simulator.waitForIdle();
  expect(simulator.requests[0]?.closedBy).toBe("client");
  const drip = await hear(dial(simulator, "a/drip"), { until: "\r\nP\r\n" });
  expect(drip.reads).toBeGreaterThan(2);
});

test("[DONE] can come twice, be followed by data, or leave the response open", async () => {
  expect((await fetched({ fault: "done-twice" })).text.match(/\[DONE\]/g)).toHaveLength(2);
  const late = await fetched({ fault: "data-after-done" });
  expect(late.text.slice(late.text.indexOf("[DONE]"))).toContain('"content":" late"');
  const open = await heard({ fault: "done-open" });
  expect(open.body).toContain("[DONE]");
  expect([open.ended, open.request.closedBy]).toEqual([undefined, "client"]);
});

test("usage comes in its recorded and documented forms", async () => {
  const form = async (fault: FaultName) => {
    const { chunks } = await fetched({ fault } as Script);
    const finishes = chunks.filter((chunk) => (chunk.choices?.[0]?.finish_reason ?? null) !== null).length;
    const usage = chunks.find((chunk) => chunk.usage !== undefined);
    return [finishes, usage?.choices?.length, usage?.choices?.[0]?.finish_reason];
  };
  expect(await form("usage-a")).toEqual([2, 1, "stop"]);
  expect(await form("usage-b")).toEqual([1, 1, null]);
  expect(await form("usage-c")).toEqual([1, 0, undefined]);
  expect(await form("usage-on-finish")).toEqual([1, 1, "stop"]);
  expect(await form("usage-none")).toEqual([1, undefined, undefined]);
});

test("heads can be no HTTP, too long, drip, or be preceded by 1xx without end", async () => {
  const heads: [FaultName, RegExp][] = [
    ["bad-status-line", /^banana 200 split\r\n/],
    ["bad-chunk-size", /\r\n\r\nZZZ\r\n/],
    ["cl-te", /Content-Length: 8\r\nTransfer-Encoding: chunked\r\n/],
    ["negative-length", /Content-Length: -5\r\n/],
    ["early-hints-flood", /^(HTTP\/1\.1 103 Early Hints\r\nLink: <\/x>\r\n\r\n){5000}HTTP\/1\.1 200 OK/],
    ["upgrade-101", /^HTTP\/1\.1 101 /],
    ["status-099", /^HTTP\/1\.1 099 /],
    ["status-999", /^HTTP\/1\.1 999 /],
    ["204", /^HTTP\/1\.1 204 /],
    ["205", /^HTTP\/1\.1 205 /],
  ];
  for (const [fault, head] of heads) expect((await heard({ fault } as Script)).text).toMatch(head);
  const huge = await heard({ fault: "huge-header" });
  expect(huge.text.indexOf("\r\n\r\n")).toBeGreaterThan(1_048_576);
  const drip = await heard({ fault: "header-drip", everyMs: 2 }, { until: "Type" });
  expect(drip.reads).toBeGreaterThan(10);
  const flood = await heard(
    { fault: "endless-100", everyMs: 2 },
    { until: "100 Continue\r\n\r\nHTTP/1.1 100 Continue" },
  );
  expect(flood.text).not.toContain("200 OK");
});

test("redirects point where the script says", async () => {
  for (const status of [301, 302, 307, 308]) {
    const script = { fault: `redirect-${status}`, location: "http://127.0.0.1:1/x" } as Script;
    const { response } = await fetched(script);
    expect([response.status, response.headers.get("location")]).toEqual([status, "http://127.0.0.1:1/x"]);
  }
});

test("bodies of a 200 can be HTML, an error, whitespace, or have no choices", async () => {
  expect((await fetched({ fault: "html-200" })).response.headers.get("content-type")).toContain("text/html");
  expect((await fetched({ fault: "empty-200" })).text).toBe("");
  expect((await fetched({ fault: "err-body-200" })).text).toMatch(
    /^\{"error":\{"message":"Provider returned error","code":429,"metadata":\{"raw":"Too Many Requests","provider_name":"Hyperbolic"\}\},"user_id":"user_/,
  );
  for (const stream of [true, false]) {
    const nothing = await fetched({ fault: "choices-null" }, stream);
    expect(nothing.text).toContain('"choices":null');
    expect((await fetched({ fault: "choices-empty" }, stream)).text).toContain('"choices":[]');
  }
  const padded = await fetched({ fault: "padded" }, false);
  expect(padded.text).toMatch(/^(\n {9}\n){60}\{/);
  expect(JSON.parse(padded.text)).toMatchObject({ choices: [{ message: { content: ALL } }] });
  expect(JSON.parse((await fetched({ fault: "padded-error" }, false)).text)).toMatchObject({
    error: { code: 500 },
  });
  expect((await fetched({ fault: "padded-only" }, false)).text).toMatch(/^\s+$/);
  expect((await fetched({ fault: "padded-dot" }, false)).text.trim()).toBe(".");
  const cut = (await fetched({ fault: "padded-truncated" }, false)).text;
  expect(() => JSON.parse(cut)).toThrow(SyntaxError);
});

test("encodings can be right, a bomb, cut, a lie or unknown", async () => {
  expect((await fetched({ fault: "gzip" })).said).toBe(ALL);
  expect((await fetched({ fault: "gzip-bomb", bytes: 3_145_728 })).text).toHaveLength(3_145_728);
  expect((await fetched({ fault: "gzip-plain" })).error).toBeInstanceOf(TypeError);
  expect((await fetched({ fault: "unknown-encoding" })).response.headers.get("content-encoding")).toBe(
    "x-rot13",
  );
  const simulator = await simulate({ "a/b": { fault: "gzip-truncated" } });
  const raw = await new Promise<Buffer>((resolve) => {
    const socket = dial(simulator, "a/b");
    const parts: Buffer[] = [];
    socket.on("data", (part) => {
      parts.push(part);
      if (Buffer.concat(parts).includes("\r\n0\r\n\r\n")) resolve(Buffer.concat(parts));
    });
  });
  const body = raw.subarray(raw.indexOf("\r\n\r\n") + 4);
  const payload = body.subarray(body.indexOf("\r\n") + 2, body.indexOf("\r\n0\r\n\r\n"));
  expect(() => gunzipSync(payload)).toThrow("unexpected end of file");
});

test("right answers stay right in every unusual form", async () => {
  for (const fault of FAULTS.filter((name) => faultFamily(name) === "wire" && name !== "split-utf8")) {
    const { said, text, request } = await fetched({ fault } as Script);
    expect([fault, said, request?.tokensSent, text.includes("[DONE]")]).toEqual([fault, ALL, 20, true]);
  }
  expect((await fetched({ fault: "crlf" })).text).toMatch(/^: OPENROUTER PROCESSING\r\n\r\ndata: /);
  expect((await fetched({ fault: "cr" })).text).not.toContain("\n");
  expect((await heard({ fault: "bom" }, { until: "[DONE]" })).body).toContain("\uFEFF: OPENROUTER");
  expect((await fetched({ fault: "charset" })).response.headers.get("content-type")).toContain(
    "charset=utf-8",
  );
});

test("split characters arrive in several reads and add up", async () => {
  const simulator = await simulate({ "a/b": { fault: "split-utf8", text: "a 👋 ü" } });
  const socket = dial(simulator, "a/b");
  const parts: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on("data", (part) => {
      parts.push(part);
      if (Buffer.concat(parts).includes("[DONE]")) resolve();
    });
  });
  const wave = Buffer.from("👋");
  expect(parts.some((part) => part.includes(wave))).toBe(false);
  expect(parts.some((part) => part.includes(wave.subarray(0, 1)))).toBe(true);
  expect((await fetched({ fault: "split-utf8", tokens: ["a ", "👋", " ü"] })).said).toBe("a 👋 ü");
});

test("answers can be whole and useless", async () => {
  const last = async (fault: FaultName, more: object = {}) => {
    const { chunks, said } = await fetched({ fault, ...more } as Script);
    const thoughts = chunks.map((chunk) => chunk.choices?.[0]?.delta.reasoning ?? "").join("");
    return [said, chunks.at(-1)?.choices?.[0]?.finish_reason, thoughts !== ""];
  };
  expect(await last("empty-content")).toEqual(["", "stop", false]);
  expect(await last("empty-finish-null")).toEqual(["", null, false]);
  expect(await last("filter-empty")).toEqual(["", "content_filter", false]);
  expect(await last("filter-mid", { at: 2 })).toEqual(["P0 P1 ", "content_filter", false]);
  expect(await last("length")).toEqual([UP_TO_10, "length", false]);
  expect(await last("finish-error")).toEqual([UP_TO_10, "error", false]);
  expect(await last("reasoning-length")).toEqual(["", "length", true]);
  expect(await last("reasoning-stop")).toEqual(["", "stop", true]);
  const refusal = await fetched({ fault: "refusal" });
  expect(refusal.chunks.map((chunk) => chunk.choices?.[0]?.delta.refusal ?? "").join("")).toContain(
    "can't assist",
  );
  const broken = (await fetched({ fault: "json-broken", json: { a: "long enough" } })).said;
  expect(broken).toMatch(/^\{/);
  expect(() => JSON.parse(broken)).toThrow(SyntaxError);
});

test("tool calls can be cut, broken, unknown, oddly numbered or unfinished", async () => {
  const parts = async (fault: FaultName) => {
    const { chunks, error } = await fetched({ fault, tokens: [] } as Script);
    const calls = chunks.flatMap((chunk) => chunk.choices?.[0]?.delta.tool_calls ?? []);
    const text = calls.map((call) => (call.function as { arguments?: string }).arguments ?? "").join("");
    const finish = chunks.at(-1)?.choices?.[0]?.finish_reason;
    return { calls, text, error, finish };
  };
  const whole = '{"city":"Paris"}';
  const cut = await parts("tool-cut");
  expect([cut.text.length < whole.length, cut.finish]).toEqual([true, null]);
  expect(cut.error).toBeInstanceOf(TypeError);
  const done = await parts("tool-done-cut");
  expect([done.text, done.finish]).toEqual([whole, null]);
  expect(done.error).toBeInstanceOf(TypeError);
  expect((await parts("tool-eof")).error).toBeUndefined();
  const truncated = await parts("tool-truncated");
  expect(() => JSON.parse(truncated.text)).toThrow(SyntaxError);
  expect([truncated.finish, truncated.error]).toEqual(["tool_calls", undefined]);
  expect((await parts("tool-length")).finish).toBe("length");
  expect((await parts("tool-unknown")).calls[0]?.function).toMatchObject({ name: "no_such_tool" });
  expect((await parts("tool-no-index")).calls.every((call) => !("index" in call))).toBe(true);
  expect((await parts("tool-no-id")).calls.every((call) => !("id" in call))).toBe(true);
  expect((await parts("tool-index-1")).calls.every((call) => call.index === 1)).toBe(true);
  const same = (await parts("tool-same-index")).calls.filter((call) => call.id !== undefined);
  expect(same.map((call) => [call.index, call.id])).toEqual([
    [0, "call_same"],
    [0, "call_same"],
  ]);
  const bare = (await parts("tool-no-arguments")).calls;
  expect(bare.map((call) => call.function)).toEqual([{ name: "get_weather" }]);
  const stop = await parts("tool-finish-stop");
  expect([stop.text, stop.finish]).toEqual([whole, "stop"]);
  const turns = (await parts("tool-interleaved")).calls.map((call) => call.index);
  expect(turns.slice(0, 4)).toEqual([0, 1, 0, 1]);
});

test("a tool fault calls the first tool that was offered", async () => {
  const simulator = await simulate({ "a/b": { fault: "tool-truncated" } });
  const tools = [{ type: "function", function: { name: "look_up", parameters: {} } }];
  const body = { model: "a/b", stream: true, messages: [{ role: "user", content: "Hi" }], tools };
  const text = await (await ask(simulator, "a/b", { body })).text();
  expect(text).toContain('"name":"look_up"');
});
