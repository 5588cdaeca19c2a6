import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PulledStream } from "../../../src/aigne/pulled-stream.js";
import { KINDS, outcome, ScriptedSource, settle, turn } from "../../support/pulled-kinds.js";
import { refuseUnhandledRejections } from "../../support/rejections.js";
import { collectAll } from "../../support/young-collections.js";

/** Node 20's own iterator trips over itself, or hangs, when it is asked again while a next() is about to find the end. */
const NODE_BUG = /ERR_INTERNAL_ASSERTION|(next|return): pending/;

refuseUnhandledRejections({ but: NODE_BUG });

const GONE = new Error("gone");
const ABC = ["a", "b", "c"];
const BROKEN = ["a", "b", GONE, "never"];

interface Play {
  stream: ReadableStream<string>;
  source: ScriptedSource;
  /** What whoever reads has seen. */
  log: unknown[];
}

type Scenario = (play: Play) => Promise<void>;

async function played(kind: keyof typeof KINDS, script: readonly (string | Error)[], scenario: Scenario) {
  const source = new ScriptedSource(script);
  // Of two streams that are pulled one is such as was made beforehand.
  if (played.count++ % 2 === 0) PulledStream.prepare();
  await turn();
  const stream = KINDS[kind](source);
  const log: unknown[] = [];
  await turn();
  await scenario({ stream, source, log });
  await settle();
  log.push({ locked: stream.locked });
  return { log, seen: source.seen };
}

played.count = 0;

/** The same on both kinds; returns what it was. */
async function alike(script: readonly (string | Error)[], scenario: Scenario) {
  const pulled = await played("pulled", script, scenario);
  expect(pulled).toEqual(await played("plain", script, scenario));
  return pulled;
}

/** The types know of no value here. */
const leave = (iterator: AsyncIterator<string> | undefined, value: unknown) =>
  (iterator as AsyncIterator<string, unknown> | undefined)?.return?.(value);

/** Iterates, and notes every value and how it ended. */
async function iterate(
  { stream, log }: Play,
  body: (value: string) => "break" | undefined | Promise<undefined> = () => undefined,
  options?: { preventCancel: boolean },
): Promise<void> {
  const ended = await outcome(async () => {
    for await (const value of options ? stream.values(options) : stream) {
      log.push({ value, locked: stream.locked });
      if ((await body(value)) === "break") break;
    }
  });
  log.push(ended);
}

/** Reads all that is left, by a reader of its own. */
async function drain({ stream, log }: Pick<Play, "stream" | "log">): Promise<void> {
  const reader = stream.getReader();
  for (let i = 0; i < 6; i++) log.push(await outcome(() => reader.read()));
  log.push(await outcome(() => reader.closed));
  reader.releaseLock();
}

describe("a pulled stream that is iterated is for its reader what a plain one is", () => {
  test("to the end", async () => {
    const { log, seen } = await alike(ABC, (play) => iterate(play));
    expect(log).toMatchObject([{ value: "a" }, { value: "b" }, { value: "c" }, {}, { locked: false }]);
    expect(seen).toEqual(["asked 1", "asked 2", "asked 3", "asked 4"]);
  });

  test("that has nothing to give", () => alike([], (play) => iterate(play)));

  test("to the end, then once more, in any way", async () => {
    const { seen } = await alike(ABC, async (play) => {
      await iterate(play);
      await iterate(play);
      await iterate(play, () => undefined, { preventCancel: true });
      await drain(play);
      play.log.push(await outcome(() => play.stream.cancel("late")));
      await iterate(play);
    });
    expect(seen).toHaveLength(4);
  });

  test("until it breaks, in any loop afterwards", async () => {
    const { seen } = await alike(ABC, async (play) => {
      await iterate(play, (value) => (value === "b" ? "break" : undefined));
      await iterate(play);
      await drain(play);
    });
    expect(seen).toEqual(["asked 1", "asked 2", "cancelled: undefined"]);
  });

  test("until the body of the loop throws", async () => {
    const { log, seen } = await alike(ABC, (play) =>
      iterate(play, () => {
        throw GONE;
      }),
    );
    expect(log[1]).toEqual({ threw: GONE });
    expect(seen).toEqual(["asked 1", "cancelled: undefined"]);
  });

  test("with preventCancel, read on by a reader", async () => {
    const { seen } = await alike(ABC, async (play) => {
      await iterate(play, () => "break", { preventCancel: true });
      await drain(play);
    });
    expect(seen).toEqual(["asked 1", "asked 2", "asked 3", "asked 4"]);
  });

  test("with preventCancel, by one loop after the other", async () => {
    const { seen } = await alike(ABC, async (play) => {
      for (let i = 0; i < 5; i++) await iterate(play, () => "break", { preventCancel: true });
    });
    expect(seen).toEqual(["asked 1", "asked 2", "asked 3", "asked 4"]);
  });

  test("with preventCancel, then cancelled", async () => {
    const { seen } = await alike(ABC, async (play) => {
      await iterate(play, () => "break", { preventCancel: true });
      play.log.push(await outcome(() => play.stream.cancel("enough")));
      await iterate(play);
    });
    expect(seen).toEqual(["asked 1", "cancelled: enough"]);
  });

  test("into an error, the very object, and is broken from then on", async () => {
    const { log, seen } = await alike(BROKEN, async (play) => {
      await iterate(play);
      play.log.push({ locked: play.stream.locked });
      await iterate(play);
      await drain(play);
      play.log.push(await outcome(() => play.stream.cancel("late")));
    });
    expect((log[2] as { threw: unknown }).threw).toBe(GONE);
    expect((log[4] as { threw: unknown }).threw).toBe(GONE);
    expect(seen).toHaveLength(3);
  });

  test("and cannot be taken by another at the same time", () =>
    alike(ABC, async (play) => {
      const { stream, log } = play;
      const iterator = stream.values();
      log.push(stream.locked, await outcome(() => iterator.next()));
      for (const other of [
        () => stream.getReader(),
        () => stream.values(),
        () => stream[Symbol.asyncIterator](),
        () => stream.tee(),
        () => stream.cancel("by another"),
        () => stream.pipeTo(new WritableStream()),
        () => stream.pipeThrough(new TransformStream()),
      ]) {
        log.push(await outcome(other));
      }
      log.push(await outcome(() => iterator.next()), await outcome(() => leave(iterator, "r")));
    }));
});

describe("its iterator, as that of a plain one,", () => {
  test("gives several values that were asked for at once in order", async () => {
    const { log } = await alike(ABC, async ({ stream, log }) => {
      const iterator = stream.values();
      const order: number[] = [];
      const asked = Array.from({ length: 6 }, (_, i) =>
        outcome(() => iterator.next()).then((result) => {
          order.push(i);
          return result;
        }),
      );
      log.push(await Promise.all(asked), order);
    });
    expect(log[0]).toEqual([
      { gave: { done: false, value: "a" } },
      { gave: { done: false, value: "b" } },
      { gave: { done: false, value: "c" } },
      ...Array(3).fill({ gave: { done: true, value: undefined } }),
    ]);
    expect(log[1]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("never asks for a second value before the first is there", async () => {
    let most = 0;
    for (const kind of ["plain", "pulled"] as const) {
      let waiting = 0;
      const stream = KINDS[kind]({
        async next() {
          most = Math.max(most, ++waiting);
          await turn();
          waiting--;
          return { done: false, value: "x" };
        },
        cancel() {},
      });
      const iterator = stream.values();
      await Promise.all(Array.from({ length: 8 }, () => iterator.next()));
    }
    expect(most).toBe(1);
  });

  test("gives an error to one alone of those who asked at once", () =>
    alike(BROKEN, async ({ stream, log }) => {
      const iterator = stream.values();
      log.push(await Promise.all(Array.from({ length: 5 }, () => outcome(() => iterator.next()))));
    }));

  test.each([false, true])(
    "waits with return() for a pending next(), preventCancel: %s",
    async (preventCancel) =>
      void (await alike(ABC, async ({ stream, log }) => {
        const iterator = stream.values({ preventCancel });
        const pending = [
          outcome(() => iterator.next()),
          outcome(() => leave(iterator, "r")),
          outcome(() => iterator.next()),
          outcome(() => leave(iterator, "s")),
        ];
        log.push({ locked: stream.locked });
        log.push(await Promise.all(pending));
        if (!stream.locked) await drain({ stream, log });
      })),
  );

  test("returns at once when it was asked for nothing", () =>
    alike(ABC, async ({ stream, log }) => {
      const iterator = stream.values();
      log.push(await outcome(() => leave(iterator, "r")), await outcome(() => iterator.next()));
    }));

  test.each([
    ["the end", ABC],
    ["an error", BROKEN],
  ])(
    "has nothing more to say after %s",
    async (_, script) =>
      void (await alike(script, async ({ stream, log }) => {
        const iterator = stream.values();
        for (let i = 0; i < 6; i++) log.push(await outcome(() => iterator.next()));
        for (const value of ["r", undefined]) log.push(await outcome(() => leave(iterator, value)));
        log.push(await outcome(() => iterator.next()));
      })),
  );

  test("fails to return when the source fails to be cancelled, and has let go all the same", async () => {
    const logs = await Promise.all(
      (["plain", "pulled"] as const).map(async (kind) => {
        const stream = KINDS[kind](new ScriptedSource(ABC, { cancelError: GONE }));
        const iterator = stream.values();
        await iterator.next();
        return [
          await outcome(() => leave(iterator, "r")),
          stream.locked,
          await outcome(() => iterator.next()),
        ];
      }),
    );
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[1]?.[0]).toEqual({ threw: GONE });
  });

  test("is an async iterator, which iterates itself", () =>
    alike(ABC, async ({ stream, log }) => {
      const iterator = stream.values() as AsyncIterableIterator<string>;
      log.push(iterator[Symbol.asyncIterator]() === iterator, typeof iterator.next, typeof iterator.return);
      log.push(typeof iterator.throw);
      const iteratorPrototype = Object.getPrototypeOf(
        Object.getPrototypeOf(async function* () {}.prototype),
      ) as object;
      log.push(Object.prototype.isPrototypeOf.call(iteratorPrototype, iterator));
      for await (const value of iterator) log.push(value);
    }));
});

describe("a pulled stream under a reader is what a plain one is", () => {
  test("read to the end", () => alike(ABC, drain));
  test("read into an error", () => alike(BROKEN, drain));

  test("with reads that do not wait for each other", () =>
    alike(ABC, async ({ stream, log }) => {
      const reader = stream.getReader();
      log.push(await Promise.all(Array.from({ length: 5 }, () => outcome(() => reader.read()))));
    }));

  test("released in the middle, then iterated", async () => {
    const { seen } = await alike(ABC, async (play) => {
      const reader = play.stream.getReader();
      play.log.push(await outcome(() => reader.read()));
      reader.releaseLock();
      play.log.push(await outcome(() => reader.read()), await outcome(() => reader.closed));
      await iterate(play);
    });
    expect(seen).toHaveLength(4);
  });

  test("released before the first read, then iterated", () =>
    alike(ABC, async (play) => {
      play.stream.getReader().releaseLock();
      await iterate(play);
    }));

  test.each([0, 1, 5])(
    "released with a read pending, iterated %i turns later: no value is lost",
    async (turns) => {
      const { log } = await alike(ABC, async (play) => {
        const reader = play.stream.getReader();
        const pending = outcome(() => reader.read());
        reader.releaseLock();
        play.log.push(await pending);
        for (let i = 0; i < turns; i++) await turn();
        await iterate(play);
      });
      expect(log.slice(1, 4)).toMatchObject(ABC.map((value) => ({ value })));
    },
  );

  test("cancelled before anything was read", async () => {
    const { seen } = await alike(ABC, async (play) => {
      play.log.push(await outcome(() => play.stream.cancel("no need")));
      await iterate(play);
      await drain(play);
    });
    expect(seen).toEqual(["cancelled: no need"]);
  });

  test.each([0, 1])(
    "cancelled while a read is pending, %i turns after it",
    async (turns) =>
      void (await alike(ABC, async ({ stream, log }) => {
        const reader = stream.getReader();
        const pending = outcome(() => reader.read());
        for (let i = 0; i < turns; i++) await turn();
        log.push(
          await outcome(() => reader.cancel("left")),
          await pending,
          await outcome(() => reader.closed),
        );
        reader.releaseLock();
      })),
  );
});

describe("a pulled stream that is led on is what a plain one is", () => {
  test("by tee, to both", () =>
    alike(ABC, async ({ stream, log }) => {
      const logs: unknown[][] = [[], []];
      await Promise.all(
        stream.tee().map((branch, i) => drain({ stream: branch, log: logs[i] as unknown[] })),
      );
      log.push(logs);
    }));

  test("by tee after a loop has taken the first", () =>
    alike(ABC, async (play) => {
      await iterate(play, () => "break", { preventCancel: true });
      for (const branch of play.stream.tee()) await drain({ stream: branch, log: play.log });
    }));

  test("by tee, of which one leaves, then the other", async () => {
    const { seen } = await alike(ABC, async ({ stream, log, source }) => {
      const [one, other] = stream.tee();
      const reader = other.getReader();
      log.push(await outcome(() => reader.read()));
      const left = outcome(() => one.cancel("one"));
      await turn();
      log.push(await outcome(() => reader.read()), [...source.seen]);
      log.push(await outcome(() => reader.cancel("other")), await left);
    });
    expect(seen.at(-1)).toBe("cancelled: one,other");
  });

  test("by tee, into an error", () =>
    alike(BROKEN, async ({ stream, log }) => {
      for (const branch of stream.tee()) await drain({ stream: branch, log });
    }));

  test("by pipeTo, never faster than it is written", async () => {
    const { log } = await alike(ABC, async ({ stream, log, source }) => {
      const written: (() => void)[] = [];
      const sink = new WritableStream<string>({
        write: (value) => {
          log.push(value);
          return new Promise<void>((resolve) => written.push(resolve));
        },
      });
      const piped = outcome(() => stream.pipeTo(sink));
      for (let i = 0; i < 3; i++) {
        await settle();
        log.push(source.seen.length);
        written.shift()?.();
      }
      log.push(await piped);
    });
    expect(log).toEqual(["a", 1, "b", 2, "c", 3, { gave: undefined }, { locked: false }]);
  });

  test.each([
    ["a source that fails", BROKEN, undefined],
    ["a sink that fails", ABC, new Error("full")],
  ])(
    "by pipeTo, with %s",
    async (_, script, full) =>
      void (await alike(script, async ({ stream, log }) => {
        const sink = new WritableStream<string>({
          write: (value) => {
            log.push(value);
            if (full) throw full;
          },
          abort: (reason) => void log.push({ aborted: reason }),
        });
        log.push(await outcome(() => stream.pipeTo(sink)));
      })),
  );

  test("by pipeTo that a signal stops", () =>
    alike(ABC, async ({ stream, log }) => {
      const controller = new AbortController();
      const sink = new WritableStream<string>({
        write: (value) => {
          log.push(value);
          controller.abort(GONE);
        },
      });
      log.push(await outcome(() => stream.pipeTo(sink, { signal: controller.signal })));
    }));

  test.each([
    ["to the end", ABC],
    ["into an error", BROKEN],
  ])(
    "by pipeThrough, %s",
    async (_, script) =>
      void (await alike(script, async ({ stream, log }) => {
        const upper = new TransformStream<string, string>({
          transform: (value, controller) => controller.enqueue(value.toUpperCase()),
        });
        await iterate({ stream: stream.pipeThrough(upper), log } as Play);
      })),
  );

  test("by a transfer", () =>
    alike(ABC, async ({ stream, log }) => {
      const moved = await outcome(() => {
        const copy = structuredClone(stream, { transfer: [stream as never] });
        log.push(copy instanceof ReadableStream);
        return drain({ stream: copy, log });
      });
      log.push(moved);
    }));

  test("by Response and by ReadableStream.from", () =>
    alike(ABC, async ({ stream, log }) => {
      await iterate({ stream: ReadableStream.from(stream), log } as Play);
      const encoded = KINDS.pulled(new ScriptedSource(ABC)).pipeThrough(new TextEncoderStream());
      log.push(await new Response(encoded as never).text());
    }));
});

test.each(["plain", "pulled"] as const)(
  "nothing is asked of the source before a reader asks: %s",
  async (kind) => {
    const source = new ScriptedSource(ABC);
    const stream = KINDS[kind](source);
    await settle();
    expect(source.seen).toEqual([]);
    const iterator = stream.values();
    for (const asked of [1, 2, 3]) {
      await iterator.next();
      await settle();
      expect(source.seen).toHaveLength(asked);
    }
  },
);

test("it is a ReadableStream for whoever asks", () => {
  const stream = KINDS.pulled(new ScriptedSource(ABC));
  expect(stream).toBeInstanceOf(ReadableStream);
  expect(Object.prototype.toString.call(stream)).toBe("[object ReadableStream]");
});

const OPERATIONS = [
  "iterate",
  "iterate, preventCancel",
  "next",
  "return",
  "getReader",
  "read",
  "reader.cancel",
  "releaseLock",
  "closed",
  "cancel",
  "locked",
  "turn",
  "settle",
] as const;
type Operation = (typeof OPERATIONS)[number];

/** Carries out the operations without waiting for any but `turn` and `settle`; notes what each came to. */
async function perform(program: readonly Operation[], { stream, log }: Play): Promise<void> {
  let iterator: AsyncIterator<string> | undefined;
  let reader: ReadableStreamDefaultReader<string> | undefined;
  const acts: Record<Operation, (n: number) => unknown> = {
    iterate: () => {
      iterator = stream.values();
    },
    "iterate, preventCancel": () => {
      iterator = stream.values({ preventCancel: true });
    },
    next: () => iterator?.next(),
    return: (n) => iterator?.return?.(`return ${n}`),
    getReader: () => {
      reader = stream.getReader();
    },
    read: () => reader?.read(),
    "reader.cancel": (n) => reader?.cancel(`left ${n}`),
    releaseLock: () => reader?.releaseLock(),
    closed: () => reader?.closed,
    cancel: (n) => stream.cancel(`cancel ${n}`),
    locked: () => stream.locked,
    turn: () => {},
    settle: () => {},
  };
  for (const [n, operation] of program.entries()) {
    log[n] = `${operation}: pending`;
    void outcome(() => acts[operation](n)).then((result) => {
      log[n] = { [operation]: result };
    });
    if (operation === "turn") {
      // What was begun on the one kind some microtasks later than on the other is to be as far when the turn begins.
      for (let i = 0; i < 20; i++) await undefined;
      await turn();
    }
    if (operation === "settle") await settle();
  }
  await settle();
}

test("no program of operations tells the kinds apart", async () => {
  const script = fc.array(fc.constantFrom<string | Error>("x", "y", "z", GONE), { maxLength: 5 });
  const program = fc.array(fc.constantFrom(...OPERATIONS), { minLength: 1, maxLength: 14 });
  await fc.assert(
    fc.asyncProperty(script, program, async (values, operations) => {
      const plain = await played("plain", values, (play) => perform(operations, play));
      fc.pre(!NODE_BUG.test(inspect(plain, { depth: null })));
      expect(await played("pulled", values, (play) => perform(operations, play))).toEqual(plain);
    }),
    { numRuns: 1_000 },
  );
});

test("a stream that was made beforehand has a source of its own, as has one that was not", async () => {
  PulledStream.prepare();
  PulledStream.prepare();
  await turn();
  const sources = [1, 2, 3].map((n) => new ScriptedSource([`first of ${n}`, `last of ${n}`]));
  const streams = sources.map((source) => PulledStream.prepared(source));
  expect(new Set(streams).size).toBe(3);
  expect(sources.map(({ seen }) => seen)).toEqual([[], [], []]);
  const reader = streams[0]!.getReader();
  expect(await reader.read()).toEqual({ done: false, value: "first of 1" });
  await reader.cancel("enough");
  expect(sources[0]!.seen.at(-1)).toBe("cancelled: enough");
  const read: string[] = [];
  for (const stream of streams.slice(1)) for await (const value of stream) read.push(value);
  expect(read).toEqual(["first of 2", "last of 2", "first of 3", "last of 3"]);
});

test("a stream that was made beforehand keeps nobody's context", async () => {
  // One that is there already would be left as it is.
  PulledStream.prepared(new ScriptedSource([]));
  const store = new AsyncLocalStorage<object>();
  const request = (() => {
    const context = { request: "somebody's" };
    store.run(context, () => PulledStream.prepare());
    return new WeakRef(context);
  })();
  for (let turns = 0; turns < 5; turns++) await turn();
  collectAll();
  expect(request.deref()).toBeUndefined();
});
