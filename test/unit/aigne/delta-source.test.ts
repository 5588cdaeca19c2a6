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

/** Whether a promise has settled, and how. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  promise.then(
    () => {
      state = "resolved";
    },
    () => {
      state = "rejected";
    },
  );
  await settle();
  return state;
}

test("it reads nothing before it is asked, and never more than that", async () => {
  const { source, seen } = scene([textPart("a")], [textPart("b")], [FINISH]);
  await settle();
  expect(seen.asked).toBe(0);
  expect(await source.read()).toEqual([text("a")]);
  await settle();
  expect(seen.asked).toBe(1);
  expect(await source.read()).toEqual([text("b")]);
  expect(await source.read()).toEqual([END]);
  expect(seen.asked).toBe(3);
});

test("a batch with nothing to show is not handed out as an empty one", async () => {
  const { source } = scene([CALL], [], [textPart("a")], [FINISH]);
  expect(await source.read()).toEqual([text("a")]);
});

test("it has ended only when it was read to its end, and then says so again and again", async () => {
  const { source } = scene([textPart("a")], [FINISH]);
  await source.read();
  await source.read();
  expect(await stateOf(source.ended)).toBe("pending");
  expect(await source.read()).toBeUndefined();
  expect(await stateOf(source.ended)).toBe("resolved");
  expect(await source.read()).toBeUndefined();
});

test.each([
  ["before content", []],
  ["after content", [[textPart("a")]]],
])("an error %s is no error of read() but how it ended, the very object", async (_, before) => {
  const gone = new Error("gone");
  const { source } = scene(...before, gone);
  for (const _ of before) await source.read();
  expect(await source.read()).toBeUndefined();
  await expect(source.ended).rejects.toBe(gone);
});

test("nobody has to listen to how it ended", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { source } = scene(new Error("gone"));
  await source.read();
  await settle();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
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

test("its summary waits for the end, then is one delta, of which the source keeps the very object", async () => {
  const { source } = scene([textPart("a")], [textPart("b"), FINISH]);
  const summary = source.summary();
  const said = summary.next();
  await source.read();
  await source.read();
  expect(await stateOf(said)).toBe("pending");
  expect(source.summarised).toBeUndefined();
  await source.read();
  const { value } = await said;
  expect(value).toEqual({ delta: { json: { model: "m", text: "ab" } } });
  expect(source.summarised).toBe(value);
  expect((await summary.next()).done).toBe(true);
});

test("its summary says what was shown before it ends with the error, the very object", async () => {
  const gone = new Error("gone");
  const { source } = scene([textPart("a")], gone);
  while (await source.read());
  const summary = source.summary();
  expect((await summary.next()).value).toEqual({ delta: { json: { text: "a" } } });
  await expect(summary.next()).rejects.toBe(gone);
});

test.each([
  ["nothing was shown", []],
  ["all that was shown was taken back", [[textPart("a")], [RESTART]]],
])("its summary is but the error when %s", async (_, before) => {
  const gone = new Error("gone");
  const { source } = scene(...before, gone);
  while (await source.read());
  await expect(source.summary().next()).rejects.toBe(gone);
  expect(source.summarised).toBeUndefined();
});

test("cancelled in mid-read it ends with the stream's own error", async () => {
  const { source, aborted } = scene([textPart("a")], new Promise<readonly Part[]>(() => {}));
  await source.read();
  const pending = source.read();
  source.cancel();
  expect(await pending).toBeUndefined();
  await expect(source.ended).rejects.toBe(aborted);
});
