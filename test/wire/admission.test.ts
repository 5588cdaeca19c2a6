import { afterEach, describe, expect, it } from "vitest";
import { FallbackChain, hedged, openRouter } from "../../src/chain.js";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../src/testing/index.js";
import { ask, drain, story } from "../support/chain.js";
import { eventually } from "../support/eventually.js";

let simulator: Simulator;
afterEach(() => simulator.close());

async function open(options: SimulatorOptions) {
  simulator = await startSimulator(options);
  return (apiKey: string) => openRouter({ apiKey, baseURL: simulator.baseURL });
}

describe("a hedge", () => {
  it("closes its loser's socket within 50 ms of the win", async () => {
    const key = await open({
      models: {
        "a/one": { fault: "ttft-keepalive", everyMs: 20 },
        "b/two": { text: "Here.", pace: { firstTokenMs: 30 } },
      },
    });
    const chain = new FallbackChain({
      targets: ["a/one", "b/two"],
      provider: key("sk-one"),
      strategy: hedged({ afterMs: 50 }),
      logger: false,
    });
    const after: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { record } = await drain(chain.stream(ask));
      expect(story(record)).toEqual(["a/one first cancelled", "b/two hedge won"]);
      await eventually(() => simulator.openRequests === 0);
      const loser = simulator.requestsTo("a/one").at(-1)!;
      const winner = simulator.requestsTo("b/two").at(-1)!;
      expect(loser.closedBy).toBe("client");
      after.push(loser.closedAt! - winner.firstTokenAt!);
    }
    // The best of five: a busy machine may be late, code that forgets the socket always is.
    expect(Math.min(...after)).toBeLessThanOrEqual(50);
    await chain.close();
    expect(simulator.requests.filter(({ path }) => path.endsWith("/chat/completions"))).toHaveLength(10);
  });
});

describe("keys", () => {
  it.each(["401", "402"] as const)("of which each is asked once when they answer %s", async (fault) => {
    const key = await open({
      models: { "*": { text: "never" } },
      keys: { "sk-one": { fault }, "sk-two": { fault } },
    });
    const [one, two] = [key("sk-one"), key("sk-two")];
    const chain = new FallbackChain({
      targets: [
        { model: "a/one", provider: one },
        { model: "b/two", provider: one },
        { model: "a/one", provider: two, id: "a/one with the second key" },
        { model: "b/two", provider: two, id: "b/two with the second key" },
      ],
      logger: false,
    });
    const { error } = await drain(chain.stream(ask));
    expect(error).toMatchObject({ code: "stopped", status: Number(fault) });
    const asked = () => simulator.requests.filter(({ path }) => path.endsWith("/chat/completions"));
    expect(asked().map(({ key: each }) => each)).toEqual(["sk-one", "sk-two"]);
    expect(error!.skipped.map(({ target, reason }) => `${target} ${reason}`)).toEqual([
      "b/two account_blocked",
      "b/two with the second key account_blocked",
    ]);
    // The next call asks one of them once more, in case it has been mended; no more than that.
    await drain(chain.stream(ask));
    expect(asked()).toHaveLength(3);
    await chain.close();
  });
});

describe("a prompt that is too long", () => {
  it("is never sent to a smaller window, known from the catalogue", async () => {
    const key = await open({
      models: {
        "a/small": { fault: "400-ctx" },
        "b/smaller": { text: "never" },
        "c/same": { text: "never" },
        "d/large": { text: "All of it." },
      },
      catalogue: {
        "a/small": { contextLength: 16_384 },
        "b/smaller": { contextLength: 8_192 },
        "c/same": { contextLength: 1_000_000, topProviderContextLength: 16_384 },
        "d/large": { contextLength: 1_000_000 },
      },
    });
    const chain = new FallbackChain({
      targets: ["a/small", "b/smaller", "c/same", "d/large"],
      provider: key("sk-one"),
      catalogue: {},
      logger: false,
    });
    await chain.catalogueLoaded();
    const { text, record } = await drain(chain.stream(ask));
    expect(text).toBe("All of it.");
    expect(record.skipped.map(({ target, reason }) => `${target} ${reason}`)).toEqual([
      "b/smaller context_too_small",
      "c/same context_too_small",
    ]);
    // A prompt that surely overflows is not even sent to the first.
    const long = { messages: [{ role: "user" as const, content: "many words ".repeat(20_000) }] };
    const { record: second } = await drain(chain.stream(long));
    expect(story(second)).toEqual(["d/large first won"]);
    expect(simulator.requestsTo("b/smaller")).toEqual([]);
    expect(simulator.requestsTo("c/same")).toEqual([]);
    await chain.close();
  });
});

describe("capabilities", () => {
  it("that a model is known to lack keep it from being asked", async () => {
    const key = await open({
      models: { "a/plain": { text: "Seen." }, "b/able": { text: "{}" } },
      catalogue: { "a/plain": { supportedParameters: ["temperature"] } },
    });
    const chain = new FallbackChain({
      targets: ["a/plain", "b/able"],
      provider: key("sk-one"),
      catalogue: {},
      logger: false,
    });
    await chain.catalogueLoaded();
    const tools = [{ type: "function" as const, function: { name: "look", parameters: { type: "object" } } }];
    const image = {
      messages: [
        {
          role: "user" as const,
          content: [{ type: "image_url" as const, image_url: { url: "https://x.test/y.png" } }],
        },
      ],
    };
    const schema = {
      type: "json_schema" as const,
      json_schema: { name: "any", schema: { type: "object" } },
    };
    const skips = [];
    for (const request of [{ ...ask, tools }, { ...ask, response_format: schema }, image]) {
      const { record } = await drain(chain.stream(request));
      skips.push(record.skipped.map(({ target, detail }) => `${target} ${detail?.feature}`));
    }
    expect(skips[0]).toEqual(["a/plain tools"]);
    expect(skips[1]).toEqual(["a/plain json_schema"]);
    // What all of them are said to lack keeps none from being asked.
    expect(skips[2]).toEqual([]);
    await chain.close();
  });
});
