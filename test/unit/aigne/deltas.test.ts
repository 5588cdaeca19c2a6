import type { AgentResponseChunk } from "@aigne/core";
import { mergeAgentResponseChunk } from "@aigne/core/utils/stream-utils.js";
import { describe, expect, test } from "vitest";
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
  const chunks = batches.flatMap((parts, i) => {
    const list = deltas.push(parts, i === batches.length - 1 ? recordOf(attempts) : undefined);
    const all = [...list];
    expect(all.map((_, index) => list.at(index))).toEqual(all);
    expect([list.length, list.at(all.length)]).toEqual([all.length, undefined]);
    return all;
  });
  const merged = {};
  for (const chunk of chunks) mergeAgentResponseChunk(merged, chunk as AgentResponseChunk<never>);
  return { chunks, merged, output: deltas.output() };
}

test("each part is one delta, in the order in which they came, and one delta at the end says the rest", () => {
  const usage: Part = { type: "usage", usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.5 } };
  expect(play([[thoughts("t"), text("a"), text("b")], [text("c")], [usage, finish]]).chunks).toEqual([
    { delta: { text: { thoughts: "t" } } },
    { delta: { text: { text: "a" } } },
    { delta: { text: { text: "b" } } },
    { delta: { text: { text: "c" } } },
    { delta: { json: { model: "m", usage: { inputTokens: 1, outputTokens: 2 } } } },
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

test("a restart in the middle of a batch resets what the batch has said before it", () => {
  const { chunks, merged } = play([[text("b"), text("ad"), restart, text("go"), text("od"), finish]], {
    attempts: 2,
  });
  expect(chunks.slice(0, 5)).toEqual([
    { delta: { text: { text: "b" } } },
    { delta: { text: { text: "ad" } } },
    { delta: { json: { text: null } } },
    { delta: { text: { text: "go" } } },
    { delta: { text: { text: "od" } } },
  ]);
  expect(chunks).toHaveLength(6);
  expect(merged).toMatchObject({ text: "good" });
});

test("thoughts about JSON are told, and none of its text is", () => {
  const batches = [[thoughts("hm"), text('{"a":'), text("1}")], [finish]];
  expect(play(batches, { json: true }).chunks).toEqual([
    { delta: { text: { thoughts: "hm" } } },
    { delta: { json: { json: { a: 1 }, model: "m" } } },
  ]);
});

test("its output is what all deltas come to", () => {
  const usage: Part = { type: "usage", usage: { inputTokens: 1, outputTokens: 2 } };
  const call: Part = { type: "toolCall", index: 0, id: "i", name: "t", arguments: "{}" };
  const { merged, output } = play([
    [thoughts("t"), text("a")],
    [text("b"), call, text("c")],
    [usage, finish],
  ]);
  expect(output).toEqual(merged);
});

describe("the output", () => {
  test("before anything was said is empty", () => {
    expect(new Deltas({ json: false }).output()).toEqual({});
    expect(new Deltas({ json: true }).output()).toEqual({});
  });

  test("before the end is what was said so far", () => {
    const deltas = new Deltas({ json: false });
    deltas.push([thoughts("t"), text("a")]);
    deltas.push([text("b")]);
    expect(deltas.output()).toEqual({ thoughts: "t", text: "ab" });
    expect(deltas.output()).toEqual({ thoughts: "t", text: "ab" });
  });

  test("has nothing of what a restart took back, and no nulls in its place", () => {
    const deltas = new Deltas({ json: false });
    deltas.push([thoughts("t"), text("bad")]);
    deltas.push([restart]);
    expect(deltas.output()).toEqual({});
    deltas.push([text("good"), finish], recordOf(2));
    expect(deltas.output()).toEqual({
      text: "good",
      model: "m",
      $meta: { fallback: { callId: "c", attempts: [{ n: 1 }, { n: 2 }] } },
    });
  });

  test("of JSON has it parsed, and not the text it was", () => {
    const { output } = play([[thoughts("t"), text('{"a":1}'), finish]], { json: true });
    expect(output).toEqual({ json: { a: 1 }, thoughts: "t", model: "m" });
  });

  test("of JSON that was cut short has none of it", () => {
    const deltas = new Deltas({ json: true });
    deltas.push([text('{"a":')]);
    expect(deltas.output()).toEqual({});
  });

  test("is a copy of its own: whoever changes it does not change the next", () => {
    const deltas = new Deltas({ json: false });
    deltas.push([text("a"), finish], recordOf(1));
    Object.assign(deltas.output(), { text: "changed", model: "changed" });
    expect(deltas.output()).toEqual({ text: "a", model: "m" });
  });
});
