import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { FallbackChain, openRouter } from "../../src/chain.js";
import { type ModelScript, startSimulator } from "../../src/testing/index.js";
import type { Throughput } from "../../src/types.js";
import { drain, story } from "../support/chain.js";
import { eventually } from "../support/eventually.js";
import { leavesNothingBehind } from "../support/resources.js";

leavesNothingBehind();

const ask = { messages: [{ role: "user" as const, content: "Go on." }] };
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function guardedChain(targets: string[], baseURL: string, minTokensPerSecond: Throughput): FallbackChain {
  const provider = openRouter({ apiKey: "sk-or-v1-drip", baseURL });
  const chain = new FallbackChain({ targets, provider, minTokensPerSecond, logger: false });
  closing.push(() => chain.close({ timeoutMs: 0 }));
  return chain;
}

/** Sends a hundred tokens, one every 20 ms, on an event loop of its own. */
const STEADY = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:http").createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (delta, finish_reason = null) =>
      response.write("data: " + JSON.stringify({ id: "g", model: "a/one", choices: [{ index: 0, delta, finish_reason }] }) + "\\n\\n");
    let n = 0;
    const timer = setInterval(() => {
      if (n++ < 100) return say({ content: "word " });
      clearInterval(timer);
      say({}, "stop");
      response.end("data: [DONE]\\n\\n");
    }, 20);
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

test.each<[string, ModelScript]>([
  ["whose tokens come one by one", { tokens: Array(200).fill("drip "), pace: { tokenMs: 400 } }],
  ["whose bytes come one by one", { fault: "slow-drip", everyMs: 2 }],
])("an answer %s gives way to the next target, and its socket is closed", async (_, script) => {
  const simulator = await startSimulator({ models: { "a/one": script, "b/two": { text: "Hello, world." } } });
  closing.push(() => simulator.close());
  const chain = guardedChain(["a/one", "b/two"], simulator.baseURL, { rate: 20, windowMs: 500 });
  const { text, parts, record } = await drain(chain.stream(ask));
  expect(text).toBe("Hello, world.");
  expect(story(record)).toEqual(["a/one first failed timeout next", "b/two recovery won"]);
  expect(record.attempts[0]?.failure).toMatchObject({
    phase: "throughput",
    message: "fewer than 20 tokens per second for 500 ms",
  });
  expect(parts.filter(({ type }) => type === "restart")).toHaveLength(1);
  expect(await eventually(() => simulator.openRequests === 0)).toBe(true);
  expect(simulator.requests[0]?.closedBy).toBe("client");
});

test("a steady answer outlives the blocks of our own event loop", async () => {
  const worker = new Worker(STEADY, { eval: true });
  closing.push(() => worker.terminate());
  const [port] = await once(worker, "message");
  const chain = guardedChain(["a/one"], `http://127.0.0.1:${port}/v1`, { rate: 5, windowMs: 200 });
  let read = 0;
  let blocks = [700, 1_000];
  let text = "";
  const stream = chain.stream(ask);
  for await (const part of stream) {
    if (part.type === "text") text += part.text;
    if (++read % 10 !== 0) continue;
    // Not in the consumer's own turn, which would be a pause.
    setTimeout(() => {
      const [ms = 0, ...rest] = blocks;
      blocks = rest;
      for (const until = performance.now() + ms; performance.now() < until; );
    }, 1);
  }
  expect(text).toBe("word ".repeat(100));
  expect(blocks).toEqual([]);
  expect(story(await stream.record)).toEqual(["a/one first won"]);
});
