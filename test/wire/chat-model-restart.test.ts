import { describe, expect, test } from "vitest";
import type { ModelScript } from "../../src/testing/index.js";
import {
  call,
  jsonDeltas,
  lastRecord,
  modelsAsked,
  stage,
  tidyUp,
  WAYS_STREAMED_AND_NOT,
} from "../support/chat-model.js";

tidyUp();

const GOOD = "The whole and only answer.";
const dying = (n: number): ModelScript => ({
  fault: "cut",
  tokens: [`bad${n}a `, `bad${n}b `, "never"],
  at: 2,
});

function scene(restarts: number, thinking = false): Record<string, ModelScript> {
  const models: Record<string, ModelScript> = {};
  for (let n = 1; n <= restarts; n++) {
    models[`dying/${n}`] = thinking ? { ...(dying(n) as object), reasoning: `thought${n}`, at: 3 } : dying(n);
  }
  models["healthy/model"] = { text: GOOD, ...(thinking && { reasoning: "a good thought" }) };
  return models;
}

describe.each(WAYS_STREAMED_AND_NOT)("$way, streaming: $streaming", ({ way, streaming }) => {
  test.each([1, 2, 3])(
    "the final text is the last model's whole answer after %i restarts",
    async (restarts) => {
      const models = scene(restarts);
      const { model, simulator, audit } = await stage(models);
      const told = await call(way, model, { streaming });
      expect(told.text).toBe(GOOD);
      expect(modelsAsked(simulator)).toEqual(Object.keys(models));
      if (!streaming) return;
      expect(lastRecord(audit).recovery).toEqual({ mode: "restart", count: restarts });
      expect(told.followed).toBe(GOOD);
      const bad = Array.from({ length: restarts }, (_, i) => `bad${i + 1}a bad${i + 1}b `).join("");
      expect(told.looped).toBe(bad + GOOD);
    },
  );

  test("the thoughts of a model that died are gone with its text", async () => {
    const { model } = await stage(scene(2, true));
    const outputs: Record<string, unknown>[] = [];
    model.hooks.push({ onSuccess: ({ output }) => void outputs.push(output) });
    const told = await call(way, model, { streaming });
    expect(told.text).toBe(GOOD);
    expect(outputs).toMatchObject([{ text: GOOD, thoughts: "a good thought" }]);
    if (way !== "AIAgent") expect(told.output.thoughts).toBe("a good thought");
  });
});

test("resets name only the keys that were sent and take turns with null and the empty string", async () => {
  const { model } = await stage(scene(3));
  const told = await call("direct", model, { streaming: true });
  const deltas = jsonDeltas(told);
  expect(deltas.slice(0, 3)).toEqual([{ text: null }, { text: "" }, { text: null }]);
  expect(Object.keys(deltas[3] ?? {}).sort()).toEqual(["$meta", "model", "text", "usage"]);
  expect(deltas[3]).toMatchObject({ text: GOOD });
  expect(deltas).toHaveLength(4);
});

test("a model that dies before its first token leaves no reset behind", async () => {
  const { model } = await stage({
    "dead/one": { fault: "500" },
    "dead/two": { fault: "err-first" },
    "ok/m": { text: GOOD },
  });
  const told = await call("direct", model, { streaming: true });
  expect(jsonDeltas(told)).toHaveLength(1);
  expect(told).toMatchObject({ looped: GOOD, followed: GOOD });
});

test("a call that is not streamed never needs a restart: what died was never shown", async () => {
  const { model, audit } = await stage(scene(2));
  const told = await call("direct", model);
  expect(told.text).toBe(GOOD);
  expect(lastRecord(audit)).not.toHaveProperty("recovery");
  expect(lastRecord(audit).streamed).toBe(false);
});

test("recovery: fail ends the stream with the text that was shown", async () => {
  const { model, simulator } = await stage(scene(1), { recovery: "fail" });
  await expect(call("direct", model, { streaming: true })).rejects.toMatchObject({
    code: "interrupted",
    partial: "bad1a bad1b ",
  });
  expect(simulator.requests).toHaveLength(1);
});

test("recovery: continue goes on where the text stopped, and resets nothing", async () => {
  const { model } = await stage(
    { "dying/1": { fault: "cut", text: GOOD, at: 3 }, "healthy/model": { text: GOOD, continues: true } },
    { recovery: "continue" },
  );
  const told = await call("direct", model, { streaming: true });
  expect(told).toMatchObject({ text: GOOD, looped: GOOD, followed: GOOD });
  expect(jsonDeltas(told)).toHaveLength(1);
});
