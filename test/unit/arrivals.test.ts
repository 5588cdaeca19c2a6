import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeltaSource } from "../../src/aigne/delta-source.js";
import { Deltas } from "../../src/aigne/deltas.js";
import { ArrivalIterator } from "../../src/arrivals.js";
import { FallbackChain, type FallbackChainOptions, type Part, type ProviderPart } from "../../src/chain.js";
import { answer, type ScriptedOptions, scripted } from "../../src/providers/scripted.js";
import type { Provider } from "../../src/types.js";
import { Upstream } from "../../src/upstream.js";
import { arriving, byArrivals } from "../support/arriving.js";
import { ask } from "../support/chain.js";
import { FINISH, scriptedStream, textPart } from "../support/scripted-stream.js";

const THOUGHT = { type: "thoughts", text: "hm" } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A chain whose provider can be waited for without promises. */
function arrivingChain(script: ScriptedOptions["script"], options: Partial<FallbackChainOptions> = {}) {
  const inner = scripted({ script });
  const provider: Provider = {
    ...inner,
    open: async (request, context) => arriving((await inner.open(request, context))[Symbol.asyncIterator]()),
  };
  return new FallbackChain({ targets: Object.keys(script), provider, logger: false, ...options });
}

async function partsOf(batches: AsyncIterator<readonly Part[]>) {
  const all: Part[] = [];
  for await (const parts of byArrivals(batches)) all.push(...parts);
  return all;
}

function textOf(parts: readonly Part[]): string {
  const begin = parts.findLastIndex(({ type }) => type === "restart") + 1;
  return parts.slice(begin).reduce((text, part) => (part.type === "text" ? text + part.text : text), "");
}

test.each(["continue", "restart"] as const)(
  "an answer is whole after a takeover, recovery: %s",
  async (recovery) => {
    const cut = { kind: "eof", afterContent: true } as const;
    const chain = arrivingChain(
      {
        "a/one": [["One two ", "three ", cut]],
        "b/two": [["One ", "two ", "three ", "four ", THOUGHT, ...answer("five.")]],
      },
      { recovery, retry: { stream_interrupted: { retries: 0 } } },
    );
    const stream = chain.stream(ask);
    const parts = await partsOf(stream.batches());
    expect(textOf(parts)).toBe("One two three four five.");
    // A continuation's thoughts belong to another model.
    expect(parts.includes(THOUGHT)).toBe(recovery === "restart");
    expect((await stream.record).recovery?.mode).toBe(recovery);
  },
);

test("the clocks of a stream stand still while its reader holds what has arrived", async () => {
  const chain = arrivingChain(
    { "a/one": [["a", "b", ...answer("c", "d")]] },
    { timeouts: { idleMs: 50, consumerMs: false, totalMs: false } },
  );
  const stream = chain.stream(ask);
  let text = "";
  for await (const parts of byArrivals(stream.batches())) {
    for (const part of parts) if (part.type === "text") text += part.text;
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(text).toBe("abcd");
  expect((await stream.record).attempts).toHaveLength(1);
});

test("they run while it waits for what is to arrive", async () => {
  const chain = arrivingChain(
    { "a/one": [["a", "b", 10_000, "c"]], "b/two": [answer("whole")] },
    { timeouts: { idleMs: 50 }, retry: { timeout: { retries: 0 } } },
  );
  const parts = partsOf(chain.stream(ask).batches());
  await vi.advanceTimersByTimeAsync(1_000);
  expect(textOf(await parts)).toBe("whole");
});

test("a reader who waits for what is to arrive hears that the call was cancelled", async () => {
  const chain = arrivingChain({ "a/one": [["a", "b", Number.POSITIVE_INFINITY]] });
  const stream = chain.stream(ask);
  const ended = partsOf(stream.batches()).catch(({ code }) => code);
  await vi.advanceTimersByTimeAsync(100);
  stream.cancel();
  expect(await ended).toBe("aborted");
});

test("whoever is called away is not given what arrives in the same moment", async () => {
  let come: (parts: ProviderPart[]) => void = () => {};
  const read = new Promise<readonly ProviderPart[]>((resolve) => {
    come = resolve;
  });
  async function* parts() {
    yield await read;
  }
  const provider = { open: async () => arriving(parts()) } as unknown as Provider;
  const upstream = new Upstream();
  const context = { attemptId: "c-1", onHeaders: () => {} };
  await upstream.open(provider, { model: "a/one", messages: [] }, context, (open) => open());
  const woken = vi.fn();
  expect(upstream.wait(woken)).toBe(true);
  come([textPart("late") as ProviderPart]);
  await vi.advanceTimersByTimeAsync(0);
  expect(woken).toHaveBeenCalledTimes(1);
  const away = new Error("away");
  upstream.interrupt(away);
  expect(upstream.arrived()).toBeUndefined();
  expect(upstream.wait(woken)).toBe(false);
  await expect(upstream.next()).rejects.toBe(away);
});

test("of two who wait for deltas each gets its own, in order", async () => {
  let come = (_: readonly Part[]) => {};
  const second = new Promise<readonly Part[]>((resolve) => {
    come = resolve;
  });
  const { stream } = scriptedStream([[textPart("a")], second, [textPart("c")], [FINISH]]);
  const source = new DeltaSource(stream, new Deltas({ json: false }));
  await source.read();
  const soon = source.soon();
  expect(source.soon()).toBe(soon);
  const read = source.read();
  come([textPart("b")]);
  await soon;
  expect([...((await read) ?? [])]).toEqual([{ delta: { text: { text: "b" } } }]);
  expect([...((await source.read()) ?? [])]).toEqual([{ delta: { text: { text: "c" } } }]);
});

async function* words() {
  for (const text of ["one ", "two ", "three"]) yield [{ type: "text", text } as ProviderPart];
  yield [{ type: "finish", reason: "stop" } as ProviderPart];
}

describe("an iterator that is not as we made it is asked by next alone", () => {
  const loud = (made: Pick<ArrivalIterator<readonly ProviderPart[]>, "next">) => async () => {
    const { done, value } = await made.next();
    if (done) return { done, value };
    const louder = value.map((part) =>
      part.type === "text" ? { ...part, text: part.text.toUpperCase() } : part,
    );
    return { done: false, value: louder };
  };
  const wait = () => {
    throw new Error("not ours to call");
  };

  test.each<
    [string, (made: ArrivalIterator<readonly ProviderPart[]>) => AsyncIterator<readonly ProviderPart[]>]
  >([
    [
      "with a next of its own",
      (made) => {
        const next = made.next.bind(made);
        return Object.assign(made, { next: loud({ next }), wait });
      },
    ],
    [
      "behind a Proxy",
      (made) => new Proxy(made, { get: (target, key) => (key === "next" ? loud(target) : wait) }),
    ],
    ["that inherits from ours", (made) => Object.create(made, { next: { value: loud(made) } })],
    [
      "that has a wait of its own",
      (made) =>
        ({ next: loud(made), wait, arrived: wait }) as unknown as AsyncIterator<readonly ProviderPart[]>,
    ],
  ])("%s", async (_, wrapped) => {
    const provider: Provider = {
      ...scripted({ script: { "a/one": [[]] } }),
      open: async () => {
        const iterator = wrapped(arriving(words()));
        return { [Symbol.asyncIterator]: () => iterator };
      },
    };
    const chain = new FallbackChain({ targets: ["a/one"], provider, logger: false });
    expect(textOf(await partsOf(chain.stream(ask).batches()))).toBe("ONE TWO THREE");
  });
});

test("what throws in place of arriving fails the attempt, and another answers", async () => {
  class Broken extends ArrivalIterator<readonly ProviderPart[]> {
    readonly #inner = arriving(words());
    #asked = 0;

    next() {
      return this.#inner.next();
    }

    return() {
      return this.#inner.return();
    }

    wait(wake: () => void) {
      return this.#inner.wait(wake);
    }

    arrived() {
      if (this.#asked++ === 1) throw new Error("broken");
      return this.#inner.arrived();
    }
  }
  const chain = new FallbackChain({
    targets: ["a/one", "b/two"],
    provider: {
      ...scripted({ script: { "b/two": [answer("whole")] } }),
      open: async (request, context) =>
        request.model === "a/one"
          ? new Broken()
          : scripted({ script: { "b/two": [answer("whole")] } }).open(request, context),
    },
    logger: false,
  });
  expect(textOf(await partsOf(chain.stream(ask).batches()))).toBe("whole");
});
