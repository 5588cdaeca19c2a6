import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  FallbackChain,
  type FallbackChainOptions,
  OpenRouterChatModel,
  openRouter,
} from "../../src/index.js";
import { type Simulator, startSimulator } from "../../src/testing/index.js";
import { ask, drain } from "../support/chain.js";
import { eventually } from "../support/eventually.js";

let simulator: Simulator | undefined;
let server: Server | undefined;
afterEach(async () => {
  vi.unstubAllEnvs();
  await simulator?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  simulator = undefined;
  server = undefined;
});

const lists = () => simulator!.requests.filter(({ path }) => path.endsWith("/models"));

describe("by default", () => {
  it("a chain loads its provider's list once, beside the first call, and tells what it says", async () => {
    vi.stubEnv("OPEN_ROUTER_CATALOGUE", "");
    simulator = await startSimulator({
      models: {
        "a/one": { fault: "cut", at: 3, text: "one two three four five six" },
        "b/two": { text: "Two." },
      },
      catalogue: { "a/one": { promptPrice: 0.000003, completionPrice: 0.000015, contextLength: 64_000 } },
    });
    const provider = openRouter({ apiKey: "sk-one", baseURL: simulator.baseURL });
    const chain = new FallbackChain({ targets: ["a/one", "b/two"], provider, logger: false });
    await drain(chain.stream(ask));
    await chain.catalogueLoaded();
    const { record } = await drain(chain.stream(ask));
    expect(lists()).toHaveLength(1);
    expect(lists()[0]!.headers).not.toHaveProperty("authorization");
    expect(chain.explain(ask).targets[0]).toMatchObject({
      contextWindow: 64_000,
      price: { input: 3, output: 15 },
    });
    // The stream that was cut told no usage: what it cost is reckoned from the list.
    expect(record.attempts[0]).toMatchObject({ outcome: "failed", cost: { estimated: true } });
    expect(record.attempts[0]!.cost!.usd).toBeGreaterThan(0);
    // Models made per request share the list.
    const other = new OpenRouterChatModel({
      apiKey: "sk-one",
      baseURL: simulator.baseURL,
      model: "b/two",
      logger: false,
    });
    await other.invoke({ messages: [{ role: "user", content: "Hello." }] });
    expect(lists()).toHaveLength(1);
    await chain.close();
    await other.shutdown();
  });
});

describe("a list that does not come as it should", () => {
  const answers: [string, (response: ServerResponse) => void][] = [
    ["hangs", () => {}],
    ["is reset", (response) => void response.socket!.resetAndDestroy()],
    ["is HTML", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
    ["is refused", (response) => void response.writeHead(500).end("{}")],
    ["redirects", (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    ["is broken", (response) => void response.writeHead(200).end('{"data":[{"id":')],
    [
      "is cut",
      (response) => {
        response.writeHead(200, { "content-length": "9999" });
        response.write("{", () => response.destroy());
      },
    ],
  ];

  it.each(answers)("(%s) changes no call and keeps no chain from closing", async (_, answer) => {
    let asked = 0;
    server = createServer((request, response) => {
      request.resume();
      asked++;
      answer(response);
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models`;
    simulator = await startSimulator({ models: { "a/one": { text: "One." } } });
    const options: FallbackChainOptions = {
      targets: ["a/one"],
      provider: openRouter({ apiKey: "sk-one", baseURL: simulator.baseURL }),
      catalogue: { url },
      maxCostUsd: 1,
      logger: false,
    };
    const chain = new FallbackChain(options);
    expect((await drain(chain.stream(ask))).text).toBe("One.");
    await eventually(() => asked === 1);
    expect((await drain(chain.stream(ask))).text).toBe("One.");
    expect(chain.explain(ask).targets[0]).not.toHaveProperty("price");
    await chain.close();
    expect(asked).toBe(1);
  });

  it("names in its log neither key nor query", async () => {
    expect(
      () =>
        new FallbackChain({
          targets: ["a/one"],
          provider: openRouter({ apiKey: "sk-one" }),
          catalogue: { url: "http://user:secret@127.0.0.1/models" },
        }),
    ).toThrow("catalogue.url must be an absolute http or https URL without user, password or query");
  });
});
