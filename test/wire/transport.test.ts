import { afterEach, describe, expect, test } from "vitest";
import { openRouter } from "../../src/providers/openrouter.js";
import { DONE, HELLO, SSE, serve, type TestServer, take } from "../unit/providers/server.js";

const servers: TestServer[] = [];
async function started(server: Promise<TestServer>): Promise<TestServer> {
  servers.push(await server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const KEY = "sk-or-v1-canary";

describe("a healthy stream", () => {
  test("becomes text, a finish and facts about the answer", async () => {
    const server = await started(
      serve((response) => response.writeHead(200, { ...SSE, "x-generation-id": "gen-1" }).end(HELLO + DONE)),
    );
    const taken = await take(openRouter({ apiKey: KEY, baseURL: server.baseURL }));
    expect(taken.error).toBeUndefined();
    expect(taken.parts).toEqual([
      { type: "meta", model: "openai/gpt-4o-2024-08-06", generationId: "gen-1", servedBy: "OpenAI" },
      { type: "text", text: "Hello" },
      { type: "text", text: " world" },
      { type: "finish", reason: "stop" },
    ]);
    expect(taken.heads).toEqual([{ status: 200, requestId: "gen-1" }]);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });
});

describe("an HTTP error", () => {
  test("is reported with its raw body and headers", async () => {
    const body =
      '{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"busy"}},"user_id":"u"}';
    const server = await started(
      serve((response) => response.writeHead(429, { "retry-after": "1", "x-request-id": "r1" }).end(body)),
    );
    const taken = await take(openRouter({ apiKey: KEY, baseURL: server.baseURL }));
    expect(taken.signal).toMatchObject({ kind: "http", status: 429, body, headers: { "retry-after": "1" } });
    expect(taken.heads).toEqual([{ status: 429, requestId: "r1" }]);
    expect(server.requests).toHaveLength(1);
  });
});
