import { expect, test } from "vitest";
import { answerSource, cancellable } from "../../../src/aigne/answer-source.js";
import { Deltas } from "../../../src/aigne/deltas.js";
import type { ChainStream } from "../../../src/answer-stream.js";
import type { AuditRecord } from "../../../src/record.js";
import type { Part } from "../../../src/types.js";

const FINISH: Part = { type: "finish", reason: "stop", model: "m" };
const CALL: Part = { type: "toolCall", index: 0, id: "i", name: "t", arguments: "{}" };
const text = (value: string): Part => ({ type: "text", text: value });

/** A chain's stream that notes what is done to it. */
function source(batches: readonly (readonly Part[] | Error)[]) {
  const seen = { pulls: 0, cancelled: 0 };
  const stream = {
    record: Promise.resolve({ callId: "c", attempts: [{}] } as unknown as AuditRecord),
    async *batches() {
      for (const batch of batches) {
        seen.pulls++;
        if (batch instanceof Error) throw batch;
        yield batch;
      }
    },
    cancel: () => void seen.cancelled++,
  } as unknown as ChainStream;
  return { seen, readable: answerSource(stream, new Deltas({ json: false })) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("nothing is read before it is asked for, and never more than that", async () => {
  const { seen, readable } = source([[text("a")], [text("b")], [text("c")], [FINISH]]);
  await settle();
  expect(seen.pulls).toBe(0);
  const reader = readable.getReader();
  for (const pulls of [1, 2]) {
    await reader.read();
    await settle();
    expect(seen.pulls).toBe(pulls);
  }
});

test("a wrapper that tells of cancellation does not read ahead either", async () => {
  const { seen, readable } = source([[text("a")], [text("b")], [FINISH]]);
  let told = 0;
  const reader = cancellable(readable, () => void told++).getReader();
  await settle();
  expect(seen.pulls).toBe(0);
  await reader.read();
  await settle();
  expect(seen.pulls).toBe(1);
  await reader.cancel();
  expect([told, seen.cancelled]).toEqual([1, 1]);
});

test("a batch that brings nothing to show does not stall the reader", async () => {
  const { readable } = source([[CALL], [], [text("a"), FINISH]]);
  const chunks: unknown[] = [];
  for await (const chunk of readable) chunks.push(chunk);
  expect(chunks).toMatchObject([{ delta: { text: { text: "a" } } }, { delta: { json: { model: "m" } } }]);
});

test("the chain's error is the reader's error, the very object", async () => {
  const error = new Error("gone");
  const reader = source([[text("a")], error]).readable.getReader();
  await reader.read();
  await expect(reader.read()).rejects.toBe(error);
});

test("an error passes through the wrapper, too, and tells of no cancellation", async () => {
  const error = new Error("gone");
  const reader = cancellable(source([error]).readable, () => expect.unreachable()).getReader();
  await expect(reader.read()).rejects.toBe(error);
});
