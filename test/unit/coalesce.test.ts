import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerFold } from "../../src/answer.js";
import { coalesced } from "../../src/coalesce.js";
import { PendingAnswer } from "../../src/pending-answer.js";
import type { ContentPart } from "../../src/types.js";

const text = (value: string): ContentPart => ({ type: "text", text: value });
const thoughts = (value: string): ContentPart => ({ type: "thoughts", text: value });
const file: ContentPart = { type: "file", mimeType: "image/png", data: "AA==" };

test("neighbours of one kind become one, and nothing changes places", () => {
  expect(coalesced([text("a"), text("b"), thoughts("t"), thoughts("u"), file, file, text("c")])).toEqual([
    text("ab"),
    thoughts("tu"),
    file,
    file,
    text("c"),
  ]);
});

test("what stands alone stays the very same", () => {
  const alone = [text("a")];
  expect(coalesced(alone)).toBe(alone);
  const parts = [text("a"), thoughts("b"), file];
  const whole = coalesced(parts);
  for (const [index, part] of parts.entries()) expect(whole[index]).toBe(part);
  expect(coalesced([])).toEqual([]);
});

test("an answer is the same with it and without, in fewer parts", () => {
  const part = fc.oneof(fc.string().map(text), fc.string().map(thoughts), fc.constant(file));
  fc.assert(
    fc.property(fc.array(fc.array(part)), (batches) => {
      const folds = [true, false].map((coalesce) => {
        const [pending, fold] = [new PendingAnswer(coalesce), new AnswerFold()];
        const shown = batches.map((batch) => pending.add(batch).shown);
        for (const parts of shown) fold.add(parts);
        return { answer: fold.answer, said: pending.said, parts: shown.flat().length };
      });
      const [together, apart] = folds as [(typeof folds)[0], (typeof folds)[0]];
      expect(together.answer).toEqual(apart.answer);
      expect(together.said).toBe(apart.said);
      expect(together.parts).toBeLessThanOrEqual(apart.parts);
    }),
  );
});
