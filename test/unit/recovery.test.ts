import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Seam } from "../../src/recovery.js";

/** The whole text after a seam, the continuation arriving in the given pieces. */
function joined(shown: string, pieces: string[]): string {
  const seam = new Seam(shown);
  let text = shown;
  pieces.forEach((piece, i) => {
    for (const part of seam.join([{ type: "text", text: piece }], i === pieces.length - 1).parts) {
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

  it.each([
    ["the model begins anew", "Once upon a time there was a dog", "Once upon a time there was a cat.", true],
    [
      "the model begins anew with the word that the text was cut behind",
      "The sky is blue because of the air. The",
      "The sky is blue because light bends.",
      true,
    ],
    [
      "it repeats all, then goes on",
      "Once upon a time there was a dog",
      "Once upon a time there was a dog.",
      false,
    ],
    ["a table goes on with a row like the last", "0,1\n0,0,0,0\n0,0,0,0\n", "0,0,0,0\n0,0,0,1\n", false],
  ])("tells whether %s", (_, shown, text, anew) => {
    const joined = new Seam(shown).join([{ type: "text", text }], true);
    expect(joined.anew).toBe(anew);
    if (text.startsWith("0,")) expect(joined.parts).toEqual([{ type: "text", text }]);
  });

  it("costs no more than its length, however the text repeats itself", () => {
    const shown = "a".repeat(400_000);
    const seam = new Seam(shown);
    let joined = "";
    const startedAt = performance.now();
    for (let i = 0; i < 100_000; i++) {
      for (const part of seam.join([{ type: "text", text: "aaaa" }], i === 99_999).parts) joined += part.type;
    }
    // Quadratic work took minutes here.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(joined).toBe("");
  });

  it("drops the thoughts of the second model", () => {
    const parts = new Seam("Once upon a").join(
      [
        { type: "thoughts", text: "hm" },
        { type: "text", text: " time" },
      ],
      true,
    );
    expect(parts).toEqual({ parts: [{ type: "text", text: " time" }], anew: false });
  });
});
