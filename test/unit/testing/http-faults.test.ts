import { expect, test } from "vitest";
import { FAULTS, faultFamily, type Script } from "../../../src/testing/index.js";
import { ask, simulate } from "./client.js";

const HTTP = FAULTS.filter((name) => faultFamily(name) === "http" && name !== "http");

async function bodyOf(script: Script, model = "acme/model") {
  const simulator = await simulate({ [model]: script });
  const response = await ask(simulator, model);
  const text = await response.text();
  expect(simulator.requests[0]).toMatchObject({ status: response.status, tokensSent: 0, closedBy: "server" });
  return { response, text };
}

test("there is a fault for every error body of the protocol", () => {
  expect(HTTP.length).toBeGreaterThanOrEqual(90);
});

test.each(HTTP)("%s answers with its status before any stream", async (fault) => {
  const { response, text } = await bodyOf({ fault } as Script);
  expect(response.status).toBe(Number(fault.slice(0, 3)));
  const type = response.headers.get("content-type") ?? "";
  expect(type).not.toContain("event-stream");
  if (type === "application/json" && text !== "") {
    const body = JSON.parse(text) as { error?: { code?: number; http_status?: number; name?: string } };
    const code = body.error?.code ?? body.error?.http_status;
    if (code !== undefined) expect(code).toBe(response.status);
  }
});

const quotes: [fault: string, words: string][] = [
  ["400-model", '{"error":{"message":"acme/model is not a valid model ID","code":400},"user_id":"user_'],
  ["401", '{"error":{"message":"User not found.","code":401}}'],
  ["401-no-cookie", '{"error":{"message":"No cookie auth credentials found","code":401}}'],
  ["402", "Insufficient credits. Add more using https://openrouter.ai/credits"],
  ["402-afford", "You requested up to 8192 tokens, but can only afford 1848."],
  ["402-in-flight", '"reason":"in_flight_budget_exhausted","limit_source":"openrouter_in_flight_budget"'],
  ["403-mod", '"reasons":["self-harm/instructions","self-harm/intent"]'],
  ["403-guardrail", '"metadata":{"patterns":["ignore all previous instructions"]}'],
  ["404-endpoints", "No endpoints found for acme/model."],
  ["404-data-policy", '"failed_routing_step":"Filter by Data Policy"'],
  ["404-route", '{"error":{"message":"Not Found","code":404}}'],
  ["429-daily", "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock"],
  ["429-per-minute", "Rate limit exceeded: free-models-per-min. "],
  ["429-1015", "error code: 1015"],
  ["524-text", "error code: 524"],
  ["529-anthropic", "overloaded_error"],
  ["400-ctx", "maximum context length is 131072 tokens. However, you requested about 141607 tokens"],
  ["400-ctx-anthropic", "prompt is too long: 200251 tokens > 200000 maximum"],
  ["400-ctx-llamacpp", '"type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192'],
];

test.each(quotes)("%s says it in the recorded words", async (fault, words) => {
  expect((await bodyOf({ fault } as Script)).text).toContain(words);
});

test("availability bodies have no code, and name the model that was asked for", async () => {
  const { text } = await bodyOf({ fault: "429-capacity" }, "anthropic/claude-sonnet-4.5");
  expect(text).toBe(
    '{"error":{"message":"All providers for anthropic/claude-sonnet-4.5 are at capacity. Retry after 40 seconds.","error_type":"rate_limit_exceeded","http_status":429,"availability":{"code":"capacity_exhausted","retryable":true,"retry_after":40,"requested_models":["anthropic/claude-sonnet-4.5"],"affected_providers":["anthropic","amazon-bedrock","google-vertex"],"fallback_models":["anthropic/claude-haiku-4.5"],"docs_url":"https://openrouter.ai/docs/errors#capacity_exhausted"},"metadata":{"previous_errors":[{"provider":"anthropic","code":"capacity_exhausted","status":429},{"provider":"amazon-bedrock","code":"capacity_exhausted","status":429}]}}}',
  );
});

test("Cloudflare's pages are HTML with its headers", async () => {
  const { response, text } = await bodyOf({ fault: "502-html" });
  expect(response.headers.get("content-type")).toBe("text/html; charset=UTF-8");
  expect(response.headers.get("server")).toBe("cloudflare");
  expect(text).toMatch(/^<!DOCTYPE html>/);
  expect(text).toContain('<span class="code-label">Error code 502</span>');
});

test("retryAfter goes into the header and the body, in every form", async () => {
  const seconds = await bodyOf({ fault: "429-upstream-pool", retryAfter: 7 });
  expect(seconds.response.headers.get("retry-after")).toBe("7");
  expect(seconds.text).toContain('"retry_after_seconds":7');
  const none = await bodyOf({ fault: "429-ra", retryAfter: null });
  expect(none.response.headers.get("retry-after")).toBeNull();
  expect(none.text).not.toContain("retry_after");
  expect((await bodyOf({ fault: "503", retryAfter: "soon" })).response.headers.get("retry-after")).toBe(
    "soon",
  );
  const date = (await bodyOf({ fault: "503", retryAfter: { inSeconds: 30 } })).response.headers.get(
    "retry-after",
  );
  const left = Date.parse(date ?? "") - Date.now();
  expect(left).toBeGreaterThan(20_000);
  expect(left).toBeLessThanOrEqual(30_000);
  expect((await bodyOf({ fault: "429-ra-60" })).response.headers.get("retry-after")).toBe("60");
});

test("the free tier's reset lies ahead", async () => {
  const { text } = await bodyOf({ fault: "429-daily" });
  const { error } = JSON.parse(text) as { error: { metadata: { headers: Record<string, string> } } };
  const ahead = Number(error.metadata.headers["X-RateLimit-Reset"]) - Date.now();
  expect(ahead).toBeGreaterThan(0);
  expect(ahead).toBeLessThanOrEqual(86_400_000);
});

test("`http` sends any status, body and headers", async () => {
  const { response, text } = await bodyOf({
    fault: "http",
    status: 418,
    body: { tea: true },
    headers: { "X-Pot": "short" },
  });
  expect([response.status, response.headers.get("x-pot"), text]).toEqual([418, "short", '{"tea":true}']);
  const plain = await bodyOf({ fault: "http", status: 200, body: "not JSON" });
  expect([plain.response.status, plain.text]).toEqual([200, "not JSON"]);
  expect(plain.response.headers.get("content-type")).toBe("text/plain; charset=UTF-8");
});
