import { describe, expect, test } from "vitest";
import { OptionsError } from "../../src/errors.js";
import { FallbackChain } from "../../src/fallback-chain.js";
import { answer, type Script, scripted } from "../../src/providers/scripted.js";
import type { Part, Provider } from "../../src/types.js";
import { arriving } from "../support/arriving.js";
import { ask, bench } from "../support/chain.js";
import { outcome, settle } from "../support/pulled-kinds.js";
import { refuseUnhandledRejections } from "../support/rejections.js";

refuseUnhandledRejections();

const NEVER = Number.POSITIVE_INFINITY;
const DONE = { done: true, value: undefined };

function streamed(script: Script) {
  const scene = bench({ "a/one": [script] }, { recovery: "fail" });
  const stream = scene.chain.stream(ask);
  return { ...scene, stream };
}

/** Of a provider that can be waited for without a promise, as ours can. */
function awaited(script: Script) {
  const inner = scripted({ script: { "a/one": [script] } });
  const provider: Provider = {
    ...inner,
    open: async (request, context) => arriving((await inner.open(request, context))[Symbol.asyncIterator]()),
  };
  const chain = new FallbackChain({ targets: ["a/one"], provider, logger: false, recovery: "fail" });
  return { stream: chain.stream(ask) };
}

const textsOf = (results: readonly IteratorResult<readonly Part[]>[]) =>
  results.flatMap(({ value }) =>
    ((value ?? []) as readonly Part[]).flatMap((part) => (part.type === "text" ? [part.text] : [])),
  );

describe("the batches of an answer", () => {
  test("are given in order to those who asked at once, and then the end to each of the others", async () => {
    const { stream } = streamed(answer("a", "b", "c"));
    const batches = stream.batches();
    const results = await Promise.all(Array.from({ length: 12 }, () => batches.next()));
    expect(textsOf(results)).toEqual(["a", "b", "c"]);
    const first = results.findIndex(({ done }) => done);
    expect(first).toBeGreaterThan(0);
    expect(results.slice(first)).toEqual(Array(results.length - first).fill(DONE));
    expect(results[first - 1]?.value?.at(-1)).toMatchObject({ type: "finish" });
  });

  test("are over once they are over", async () => {
    const { stream } = streamed(answer("a"));
    const batches = stream.batches();
    while (!(await batches.next()).done);
    for (let i = 0; i < 3; i++) expect(await batches.next()).toEqual(DONE);
    expect(await batches.return?.()).toEqual(DONE);
    expect(await batches.next()).toEqual(DONE);
    expect((await stream.record).outcome).toBe("ok");
  });

  test("give an error to one alone of those who asked at once, and then are over", async () => {
    const { stream } = streamed(["a", { kind: "eof", afterContent: true }]);
    const batches = stream.batches();
    const results = await Promise.all(Array.from({ length: 5 }, () => outcome(() => batches.next())));
    expect(results.map((result) => Object.keys(result as object)[0])).toEqual([
      "gave",
      "threw",
      "gave",
      "gave",
      "gave",
    ]);
    expect(results.slice(2)).toEqual(Array(3).fill({ gave: DONE }));
    expect(await batches.next()).toEqual(DONE);
    expect((await stream.record).outcome).not.toBe("ok");
  });

  test.each([
    ["before the first part", [NEVER]],
    ["after one", ["a", NEVER]],
  ])("end at once when they are returned while a read is pending %s", async (_, script) => {
    const { stream, provider } = streamed(script as Script);
    const batches = stream.batches();
    for (let i = 1; i < script.length; i++) await batches.next();
    const order: string[] = [];
    const pending = outcome(() => batches.next()).then((result) => {
      order.push("next");
      return result;
    });
    await settle();
    const returned = batches.return?.().then((result) => {
      order.push("return");
      return result;
    });
    expect(await returned).toEqual(DONE);
    expect(await stream.record).toMatchObject({ outcome: "aborted" });
    expect(order).toEqual(["next", "return"]);
    expect(await batches.next()).toEqual(DONE);
    await expect(pending).resolves.toHaveProperty("threw");
    await settle();
    expect(provider.closed).toBe(provider.opened);
  });

  test("tell the read that was pending that the call was aborted", async () => {
    const { stream } = streamed(["a", NEVER]);
    const batches = stream.batches();
    await batches.next();
    const pending = batches.next();
    void batches.return?.();
    await expect(pending).rejects.toMatchObject({ code: "aborted" });
  });

  test("are over when they are returned before anybody asked", async () => {
    const { stream, provider } = streamed(["a", NEVER]);
    const batches = stream.batches();
    expect(await batches.return?.()).toEqual(DONE);
    expect(await batches.next()).toEqual(DONE);
    expect(await stream.record).toMatchObject({ outcome: "aborted" });
    await settle();
    expect(provider.closed).toBe(provider.opened);
  });

  test("tell whoever asks after cancel() that the call was aborted, once", async () => {
    const { stream } = streamed(["a", NEVER]);
    const batches = stream.batches();
    await batches.next();
    stream.cancel();
    await expect(batches.next()).rejects.toMatchObject({ code: "aborted" });
    expect(await batches.next()).toEqual(DONE);
  });

  test("can be had once", async () => {
    const { stream } = streamed(answer("a"));
    stream.batches();
    expect(() => stream.batches()).toThrow(OptionsError);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(OptionsError);
    stream.cancel();
    await stream.record;
  });
});

describe.each([
  ["of somebody else's", streamed],
  ["that can be waited for", awaited],
])("the parts of the answer of a provider %s", (_, streamed) => {
  test("are given in order to those who asked at once, however they came", async () => {
    const { stream } = streamed([
      [
        { type: "text", text: "a" },
        { type: "thoughts", text: "b" },
      ],
      "c",
      [
        { type: "text", text: "d" },
        { type: "finish", reason: "stop" },
      ],
    ]);
    const parts = stream[Symbol.asyncIterator]();
    const results = await Promise.all(Array.from({ length: 8 }, () => parts.next()));
    expect(results.slice(0, 4).map(({ value }) => value && "text" in value && value.text)).toEqual([
      ..."abcd",
    ]);
    expect(results.at(-1)).toEqual(DONE);
  });

  test("end at once when they are returned while a read is pending", async () => {
    const { stream } = streamed(["a", NEVER]);
    const parts = stream[Symbol.asyncIterator]();
    await parts.next();
    const pending = outcome(() => parts.next());
    expect(await parts.return?.()).toEqual(DONE);
    expect(await pending).toHaveProperty("threw");
    expect(await parts.next()).toEqual(DONE);
    expect(await stream.record).toMatchObject({ outcome: "aborted" });
  });

  test("are gone once they are returned, also those that have come already", async () => {
    const { stream } = streamed([
      [
        { type: "text", text: "a" },
        { type: "thoughts", text: "b" },
      ],
      NEVER,
    ]);
    const parts = stream[Symbol.asyncIterator]();
    expect((await parts.next()).value).toEqual({ type: "text", text: "a" });
    expect(await parts.return?.()).toEqual(DONE);
    expect(await parts.next()).toEqual(DONE);
  });
});
