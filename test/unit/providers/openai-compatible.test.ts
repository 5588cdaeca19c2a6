import { afterEach, describe, expect, test } from "vitest";
import { OptionsError } from "../../../src/errors.js";
import { openAICompatible } from "../../../src/providers/openai-compatible.js";
import { DONE, HELLO, REQUEST, SSE, serve, type TestServer, take } from "./server.js";

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const at = (baseURL: string) => openAICompatible({ name: "x", baseURL });

describe("openAICompatible", () => {
  test("sends the key, or no Authorization at all", async () => {
    const server = await serve((response) => response.writeHead(200, SSE).end(HELLO + DONE));
    servers.push(server);
    const { baseURL } = server;
    expect((await take(openAICompatible({ name: "groq", baseURL, apiKey: "gsk" }))).text).toBe("Hello world");
    expect((await take(openAICompatible({ name: "ollama", baseURL, headers: { "X-A": "1" } }))).text).toBe(
      "Hello world",
    );
    expect(server.requests[0]?.headers.authorization).toBe("Bearer gsk");
    expect(server.requests[1]?.headers).not.toHaveProperty("authorization");
    expect(server.requests[1]?.headers["x-a"]).toBe("1");
  });

  test("asks for usage in the stream only where that is supported", async () => {
    const server = await serve((response) => response.writeHead(200, SSE).end(HELLO + DONE));
    servers.push(server);
    const { baseURL } = server;
    const request = { ...REQUEST, stream_options: { include_obfuscation: false } };
    await take(openAICompatible({ name: "a", baseURL }), request);
    await take(openAICompatible({ name: "b", baseURL, supports: { usageInStream: false } }));
    expect(server.requests[0]?.body.stream_options).toEqual({
      include_obfuscation: false,
      include_usage: true,
    });
    expect(server.requests[1]?.body).toEqual({ ...REQUEST, stream: true });
  });

  test("supports what most endpoints do, unless told otherwise", () => {
    expect(at("https://api.openai.com/v1").supports).toEqual({
      usageInStream: true,
      tools: true,
      jsonSchema: true,
      prefill: false,
      openRouterKeys: false,
    });
    const supports = { tools: false, prefill: true };
    expect(openAICompatible({ name: "x", baseURL: "http://x.test", supports }).supports).toMatchObject(
      supports,
    );
  });

  test.each([
    "http://127.0.0.1:11434/v1",
    "http://127.1/v1",
    "http://0x7f000001/v1",
    "http://localhost:8080",
    "http://localhost./v1",
    "http://[::1]:8000/v1",
    "http://[::ffff:10.1.2.3]/v1",
    "http://10.0.0.5/v1",
    "http://172.31.0.1/v1",
    "http://192.168.1.2/v1",
    "http://[fd00::1]/v1",
    "http://ollama:11434/v1",
    "http://host.docker.internal:11434/v1",
    "http://gpu.local/v1",
  ])("gives a model on %s two minutes to load", (baseURL) => {
    expect(at(baseURL).timeouts).toEqual({ connectMs: 120_000, firstTokenMs: 120_000 });
  });

  test.each([
    "https://api.openai.com/v1",
    "http://8.8.8.8/v1",
    "http://172.32.0.1/v1",
    "http://[2606:4700::1]/v1",
    "https://localhost.example.com/v1",
  ])("gives %s the usual clocks", (baseURL) => {
    expect(at(baseURL).timeouts).toEqual({});
  });

  test("takes clocks of its own, each beside the others' defaults", () => {
    const timeouts = { firstTokenMs: false, connectMs: undefined, idleMs: 5_000 } as never;
    const of = (baseURL: string) => openAICompatible({ name: "x", baseURL, timeouts }).timeouts;
    expect(of("http://127.0.0.1/v1")).toStrictEqual({
      connectMs: 120_000,
      firstTokenMs: false,
      idleMs: 5_000,
    });
    expect(of("https://api.test/v1")).toStrictEqual({ firstTokenMs: false, idleMs: 5_000 });
  });

  test.each<[string, unknown, string]>([
    ["timeouts.idleMs", { idleMs: 0 }, "got 0"],
    ["timeouts.idleMs", { idleMs: -5 }, "got -5"],
    ["timeouts.connectMs", { connectMs: Number.NaN }, "got NaN"],
    ["timeouts.connectMs", { connectMs: Number.POSITIVE_INFINITY }, "got Infinity"],
    ["timeouts.attemptMs", { attemptMs: "20s" }, 'got "20s"'],
    ["timeouts.attemptMs", { attemptMs: true }, "got true"],
    ["timeouts.firstTokenMs", { firstTokenMs: null }, "got null"],
    ["timeouts.totalMs", { totalMs: 1_000 }, "got 1000"],
    ["timeouts", 5_000, "got 5000"],
    ["timeouts", null, "got null"],
  ])("names a wrong clock %s and its value %j", (path, timeouts, value) => {
    const make = () => openAICompatible({ name: "x", baseURL: "http://127.0.0.1/v1", timeouts } as never);
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(`${path} `);
    expect(make).toThrow(value);
  });

  test.each<[string, object]>([
    ["name", { name: "" }],
    ["baseURL", { baseURL: undefined }],
    ["baseURL", { baseURL: "localhost:11434/v1" }],
    ["apiKey", { apiKey: "hunter2\n" }],
    ["headers.host", { headers: { host: "x" } }],
    ["supports.vision", { supports: { vision: true } }],
    ["supports.tools", { supports: { tools: "yes" } }],
  ])("names a wrong %s", (path, options) => {
    const make = () => openAICompatible({ name: "x", baseURL: "http://x.test", ...options } as never);
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(path);
    expect(make).not.toThrow("hunter2");
  });
});
