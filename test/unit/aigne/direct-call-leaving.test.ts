import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { AgentParts } from "../../../src/aigne/agent-parts.js";
import { DeltaSource } from "../../../src/aigne/delta-source.js";
import { Deltas } from "../../../src/aigne/deltas.js";
import { invokeDirectly } from "../../../src/aigne/direct-call.js";
import type { Part } from "../../../src/types.js";
import { type Program, scene, type Try } from "../../support/call-program.js";
import { collect } from "../../support/collected-chunks.js";
import { outcome, settle, turn } from "../../support/pulled-kinds.js";
import { refuseUnhandledRejections } from "../../support/rejections.js";
import { type Batch, FINISH, scriptedStream, textPart } from "../../support/scripted-stream.js";

refuseUnhandledRejections();

const NEVER = new Promise<readonly Part[]>(() => {});
const A = [textPart("a")];
const B = [textPart("b")];
const END = [FINISH];
const text = (value: string) => ({ delta: { text: { text: value } } });

/** A direct call whose one answer comes as the batches do. */
async function begun(
  batches: readonly Batch[],
  { hooks = { agent: { onSuccess: [], onError: [], onEnd: [] } }, retries }: Partial<Program> = {},
) {
  const { agent, options, log, context } = scene({ tries: [], hooks, retries });
  const opened: ReturnType<typeof scriptedStream>[] = [];
  const open = vi.fn(async () => {
    const source = scriptedStream(batches);
    opened.push(source);
    return new DeltaSource(source.stream, new Deltas({ json: false }));
  });
  const input = { messages: [{ role: "user" as const, content: "Say it." }] };
  const stream = await invokeDirectly(agent as unknown as AgentParts, input, options as never, open);
  const heard = () =>
    log.flatMap((entry) => {
      const { hook, event } = entry as { hook?: string; event?: string };
      return event === "agentStarted" ? [] : [hook ?? event];
    });
  return { stream, open, opened, heard, log, context };
}

type Begun = Awaited<ReturnType<typeof begun>>;
const FAILED = ["agent onError 0", "agent onEnd 0", "agentFailed"];
const SUCCEEDED = ["agent onSuccess 0", "agent onEnd 0", "agentSucceed"];

/** How a reader leaves. */
const EXITS: [string, (call: Begun, reads: number) => Promise<unknown>][] = [
  [
    "by its iterator",
    async ({ stream }, reads) => {
      const iterator = stream.values();
      for (let i = 0; i < reads; i++) await iterator.next();
      await iterator.return?.();
    },
  ],
  [
    "by its reader",
    async ({ stream }, reads) => {
      const reader = stream.getReader();
      for (let i = 0; i < reads; i++) await reader.read();
      await reader.cancel("left");
    },
  ],
];

describe.each(EXITS)("a reader who leaves %s", (_, leave) => {
  test.each([
    ["before the answer begins", [NEVER], 0],
    ["before it has read what is there", [A, B, END], 0],
    ["between two reads", [A, B, END], 1],
    ["between two deltas of one read", [[...A, ...B], END], 1],
  ])("%s cancels the source once, and hooks hear of it once", async (_when, batches, reads) => {
    const call = await begun(batches as Batch[]);
    await leave(call, reads);
    await settle();
    expect(call.opened.map(({ seen }) => seen.cancelled)).toEqual([1]);
    expect(call.heard()).toEqual(FAILED);
    expect(call.log).toContainEqual(
      expect.objectContaining({
        hook: "agent onError 0",
        error: { error: "Error", message: call.opened[0]?.aborted.message },
      }),
    );
  });

  test("after the last delta hears no error: the answer was whole", async () => {
    const call = await begun([A, END]);
    await leave(call, 2);
    await settle();
    expect(call.heard()).toEqual(SUCCEEDED);
  });

  test("after the end changes nothing", async () => {
    const call = await begun([A, END]);
    await leave(call, 3);
    await settle();
    expect(call.heard()).toEqual(SUCCEEDED);
    expect(call.opened[0]?.seen.cancelled).toBe(0);
  });

  test.each<[string, Partial<Program>]>([
    ["retryOnError", { retries: { retries: 3 } }],
    ["a hook", { hooks: { agent: { onError: ["retry", "retry"], onEnd: [] } } }],
  ])("is not followed by another try, although %s asks for one", async (_by, program) => {
    const call = await begun([A, NEVER], program);
    await leave(call, 1);
    await settle();
    expect(call.open).toHaveBeenCalledTimes(1);
    expect(call.heard().filter((what) => what === "agentFailed")).toEqual(["agentFailed"]);
  });
});

test("a reader who leaves by its reader in mid-read ends that read, and hooks hear of it once", async () => {
  const call = await begun([A, NEVER]);
  const reader = call.stream.getReader();
  await reader.read();
  const pending = reader.read();
  await reader.cancel();
  expect(await pending).toEqual({ done: true, value: undefined });
  await settle();
  expect(call.opened[0]?.seen.cancelled).toBe(1);
  expect(call.heard()).toEqual(FAILED);
});

test("a reader who leaves its loop by an error leaves all the same", async () => {
  const call = await begun([A, NEVER]);
  const mine = new Error("mine");
  const looped = outcome(async () => {
    for await (const _ of call.stream) throw mine;
  });
  expect(await looped).toEqual({ threw: mine });
  await settle();
  expect(call.opened[0]?.seen.cancelled).toBe(1);
  expect(call.heard()).toEqual(FAILED);
});

test.each([-1, ...Array(12).keys()])(
  "a reader who leaves %i moments after the source was opened has it cancelled",
  async (moments) => {
    const { agent, options, log } = scene({ tries: [], hooks: { agent: { onError: [] } } });
    const { stream: answer, seen } = scriptedStream([NEVER]);
    let opened = (_: DeltaSource) => {};
    const open = () =>
      new Promise<DeltaSource>((resolve) => {
        opened = resolve;
      });
    const input = { messages: [] };
    const stream = await invokeDirectly(agent as unknown as AgentParts, input, options as never, open);
    if (moments < 0) await stream.cancel();
    expect(seen.cancelled).toBe(0);
    opened(new DeltaSource(answer, new Deltas({ json: false })));
    for (let i = 0; i < moments; i++) await undefined;
    await stream.cancel();
    await settle();
    expect(seen.cancelled).toBe(1);
    expect(log).toContainEqual(expect.objectContaining({ hook: "agent onError 0" }));
  },
);

test("nothing is read ahead of the reader but the first", async () => {
  const call = await begun([A, B, END]);
  const asked = () => call.opened[0]?.seen.asked;
  await settle();
  expect(asked()).toBe(1);
  const iterator = call.stream.values();
  for (const [read, value] of [
    [1, text("a")],
    [2, text("b")],
  ] as const) {
    expect((await iterator.next()).value).toEqual(value);
    await settle();
    expect(asked()).toBe(read);
  }
});

describe("a call that ends while its reader holds still is told to hooks", () => {
  test.each([0, 1, 2])("after %i of its deltas were read, and the reader hears of it too", async (reads) => {
    const call = await begun([[...A, ...B], NEVER]);
    const reader = call.stream.getReader();
    await settle();
    for (let i = 0; i < reads; i++) await reader.read();
    await settle();
    const died = new Error("nobody has read");
    call.opened[0]?.die(died);
    await settle();
    expect(call.heard()).toEqual(FAILED);
    const rest: unknown[] = [];
    const read = async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) rest.push(next.value);
    };
    expect(await outcome(read)).toEqual({ threw: died });
    expect(rest).toEqual([text("a"), text("b")].slice(reads));
    await settle();
    expect(call.heard()).toEqual(FAILED);
  });

  test("although nobody has ever looked at it", async () => {
    const call = await begun([A, NEVER]);
    await settle();
    call.opened[0]?.die(new Error("nobody has read"));
    await settle();
    expect(call.heard()).toEqual(FAILED);
  });

  test("when its answer is whole, though the reader never asks for the end", async () => {
    const call = await begun([A, END]);
    const reader = call.stream.getReader();
    await reader.read();
    await settle();
    expect(call.heard()).toEqual([]);
    await reader.read();
    await settle();
    expect(call.heard()).toEqual(SUCCEEDED);
    expect((await reader.read()).done).toBe(true);
  });

  test("and is tried again when a hook asks for it", async () => {
    const call = await begun([[...A, ...B], NEVER], { hooks: { agent: { onError: ["retry"], onEnd: [] } } });
    const iterator = call.stream.values();
    await iterator.next();
    call.opened[0]?.die(new Error("nobody has read"));
    await settle();
    expect(call.open).toHaveBeenCalledTimes(1);
    expect((await iterator.next()).value).toEqual(text("b"));
    expect((await iterator.next()).value).toEqual({ delta: { json: { text: null } } });
    expect((await iterator.next()).value).toEqual(text("a"));
    expect(call.open).toHaveBeenCalledTimes(2);
    await iterator.return?.();
  });
});

test("a call that could not be begun, and that nobody reads, is told to hooks, and to whoever reads late", async () => {
  const { invoke, log, sources } = scene({
    tries: [{ refused: true, reads: [] }],
    hooks: { agent: { onError: [] } },
  });
  const stream = await invoke("invokeDirectly");
  await settle();
  expect(sources).toHaveLength(1);
  expect(log).toContainEqual(expect.objectContaining({ hook: "agent onError 0" }));
  expect((await collect(stream)).error).toMatchObject({ message: "refusal 0" });
});

test("hooks that throw at a call that nobody reads leave no rejection without a reader", async () => {
  const call = await begun([new Error("gone")], { hooks: { agent: { onError: ["throws"] } } });
  await settle();
  expect(call.heard()).toEqual(["agent onError 0"]);
  expect((await collect(call.stream)).error).toMatchObject({ message: "agent onError 0 throws" });
});

const readBy = (stream: ReadableStream<unknown>) => {
  const reader = stream.getReader();
  return { read: () => reader.read(), leave: () => reader.cancel() };
};

const iterated = (stream: ReadableStream<unknown>) => {
  const iterator = stream.values();
  return { read: () => iterator.next(), leave: () => iterator.return?.() };
};

test("whenever a reader leaves, hooks hear of one end, and no source is left open", async () => {
  const reads = fc.array(fc.constantFrom(A, B, [...A, ...B]), { maxLength: 3 });
  const attempt: fc.Arbitrary<Try> = fc.oneof(
    fc.record({ reads, dies: fc.constant(true), arrives: fc.boolean() }),
    fc.record({ reads, hangs: fc.constant(true), arrives: fc.boolean() }),
    fc.record({ reads: reads.map((list) => [...list, END]), arrives: fc.boolean() }),
    fc.constant({ reads: [], refused: true }),
  );
  const program = fc.record({
    tries: fc.array(attempt, { minLength: 1, maxLength: 3 }),
    retries: fc.constantFrom(undefined, { retries: 1 }),
    hooks: fc.constantFrom<Program["hooks"]>({}, { agent: { onError: ["retry", "nothing", "retry"] } }),
  });
  const leaving = fc.record({ reads: fc.nat(6), turns: fc.nat(4), loops: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(program, leaving, async (made, { reads: count, turns, loops }) => {
      const { invoke, log, sources } = scene(made as Program);
      const stream = await invoke("invokeDirectly");
      // An iterator's return() waits for the read that is pending, as that of any web stream does.
      const hangs = made.tries.some((each) => (each as Try).hangs);
      const { read, leave } = loops && !hangs ? iterated(stream) : readBy(stream);
      // Some of them may be pending when it leaves.
      for (let i = 0; i < count; i++) await Promise.race([outcome(read), turn()]);
      for (let i = 0; i < turns; i++) await turn();
      void outcome(leave);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await settle();
      const ends = log.filter((entry) =>
        /agentFailed|agentSucceed/.test((entry as { event?: string }).event ?? ""),
      );
      // AIGNE tells no failure that a hook has answered with a retry, and none is made for a reader who has left.
      const fewest = made.hooks?.agent ? 0 : 1;
      expect([fewest, 1]).toContain(ends.length);
      for (const { seen } of sources) expect(seen.cancelled).toBeLessThanOrEqual(1);
    }),
    { numRuns: 300 },
  );
});
