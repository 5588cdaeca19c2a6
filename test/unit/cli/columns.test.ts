import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cell, clean, cut, oneLine, widthOf, wrap } from "../../../src/cli/columns.js";

describe("the width of a text", () => {
  it.each([
    ["plain", 5],
    ["漢字", 4],
    ["한글", 4],
    ["🎉", 2],
    ["👩‍👩‍👧", 2],
    ["❤️", 2],
    ["e\u0301", 1],
    ["→ ✓ é", 5],
  ])("of %s is %i columns", (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe("cutting", () => {
  it("leaves a text that fits as it is, and ends another with an ellipsis", () => {
    expect(cut("seven77", 7)).toBe("seven77");
    expect(cut("eight888", 7)).toBe("eight8…");
  });

  it("never cuts a wide character in half", () => {
    expect(cut("漢字漢字", 6)).toBe("漢字…");
  });

  it("fills a cell to its width, on the side that is asked for", () => {
    expect(cell("ab", 4)).toBe("ab  ");
    expect(cell("ab", 4, "right")).toBe("  ab");
    expect(widthOf(cell("漢字漢字漢", 6))).toBe(6);
  });
});

describe("wrapping", () => {
  it("breaks between words, and keeps line breaks and indents", () => {
    expect(wrap("one two three\n\n    code", 8)).toEqual(["one two", "three", "", "    code"]);
  });

  it("breaks a word that is too long", () => {
    expect(wrap("a https://example.org", 8)).toEqual(["a", "https://", "example.", "org"]);
  });

  it("keeps the space at the end, so that a text that comes in pieces can go on", () => {
    expect(wrap("one two ", 20)).toEqual(["one two "]);
  });

  it("makes no line wider than asked, loses no word, and gives piece by piece what it gives at once", () => {
    const texts = fc.array(fc.constantFrom("a", " ", "\n", "word ", " 漢字", "🎉", "longer-than-that-is"), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 20 }), (pieces, width) => {
        const lines = wrap(pieces.join(""), width);
        for (const line of lines) expect(widthOf(line.trimEnd())).toBeLessThanOrEqual(width);
        expect(lines.join("").replace(/\s/g, "")).toBe(pieces.join("").replace(/\s/g, ""));
        const grown = [""];
        for (const piece of pieces) grown.splice(-1, 1, ...wrap(grown.at(-1) + piece, width));
        expect(grown.join("").replace(/\s/g, "")).toBe(lines.join("").replace(/\s/g, ""));
        for (const line of grown) expect(widthOf(line.trimEnd())).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe("cleaning", () => {
  it("lets no control character through but the line break", () => {
    expect(clean("a\x1b[31mb\r\n\x07c\td\x9be\u202ef")).toBe("a[31mb\nc  def");
    expect(oneLine(" a\n\tb\x00  c ")).toBe("a b c");
  });
});
