import { describe, expect, it } from "vitest";
import { medianOf, spreadOf } from "../../bench/statistics.js";

describe("a median with its quartiles", () => {
  it("is the middle of an odd number of values, whatever their order", () => {
    expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ low: 3, median: 5, high: 7 });
  });

  it("lies between the two middle ones of an even number", () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ low: 1.75, median: 2.5, high: 3.25 });
  });

  it("sorts by size, not as text", () => {
    expect(medianOf([100, 9, 20])).toBe(20);
  });

  it("is a single value three times", () => {
    expect(spreadOf([7])).toEqual({ low: 7, median: 7, high: 7 });
  });

  it("is nothing without a value", () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  it("leaves the values as they were", () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
