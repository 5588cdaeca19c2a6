import { expect, it } from "vitest";
import { answer } from "../../src/providers/scripted.js";
import { bench, drain, story } from "../support/chain.js";

const ask = { messages: [{ role: "user" as const, content: "Say it." }], max_tokens: 100 };
const long = "All of this has been said before, and it is dear to read. ".repeat(100);
const targets = [
  { model: "a/one", price: { input: 0, output: 0 } },
  { model: "b/two", price: { input: 10, output: 0 } },
];

it.each([
  ["is not bought for more than the call may cost: the text that it is to read is input", 0.005, "skipped"],
  ["is bought where the money is enough for it", 0.05, "won"],
])("a continuation %s", async (_, maxCostUsd, how) => {
  const { chain } = bench(
    { "a/one": [[long, { kind: "eof", afterContent: true }]], "b/two": [answer("The end.")] },
    { targets, maxCostUsd, recovery: "continue", retry: { stream_interrupted: { retries: 0 } } },
  );
  const { record, text } = await drain(chain.stream(ask));
  const died = "a/one first failed stream_interrupted next";
  if (how === "won") {
    expect(text).toBe(`${long}The end.`);
    expect(story(record)).toEqual([died, "b/two recovery won"]);
  } else {
    expect(story(record)).toEqual([died]);
    expect(record.skipped).toMatchObject([{ target: "b/two", reason: "too_dear" }]);
  }
});
