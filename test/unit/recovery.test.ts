import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Seam } from "../../src/recovery.js";

/** The whole text after a seam, the continuation arriving in the given pieces. */
function joined(shown: string, pieces: string[]): string {
  const seam = new Seam(shown);
  let text = shown;
  pieces.forEach((piece, i) => {
    for (const part of seam.join([{ type: "text", text: piece }], i === pieces.length - 1)) {
      if (part.type === "text") text += part.text;
    }
  });
  return text;
}

describe("the seam of a continued text", () => {
  it.each([
    ["nothing is repeated", "Once upon", [" a time"], "Once upon a time"],
    ["the last words are repeated", "Once upon a", ["upon a", " time"], "Once upon a time"],
    ["all of it is repeated", "Once upon a", ["Once ", "upon a", " time"], "Once upon a time"],
    ["a few letters agree by chance", "A banana", ["na split"], "A bananana split"],
    ["the repetition is all there is", "Once upon a", ["upon a"], "Once upon a"],
  ])("is right where %s", (_, shown, pieces, whole) => {
    expect(joined(shown, pieces)).toBe(whole);
  });

  it("does not depend on how the continuation is cut into pieces", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8 }),
        fc.nat(20),
        fc.string(),
        fc.array(fc.nat(10)),
        (shown, back, rest, cuts) => {
          const continuation = shown.slice(-Math.max(8, back)) + rest;
          const pieces: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(continuation.slice(at, at + cut));
            at += cut;
          }
          pieces.push(continuation.slice(at));
          expect(joined(shown, pieces)).toBe(joined(shown, [continuation]));
        },
      ),
    );
  });

  it("drops the thoughts of the second model", () => {
    const parts = new Seam("Once upon a").join(
      [
        { type: "thoughts", text: "hm" },
        { type: "text", text: " time" },
      ],
      true,
    );
    expect(parts).toEqual([{ type: "text", text: " time" }]);
  });
});
