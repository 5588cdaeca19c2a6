import fc from "fast-check";
import { expect, test } from "vitest";
import { isoOf } from "../../src/clock.js";

test("a moment reads as a date writes it, whichever came before", () => {
  const near = fc.integer({ min: -3_000, max: 3_000 });
  const wall = fc.oneof(
    near,
    near.map((ms) => 1_764_115_200_000 + ms),
    near.map((ms) => 253_402_300_800_000 + ms),
    fc.integer({ min: -8.64e15, max: 8.64e15 }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(wall, { minLength: 1, maxLength: 20 }), (moments) => {
      for (const moment of moments) expect(isoOf(moment)).toBe(new Date(moment).toISOString());
    }),
    { numRuns: 2_000 },
  );
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1])("%s is no moment", (wall) => {
  isoOf(8.64e15);
  expect(() => isoOf(wall)).toThrow(RangeError);
});
