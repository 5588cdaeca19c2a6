import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyOf, entryOf, eventOf, GENESIS, linkOf } from "../../../src/journal/line.js";
import { attemptsIn, headOf } from "../../../src/journal/line-head.js";
import { seal } from "../../support/sealed-line.js";

const place = {
  seq: 7,
  ts: "2026-11-25T09:00:00.000Z",
  mono: 1.5,
  chainId: "00f1e2d3c4b5a697",
  prev: GENESIS,
};
/** C0, DEL, C1, and all that breaks, hides or reorders text somewhere. */
const NASTY = [
  ...Array.from({ length: 0x20 }, (_, i) => i),
  ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ...[0xad, 0x61c, 0x180e, 0xfeff, 0xe0001, 0xe0041],
  ...Array.from({ length: 0x70 }, (_, i) => 0x2000 + i),
].map((code) => String.fromCodePoint(code));

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...NASTY, '"', "\\", '","event":"', "\ud800", "\udfff"),
    fc.string({ unit: "binary" }),
  ),
});

function lineOf(event: unknown): Buffer {
  const { text } = seal(place, bodyOf(event as Parameters<typeof bodyOf>[0]));
  expect(text.indexOf("\n")).toBe(text.length - 1);
  expect([...text.slice(0, -1)].filter((char) => NASTY.slice(0, 65).includes(char))).toEqual([]);
  return Buffer.from(text.slice(0, -1));
}

describe("a line", () => {
  it("reads as what was written, on one line, whatever characters are in it", () => {
    fc.assert(
      fc.property(nasty, nasty, (key, value) => {
        const start = { labels: { [`k${key}`]: value } };
        const line = lineOf({ event: "request.start", callId: value, start });
        expect(entryOf(line)).toMatchObject({ ...place, event: "request.start", callId: value, start });
        expect(typeof linkOf(line)).toBe("object");
        expect([eventOf(line), headOf(line)?.event, headOf(line)?.seq]).toEqual([
          "request.start",
          "request.start",
          7,
        ]);
        expect(line.toString()).not.toMatch(/[\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/);
      }),
      { numRuns: 500 },
    );
  });

  it("has a head that says whose it is", () => {
    const callId = "e822eac5-1b62-a7fe-fe5a-f730c933ccfa";
    const head = headOf(lineOf({ event: "request.end", callId, outcome: "ok", record: {} }));
    expect(head).toEqual({
      ...{ seq: 7, ts: place.ts, chainId: place.chainId },
      event: "request.end",
      callId,
      outcome: "ok",
    });
    expect(headOf(Buffer.from("{}"))).toBeUndefined();
  });

  it("has as many attempts as its record lists", () => {
    fc.assert(
      fc.property(fc.array(nasty, { maxLength: 5 }), nasty, (said, label) => {
        const attempts = said.map((message, i) => ({ n: i + 1, target: "a", failure: { message } }));
        const record = {
          labels: { label, attempts: '"attempts":[{"n":1}],"skipped":[' },
          attempts,
          skipped: [],
        };
        expect(attemptsIn(lineOf({ event: "request.end", callId: "a", outcome: "ok", record }))).toBe(
          said.length,
        );
      }),
    );
  });
});
