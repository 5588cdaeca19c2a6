import { expect, test } from "vitest";
import { DeltaSource } from "../../../src/aigne/delta-source.js";
import { Deltas } from "../../../src/aigne/deltas.js";
import type { Part } from "../../../src/types.js";
import { settle } from "../../support/pulled-kinds.js";
import { FINISH, scriptedStream, textPart } from "../../support/scripted-stream.js";

const CALL: Part = { type: "toolCall", index: 0, id: "i", name: "t", arguments: "{}" };
const RESTART: Part = {
  type: "restart",
  attempt: 1,
  failure: { class: "network", scope: "provider", message: "gone" },
};
const text = (value: string) => ({ delta: { text: { text: value } } });
const END = { delta: { json: { model: "m" } } };

function scene(...batches: Parameters<typeof scriptedStream>[0]) {
  const scripted = scriptedStream(batches);
  return { ...scripted, source: new DeltaSource(scripted.stream, new Deltas({ json: false })) };
}

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test("it reads nothing before it is asked, and never more than that", async () => {
  const { source, seen } = scene([textPart("a")], [textPart("b")], [FINISH]);
  await settle();
  expect(seen.asked).toBe(0);
  expect([...((await source.read()) ?? [])]).toEqual([text("a")]);
  await settle();
  expect(seen.asked).toBe(1);
  expect([...((await source.read()) ?? [])]).toEqual([text("b")]);
  expect([...((await source.read()) ?? [])]).toEqual([END]);
  expect(seen.asked).toBe(3);
});

test("a batch with nothing to show is not handed out as an empty one", async () => {
  const { source } = scene([CALL], [], [textPart("a")], [FINISH]);
  expect([...((await source.read()) ?? [])]).toEqual([text("a")]);
});

test("it has ended when it was read to its end, and then says so again and again", async () => {
  const { source } = scene([textPart("a")], [FINISH]);
  await source.read();
  await source.read();
  for (let i = 0; i < 3; i++) expect(await source.read()).toBeUndefined();
});

test.each([
  ["before content", []],
  ["after content", [[textPart("a")]]],
])("an error %s is one of read(), the very object", async (_, before) => {
  const gone = new Error("gone");
  const { source } = scene(...before, gone);
  for (const _ of before) await source.read();
  await expect(source.read()).rejects.toBe(gone);
});

test("its deltas are pulled one after the other, and cancelled with it", async () => {
  const { source, seen } = scene([textPart("a")], [textPart("b")], [FINISH]);
  const reader = source.deltas().getReader();
  await settle();
  expect(seen.asked).toBe(0);
  expect((await reader.read()).value).toEqual(text("a"));
  await settle();
  expect(seen.asked).toBe(1);
  await reader.cancel();
  expect(seen.cancelled).toBe(1);
});

test("its deltas end as it does", async () => {
  expect(await all(scene([textPart("a")], [textPart("b"), FINISH]).source.deltas())).toEqual([
    text("a"),
    text("b"),
    END,
  ]);
  const gone = new Error("gone");
  await expect(all(scene([textPart("a")], gone).source.deltas())).rejects.toBe(gone);
});

test("its output is what was read so far, whatever came after", async () => {
  const { source } = scene([textPart("a")], [textPart("b"), FINISH]);
  expect(source.output()).toEqual({});
  await source.read();
  expect(source.output()).toEqual({ text: "a" });
  await source.read();
  expect(source.output()).toEqual({ text: "ab", model: "m" });
  await source.read();
  expect(source.output()).toEqual({ text: "ab", model: "m" });
});

test("after an error its output is what was shown before", async () => {
  const { source } = scene([textPart("a")], new Error("gone"));
  await source.read();
  await expect(source.read()).rejects.toThrow("gone");
  expect(source.output()).toEqual({ text: "a" });
});

test("its output is empty when all that was shown was taken back", async () => {
  const { source } = scene([textPart("a")], [RESTART], new Error("gone"));
  await source.read();
  await source.read();
  await expect(source.read()).rejects.toThrow("gone");
  expect(source.output()).toEqual({});
});

test("cancelled in mid-read it rejects with the stream's own error", async () => {
  const { source, aborted, seen } = scene([textPart("a")], new Promise<readonly Part[]>(() => {}));
  await source.read();
  const pending = source.read();
  source.cancel();
  await expect(pending).rejects.toBe(aborted);
  expect(seen.cancelled).toBe(1);
});

test("its record is that of the stream", async () => {
  const { source, stream } = scene([FINISH]);
  expect(source.record).toBe(stream.record);
});
