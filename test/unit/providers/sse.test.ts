import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SignalError } from "../../../src/errors.js";
import {
  COMMENT_LIMIT,
  EVENT_LIMIT,
  LINE_LIMIT,
  SseDecoder,
  type SseEvent,
} from "../../../src/providers/sse.js";

const bytes = (text: string) => new TextEncoder().encode(text);

function decode(...pieces: (string | Uint8Array)[]): SseEvent[] {
  const decoder = new SseDecoder();
  const events = pieces.flatMap((piece) => decoder.feed(typeof piece === "string" ? bytes(piece) : piece));
  return [...events, ...decoder.end()];
}

function oversize(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    const signal = error instanceof SignalError ? error.signal : undefined;
    if (signal?.kind === "invalid" && signal.reason === "oversized") return signal.message;
    throw error;
  }
  return undefined;
}

describe("events", () => {
  test("of a first read that is one event, and of what comes behind it", () => {
    expect(decode("data: a\n\n", "data: b\n\n: c\n\n")).toEqual([{ data: "a" }, { data: "b" }]);
    // A mark is one at the beginning alone, as are the three letters that its bytes make in Latin-1.
    for (const field of ["\ufeffdata", "ï»¿data"])
      expect(decode("data: a\n\n", `${field}: b\n\ndata: c\n\n`)).toEqual([{ data: "a" }, { data: "c" }]);
  });

  test.each([
    ["LF", "data: a\n\ndata: b\n\n"],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n"],
    ["CR", "data: a\r\rdata: b\r\r"],
    ["mixed", "data: a\r\n\ndata: b\n\r\n"],
    ["a BOM", "\ufeffdata: a\n\ndata: b\n\n"],
    ["no space", "data:a\n\ndata:b\n\n"],
    [
      "comments and other fields",
      ": OPENROUTER PROCESSING\n\nid: 1\nretry: 1e99\ndata: a\n\n:\nevent\ndata: b\n\n",
    ],
    ["no blank line at the end", "data: a\n\ndata: b"],
  ])("are read with %s, whole or one byte at a time", (_, stream) => {
    const expected = [{ data: "a" }, { data: "b" }];
    expect(decode(stream)).toEqual(expected);
    expect(decode(...[...bytes(stream)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test("are the same however the bytes are split", () => {
    const event = fc.record({
      data: fc.array(
        fc.string({ unit: "grapheme", minLength: 1 }).map((text) => text.replace(/[\r\n]/g, "·")),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      end: fc.constantFrom("\n", "\r\n", "\r"),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.array(fc.nat(200), { maxLength: 12 }),
        (events, cuts) => {
          const stream = bytes(
            events
              .map(({ data, end }) => `${data.map((line) => `data: ${line}${end}`).join("")}${end}`)
              .join(""),
          );
          const at = [
            ...new Set([0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length]),
          ].sort((a, b) => a - b);
          const pieces = at.slice(1).map((end, n) => stream.subarray(at[n], end));
          expect(decode(...pieces)).toEqual(events.map(({ data }) => ({ data: data.join("\n") })));
        },
      ),
    );
  });

  test("are the same when a read brings just one of them, whatever came before and comes with it", () => {
    const piece = fc.constantFrom(
      "data: a\n\n",
      "data: b c\n\n",
      "data: \n\n",
      "data:d\n\n",
      "data: e",
      "data: f\n",
      "data: g\n\n\n",
      "data: h\ndata: i\n\n",
      "data: j\r\n\r\n",
      "data: k\n\r",
      "data: l\r\n\n",
      "event: error\n",
      "id: 1\n\n",
      ": a comment\n\n",
      "\n",
      "\n\n",
      "\r",
      "\r\n",
      "\ufeff",
      "",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const letters = [...bytes(pieces.join(""))].map((byte) => Uint8Array.of(byte));
        expect(decode(...pieces)).toEqual(decode(...letters));
      }),
      { numRuns: 5_000 },
    );
  });

  test("have the text that a TextDecoder makes of their bytes, invalid ones included, however these are split", () => {
    // Beginnings, ends and middles of characters, and what is none.
    const byte = fc.constantFrom(
      0x41,
      0x20,
      0xc3,
      0xa9,
      0xe2,
      0x82,
      0xac,
      0xf0,
      0x9f,
      0x98,
      0xff,
      0xc0,
      0xed,
      0xef,
      0xbb,
      0xbf,
    );
    fc.assert(
      fc.property(fc.array(fc.array(byte, { maxLength: 4 }), { maxLength: 6 }), (pieces) => {
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(pieces.flat()));
        const events = decode("data: ", ...pieces.map((piece) => Uint8Array.from(piece)), "\n\n");
        expect(events).toEqual(text === "" ? [] : [{ data: text }]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("in lines ended by CR come without waiting for more", () => {
    expect(new SseDecoder().feed(bytes("data: [DONE]\r\r"))).toEqual([{ data: "[DONE]" }]);
  });

  test("with invalid UTF-8 keep the rest of the text", () => {
    expect(decode(Uint8Array.of(...bytes("data: a"), 0xff, ...bytes("b\n\n")))).toEqual([
      { data: "a\ufffdb" },
    ]);
  });

  test("without data are none", () => {
    expect(decode("data\n\ndata:\n\nevent: x\n\n")).toEqual([]);
  });

  test("keep the name error, and llama.cpp's field of that name becomes one", () => {
    expect(decode("event: error\ndata: x\n\n")).toEqual([{ name: "error", data: "x" }]);
    expect(decode('error: {"code":500}\n\n')).toEqual([{ name: "error", data: '{"code":500}' }]);
  });
});

describe("limits", () => {
  test("a line longer than 1 MiB is refused, one as long is not", () => {
    const line = `data: ${"x".repeat(LINE_LIMIT - 6)}`;
    expect(decode(`${line}\n\n`)).toHaveLength(1);
    expect(oversize(() => decode(`${line}x\n\n`))).toContain("a line");
    expect(oversize(() => decode(...Array.from({ length: 20 }, () => "x".repeat(60_000))))).toContain(
      "a line",
    );
  });

  test("a line longer than allowed is refused also in a read that is one event", () => {
    const decoder = new SseDecoder({ line: 16, event: 16 });
    expect(decoder.feed(bytes("data: a\n\n"))).toEqual([{ data: "a" }]);
    expect(decoder.feed(bytes("data: 0123456\n\n"))).toEqual([{ data: "0123456" }]);
    expect(oversize(() => decoder.feed(bytes("data: 0123456789abcdef\n\n")))).toBe("a line exceeds 16");
  });

  test("an event longer than 4 MiB is refused", () => {
    const line = `data: ${"x".repeat(LINE_LIMIT - 6)}\n`;
    expect(
      oversize(() => decode(...Array.from({ length: EVENT_LIMIT / LINE_LIMIT + 1 }, () => line))),
    ).toContain("an event");
  });

  test("comments and unknown fields between two events may have 1 MiB together", () => {
    const comment = `: ${"x".repeat(1_000)}\n\n`;
    const many = Array.from({ length: Math.ceil(COMMENT_LIMIT / 1_000) }, () => comment);
    expect(oversize(() => decode(...many))).toBeDefined();
    expect(oversize(() => decode(...many.map((text) => text.replace(":", "junk"))))).toBeDefined();
    expect(decode(...many.flatMap((text) => [text, "data: a\n\n"]))).toHaveLength(many.length);
  });

  test("300,000 lines in one event and 4 MiB of CRs take no noticeable time", () => {
    const before = performance.now();
    expect(decode("data: x\n".repeat(300_000), "\n")).toHaveLength(1);
    for (let n = 0; n < 64; n++) decode("\r".repeat(65_536));
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
