import { afterEach, expect, it } from "vitest";
import { FallbackChain, openRouter } from "../../src/chain.js";
import { type ModelScript, type Simulator, startSimulator } from "../../src/testing/index.js";
import { ask, drain } from "../support/chain.js";

let simulator: Simulator;
afterEach(() => simulator.close());

const tokens = ["Once ", "upon ", "a ", "time ", "there ", "was ", "a ", "fox."];

async function told(second: ModelScript) {
  simulator = await startSimulator({ models: { "a/one": { fault: "cut", at: 4, tokens }, "b/two": second } });
  const provider = openRouter({ apiKey: "sk-or-v1-key", baseURL: simulator.baseURL });
  const chain = new FallbackChain({
    targets: ["a/one", "b/two"],
    provider,
    recovery: "continue",
    logger: false,
  });
  return drain(chain.stream(ask));
}

it("the second model goes on where the first was cut off, and the record tells of the seam", async () => {
  const { text, parts, record } = await told({ tokens, continues: true });
  expect(text).toBe(tokens.join(""));
  expect(parts.some(({ type }) => type === "restart")).toBe(false);
  expect(record).toMatchObject({ recovery: { mode: "continue", count: 1 }, answeredBy: { target: "b/two" } });
  expect(simulator.requestsTo("b/two")).toHaveLength(1);
});

it("a model that begins anew is not spliced: what it repeats is dropped", async () => {
  const { text, record } = await told({ tokens });
  expect(text).toBe(tokens.join(""));
  expect(record.recovery).toEqual({ mode: "continue", count: 1 });
});

it("a model that refuses the prefix starts over", async () => {
  const { text, parts, record } = await told([{ fault: "400-prefill" }, { text: "Another tale." }]);
  expect(text).toBe("Another tale.");
  expect(parts.filter(({ type }) => type === "restart")).toHaveLength(1);
  expect(record.recovery).toEqual({ mode: "restart", count: 1 });
});
