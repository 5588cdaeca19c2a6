import fc from "fast-check";
import { expect, test } from "vitest";
import { LongText } from "../../src/long-text.js";

test("is all its pieces, whenever it is looked at", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.boolean()), { maxLength: 600, size: "max" }), (pieces) => {
      const text = new LongText();
      let whole = "";
      for (const [piece, look] of pieces) {
        text.add(piece);
        whole += piece;
        if (look) expect(text.toString()).toBe(whole);
      }
      expect(`${text}`).toBe(whole);
    }),
  );
});
