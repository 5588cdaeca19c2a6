import type { AgentResponseChunk } from "@aigne/core";
import { mergeAgentResponseChunk } from "@aigne/core/utils/stream-utils.js";
import { expect, test } from "vitest";
import { Deltas } from "../../../src/aigne/deltas.js";
import type { AuditAttempt, AuditRecord } from "../../../src/record.js";
import type { Failure, Part } from "../../../src/types.js";

const failure: Failure = { class: "network", scope: "provider", message: "gone" };
const restart: Part = { type: "restart", attempt: 1, failure };
const finish: Part = { type: "finish", reason: "stop", model: "m" };
const text = (value: string): Part => ({ type: "text", text: value });
const thoughts = (value: string): Part => ({ type: "thoughts", text: value });
const recordOf = (attempts: number) =>
  ({
    callId: "c",
    attempts: Array.from({ length: attempts }, (_, i) => ({ n: i + 1 }) as AuditAttempt),
  }) as AuditRecord;

function play(batches: Part[][], { json = false, attempts = 1 } = {}) {
  const deltas = new Deltas({ json });
  const chunks = batches.flatMap((parts, i) =>
    deltas.push(parts, i === batches.length - 1 ? recordOf(attempts) : undefined),
  );
  const merged = {};
  for (const chunk of chunks) mergeAgentResponseChunk(merged, chunk as AgentResponseChunk<never>);
  return { chunks, merged };
}

test("the text of one network read is one delta, and one delta at the end says the rest", () => {
  const usage: Part = { type: "usage", usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.5 } };
  expect(play([[text("a"), text("b")], [text("c")], [usage, finish]]).chunks).toEqual([
    { delta: { text: { text: "ab" } } },
    { delta: { text: { text: "c" } } },
    { delta: { json: { model: "m", usage: { inputTokens: 1, outputTokens: 2 } } } },
  ]);
});

test("thoughts are deltas of their own, before the text they came with", () => {
  expect(play([[text("b"), thoughts("a")], [finish]]).chunks).toEqual([
    { delta: { text: { thoughts: "a" } } },
    { delta: { text: { text: "b" } } },
    { delta: { json: { model: "m" } } },
  ]);
});

test("nothing at all is said of parts that are not for reading", () => {
  const call: Part = { type: "toolCall", index: 0, id: "i", name: "t", arguments: "{}" };
  const { chunks } = play([[call], [], [finish]]);
  expect(chunks).toEqual([
    {
      delta: {
        json: {
          toolCalls: [{ id: "i", type: "function", function: { name: "t", arguments: {} } }],
          model: "m",
        },
      },
    },
  ]);
});

test("resets take turns with null and the empty string, name only what was sent, and end with the whole text", () => {
  const { chunks, merged } = play(
    [
      [thoughts("t1"), text("bad1")],
      [restart, text("bad2")],
      [restart, text("bad3")],
      [restart, text("go")],
      [text("od"), finish],
    ],
    { attempts: 4 },
  );
  expect(chunks.flatMap((chunk) => ("delta" in chunk && chunk.delta.json ? [chunk.delta.json] : []))).toEqual(
    [
      { thoughts: null, text: null },
      { thoughts: "", text: "" },
      { thoughts: null, text: null },
      {
        text: "good",
        thoughts: null,
        model: "m",
        $meta: { fallback: { callId: "c", attempts: recordOf(4).attempts } },
      },
    ],
  );
  expect(merged).toMatchObject({ text: "good", thoughts: null, model: "m" });
});

test("a restart before anything was sent resets nothing", () => {
  const { chunks } = play([[restart, text("a")], [finish]], { attempts: 2 });
  expect(chunks[0]).toEqual({ delta: { text: { text: "a" } } });
});

test("text that a restart follows in the same batch is not sent after it", () => {
  const { merged } = play([[text("bad"), restart, text("good")], [finish]], { attempts: 2 });
  expect(merged).toMatchObject({ text: "good" });
});

test("JSON comes as json and never as text", () => {
  const { merged, chunks } = play([[text('{"a":1,'), text('"b":null}')], [finish]], { json: true });
  expect(chunks).toHaveLength(1);
  expect(merged).toEqual({ json: { a: 1 }, model: "m" });
});

test("only a cut by the token limit is worth a finish reason", () => {
  const cut: Part = { type: "finish", reason: "length", model: "m" };
  expect(play([[text("a")], [cut]]).merged).toEqual({ text: "a", model: "m", finishReason: "length" });
  expect(play([[text("a")], [finish]]).merged).not.toHaveProperty("finishReason");
});

test("one attempt leaves no trace, more than one are in $meta", () => {
  expect(play([[text("a")], [finish]]).merged).toEqual({ text: "a", model: "m" });
  expect(play([[text("a")], [finish]], { attempts: 2 }).merged).toMatchObject({
    $meta: { fallback: { callId: "c", attempts: [{ n: 1 }, { n: 2 }] } },
  });
});
