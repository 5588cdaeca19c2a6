import type { AgentResponseChunk, ChatModelOutput } from "@aigne/core";
import { asyncGeneratorToReadableStream, mergeAgentResponseChunk } from "@aigne/core/utils/stream-utils.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DeltaSource } from "../../../src/aigne/delta-source.js";
import { Deltas } from "../../../src/aigne/deltas.js";
import { Shortcut } from "../../../src/aigne/shortcut.js";
import type { Part } from "../../../src/types.js";
import { settle } from "../../support/pulled-kinds.js";
import { FINISH, scriptedStream, textPart } from "../../support/scripted-stream.js";

type Chunk = AgentResponseChunk<ChatModelOutput>;
type Batches = Parameters<typeof scriptedStream>[0];

const GONE = new Error("gone");
const END = { delta: { json: { model: "m" } } };
const text = (value: string) => ({ delta: { text: { text: value } } });
const json = (value: object) => ({ delta: { json: value } }) as Chunk;

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});

afterEach(async () => {
  await settle();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

interface CoreOptions {
  /** What the stand-in for AIGNE makes of a chunk that it was given. */
  pass?: (chunk: Chunk) => Chunk | undefined;
  /** What it says of its own when an answer has ended. */
  tail?: Chunk[];
  /** What it says before it asks for another answer. */
  between?: Chunk[];
  direct?: boolean;
}

/** A call with one answer after the other, each as long as the one before failed, as AIGNE retries. */
function scene(
  answers: Batches[],
  { pass = (chunk) => chunk, tail = [], between = [], direct = true }: CoreOptions = {},
) {
  const shortcut = new Shortcut({ direct });
  const streams = answers.map((batches) => scriptedStream(batches));
  /** What AIGNE read. */
  const read: Chunk[][] = [];
  async function* core(): AsyncGenerator<Chunk> {
    for (const [i, { stream }] of streams.entries()) {
      const heard: Chunk[] = [];
      read.push(heard);
      try {
        for await (const chunk of shortcut.attach(new DeltaSource(stream, new Deltas({ json: false })))) {
          heard.push(chunk);
          const passed = pass(chunk);
          if (passed) yield passed;
        }
        break;
      } catch (error) {
        if (i === streams.length - 1) throw error;
        yield* between;
      }
    }
    yield* tail;
  }
  const readable = shortcut.join(asyncGeneratorToReadableStream(core()) as ReadableStream<Chunk>);
  return { shortcut, streams, read, readable };
}

async function collect(stream: ReadableStream<Chunk>) {
  const chunks: Chunk[] = [];
  const merged: Record<string, unknown> = {};
  let error: unknown;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      mergeAgentResponseChunk(merged as never, chunk as never);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { chunks, merged, error };
}

const ANSWER: Batches = [[textPart("a")], [textPart("b")], [FINISH]];

test("the caller gets every delta once, AIGNE the whole answer as one", async () => {
  const { readable, read } = scene([ANSWER]);
  const { chunks, error } = await collect(readable);
  expect(error).toBeUndefined();
  expect(chunks).toEqual([text("a"), text("b"), END]);
  expect(read).toEqual([[json({ model: "m", text: "ab" })]]);
});

test("nothing is read ahead of the caller but the first", async () => {
  const { readable, streams } = scene([ANSWER]);
  const { seen } = streams[0] as (typeof streams)[0];
  await settle();
  expect(seen.asked).toBe(1);
  const reader = readable.getReader();
  for (const asked of [1, 2, 3]) {
    await reader.read();
    await settle();
    expect(seen.asked).toBe(asked);
  }
});

test("AIGNE hears of a failure before content although nobody reads", async () => {
  const { readable, read, streams } = scene([[GONE], ANSWER]);
  await settle();
  expect(streams[1]?.seen.asked).toBe(1);
  expect(read).toEqual([[], []]);
  expect((await collect(readable)).merged).toMatchObject({ text: "ab", model: "m" });
});

test("what AIGNE says of its own follows the answer", async () => {
  const tail = [json({ text: "changed" }), json({ $meta: { x: 1 } })];
  const { chunks, merged } = await collect(scene([ANSWER], { tail }).readable);
  expect(chunks).toEqual([text("a"), text("b"), END, ...tail]);
  expect(merged).toEqual({ text: "changed", model: "m", $meta: { x: 1 } });
});

test.each([
  ["before content", [] as Batches, []],
  ["after content", [[textPart("a")]] as Batches, [text("a")]],
])(
  "an error %s reaches the caller through AIGNE, the very object, after what was shown",
  async (_, before, shown) => {
    const { chunks, error } = await collect(scene([[...before, GONE]]).readable);
    expect(error).toBe(GONE);
    expect(chunks).toEqual(shown);
  },
);

describe("an answer that AIGNE asks for after another has failed", () => {
  const reset = json({ text: null });

  test("follows its text, with what AIGNE says between them in between", async () => {
    const { readable, streams } = scene([[[textPart("bad")], GONE], ANSWER], { between: [reset] });
    const { chunks, merged } = await collect(readable);
    expect(chunks).toEqual([text("bad"), reset, text("a"), text("b"), END]);
    expect(merged).toEqual({ text: "ab", model: "m" });
    expect(streams.map(({ seen }) => seen.cancelled)).toEqual([0, 0]);
  });

  test("follows when AIGNE says nothing in between", async () => {
    const { chunks } = await collect(scene([[GONE], [GONE], ANSWER]).readable);
    expect(chunks).toEqual([text("a"), text("b"), END]);
  });

  test("comes to a caller who was waiting for AIGNE meanwhile", async () => {
    let answer = (_: readonly Part[]) => {};
    const late = new Promise<readonly Part[]>((resolve) => {
      answer = resolve;
    });
    const { readable } = scene([[GONE], [late, [FINISH]]]);
    const reader = readable.getReader();
    const pending = reader.read();
    await settle();
    answer([textPart("late")]);
    expect((await pending).value).toEqual(text("late"));
  });

  test("fails in turn, and its error is the caller's", async () => {
    const last = new Error("last");
    const { error, chunks } = await collect(scene([[[textPart("bad")], GONE], [last]]).readable);
    expect(error).toBe(last);
    expect(chunks).toEqual([text("bad")]);
  });
});

describe("should AIGNE not do as it does now", () => {
  test("and hand on a copy of the answer, what is merged is still right", async () => {
    const { readable } = scene([[[textPart("bad")], GONE], ANSWER], {
      pass: (chunk) => structuredClone(chunk),
      between: [json({ text: null })],
    });
    expect((await collect(readable)).merged).toEqual({ text: "ab", model: "m" });
  });

  test("and hand on nothing of it, the caller has it all the same", async () => {
    const { readable } = scene([ANSWER], { pass: () => undefined });
    expect((await collect(readable)).merged).toEqual({ text: "ab", model: "m" });
  });

  test("and never take the shortcut to `process`, the caller gets what AIGNE says", async () => {
    const shortcut = new Shortcut({ direct: true });
    async function* core(): AsyncGenerator<Chunk> {
      yield* new DeltaSource(scriptedStream(ANSWER).stream, new Deltas({ json: false })).deltas();
    }
    const { chunks } = await collect(
      shortcut.join(asyncGeneratorToReadableStream(core()) as ReadableStream<Chunk>),
    );
    expect(chunks).toEqual([text("a"), text("b"), END]);
  });
});

describe("a shortcut that is not direct", () => {
  test("leads every delta through AIGNE", async () => {
    const upper = (chunk: Chunk): Chunk =>
      "delta" in chunk && chunk.delta.text?.text ? text(chunk.delta.text.text.toUpperCase()) : chunk;
    const { readable, read } = scene([ANSWER], { direct: false, pass: upper });
    expect((await collect(readable)).chunks).toEqual([text("A"), text("B"), END]);
    expect(read[0]).toHaveLength(3);
  });

  test("cancels the answer with the stream", async () => {
    const { readable, streams } = scene([ANSWER], { direct: false });
    await settle();
    await readable.cancel();
    expect(streams[0]?.seen.cancelled).toBe(1);
  });
});

describe("a caller who leaves", () => {
  test("cancels all answers of a `process` that has asked for several at once", async () => {
    const shortcut = new Shortcut({ direct: false });
    const streams = [scriptedStream(ANSWER), scriptedStream(ANSWER)];
    for (const { stream } of streams) shortcut.attach(new DeltaSource(stream, new Deltas({ json: false })));
    await shortcut.join(new ReadableStream<Chunk>()).cancel();
    expect(streams.map(({ seen }) => seen.cancelled)).toEqual([1, 1]);
  });

  const never = new Promise<readonly Part[]>(() => {});

  test("before an answer has begun cancels it when it begins", async () => {
    const shortcut = new Shortcut({ direct: true });
    await shortcut.join(new ReadableStream<Chunk>()).cancel("left");
    expect(shortcut.cancelled).toBe(true);
    const { stream, seen, aborted } = scriptedStream(ANSWER);
    const summary = shortcut.attach(
      new DeltaSource(stream, new Deltas({ json: false })),
    ) as AsyncGenerator<Chunk>;
    expect(seen.cancelled).toBe(1);
    await expect(summary.next()).rejects.toBe(aborted);
  });

  test("tells AIGNE's stream why", async () => {
    const reasons: unknown[] = [];
    const shortcut = new Shortcut({ direct: true });
    await shortcut
      .join(new ReadableStream<Chunk>({ cancel: (reason) => void reasons.push(reason) }))
      .cancel("left");
    expect(reasons).toEqual(["left"]);
  });

  test("in the middle cancels the answer once", async () => {
    const { readable, streams } = scene([[[textPart("a")], never]]);
    for await (const _ of readable) break;
    expect(streams[0]?.seen.cancelled).toBe(1);
  });

  test("while a read is pending is not kept waiting", async () => {
    const { readable, streams } = scene([[[textPart("a")], never]]);
    const reader = readable.getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel();
    expect((await pending).done).toBe(true);
    expect(streams[0]?.seen.cancelled).toBe(1);
  });

  test("after a retry cancels the answer that is on its way", async () => {
    const { readable, streams } = scene([[GONE], [[textPart("a")], never]]);
    for await (const _ of readable) break;
    expect(streams.at(-1)?.seen.cancelled).toBe(1);
  });
});
