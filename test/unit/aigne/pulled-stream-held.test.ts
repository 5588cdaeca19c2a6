import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { KINDS, outcome, ScriptedSource, settle, turn } from "../../support/pulled-kinds.js";

const ABC = ["a", "b", "c"];
const GONE = new Error("gone");

type Log = unknown[];
type Scenario = (stream: ReadableStream<string>, log: Log) => Promise<void>;

async function played(kind: keyof typeof KINDS, script: readonly (string | Error)[], scenario: Scenario) {
  const source = new ScriptedSource(script);
  const stream = KINDS[kind](source);
  const log: Log = [];
  await scenario(stream, log);
  await settle();
  log.push({ locked: stream.locked });
  return { log, seen: source.seen };
}

/** The same on both kinds; returns what it was. */
async function alike(script: readonly (string | Error)[], scenario: Scenario) {
  const pulled = await played("pulled", script, scenario);
  expect(pulled).toEqual(await played("plain", script, scenario));
  return pulled;
}

/** Bytes of text, as bodies want them. */
const bytes = (stream: ReadableStream<string>) => stream as unknown as ReadableStream<Uint8Array>;
const encoded = ABC.map((text) => new TextEncoder().encode(text) as unknown as string);

async function textOf(stream: ReadableStream<string>): Promise<string> {
  return new Response(bytes(stream) as never).text();
}

const OTHERS: Record<string, (stream: ReadableStream<string>) => unknown> = {
  getReader: (stream) => stream.getReader(),
  "getReader in byte mode": (stream) => stream.getReader({ mode: "byob" }),
  "another loop": (stream) => stream.values(),
  tee: (stream) => stream.tee(),
  pipeTo: (stream) => stream.pipeTo(new WritableStream()),
  pipeThrough: (stream) => stream.pipeThrough(new TransformStream()),
  cancel: (stream) => stream.cancel("by another"),
  "a Response": (stream) => new Response(bytes(stream) as never),
  "Readable.fromWeb": (stream) => Readable.fromWeb(stream as never),
  "ReadableStream.from": async (stream) => {
    for await (const _ of ReadableStream.from(stream)) return "read";
    return "empty";
  },
  transfer: (stream) => structuredClone(stream, { transfer: [stream as never] }) instanceof ReadableStream,
};

/** What came of it; of an object no more than what it is. */
async function result(work: () => unknown): Promise<unknown> {
  const came = (await outcome(work)) as { gave?: object };
  return typeof came.gave === "object" ? { gave: came.gave.constructor.name } : came;
}

/** When the other one comes. */
const MOMENTS: Record<string, (iterator: AsyncIterator<string>) => unknown> = {
  "has not read yet": () => {},
  "waits for its first": (iterator) => void iterator.next(),
  "has read": (iterator) => iterator.next(),
};

describe.each(Object.entries(MOMENTS))("while an iteration %s, nobody else takes the stream", (_, moment) => {
  test.each(Object.entries(OTHERS))("by %s", async (_name, other) => {
    const { log } = await alike(ABC, async (stream, log) => {
      const iterator = stream.values();
      await moment(iterator);
      log.push({ locked: stream.locked });
      log.push(await result(() => other(stream)));
      log.push({ locked: stream.locked });
      for (let i = 0; i < 4; i++) log.push(await outcome(() => iterator.next()));
      log.push({ locked: stream.locked });
    });
    expect(log[1]).toHaveProperty("threw");
  });
});

describe.each([
  ["after a break", false, 1],
  ["after a break with preventCancel", true, 1],
  ["after a return before any read", false, 0],
  ["after a return before any read, with preventCancel", true, 0],
])("%s the stream is anybody's", (_, preventCancel, reads) => {
  // A Response differs, as is shown below.
  test.each(Object.entries(OTHERS).filter(([name]) => name !== "a Response"))(
    "by %s",
    async (_name, other) => {
      await alike(ABC, async (stream, log) => {
        const iterator = stream.values({ preventCancel }) as AsyncIterator<string, unknown>;
        for (let i = 0; i < reads; i++) log.push(await iterator.next());
        log.push(await iterator.return?.());
        log.push({ locked: stream.locked });
        log.push(await result(() => other(stream)));
        log.push({ locked: stream.locked });
        log.push(await outcome(() => iterator.next()));
      });
    },
  );
});

describe("a whole stream is read", () => {
  test.each([
    ["to the end", ABC],
    ["into an error", ["a", GONE]],
  ])("by Readable.fromWeb, %s", async (_, script) => {
    await alike(script, async (stream, log) => {
      log.push(
        await outcome(async () => {
          for await (const value of Readable.fromWeb(stream as never)) log.push(String(value));
        }),
      );
    });
  });

  test("by Readable.fromWeb that is destroyed in the middle", async () => {
    const { seen } = await alike(ABC, async (stream, log) => {
      for await (const value of Readable.fromWeb(stream as never, { highWaterMark: 1 })) {
        log.push(String(value));
        break;
      }
    });
    expect(seen.some((done) => done.startsWith("cancelled"))).toBe(true);
  });

  test("by a Response", async () => {
    const { log } = await alike(encoded, async (stream, log) => {
      log.push(await outcome(() => textOf(stream)));
    });
    expect(log[0]).toEqual({ gave: "abc" });
  });

  test("by a Response, after a loop that has taken nothing", async () => {
    await alike(encoded, async (stream, log) => {
      await (stream.values({ preventCancel: true }) as AsyncIterator<string, unknown>).return?.();
      log.push(await outcome(() => textOf(stream)));
    });
  });

  test("by a Response, after a loop has taken one and left, which of a plain one it refuses", async () => {
    const stream = KINDS.pulled(new ScriptedSource(encoded));
    for await (const _ of stream.values({ preventCancel: true })) break;
    expect(await textOf(stream)).toBe("bc");
  });

  test.each([0, 1])("by a transfer, after a loop has taken %i and left", async (reads) => {
    await alike(ABC, async (stream, log) => {
      const iterator = stream.values({ preventCancel: true }) as AsyncIterator<string, unknown>;
      for (let i = 0; i < reads; i++) await iterator.next();
      await iterator.return?.();
      const moved = structuredClone(stream, { transfer: [stream as never] });
      for await (const value of moved) log.push(value);
      await turn();
    });
  });
});
