import { describe, expect, it } from "vitest";
import { Region } from "../../../src/cli/region.js";
import { Screen } from "../../support/screen.js";

describe("a region", () => {
  it("rewrites a row in place and leaves the cursor below the last one", () => {
    const screen = new Screen();
    const region = new Region(screen);
    for (const row of ["one", "two is long", "three"]) region.add(row);
    expect(region.set(1, "2")).toBe(true);
    region.add("four");
    expect(screen.text).toEqual(["one", "2", "three", "four", ""]);
  });

  it("says so when a row has scrolled off the screen, and touches nothing", () => {
    const screen = new Screen({ rows: 4 });
    const region = new Region(screen);
    for (let i = 0; i < 6; i++) region.add(`row ${i}`);
    expect(region.set(0, "changed")).toBe(false);
    expect(region.set(3, "changed")).toBe(true);
    expect(screen.text).toEqual(["row 0", "row 1", "row 2", "changed", "row 4", "row 5", ""]);
  });

  it("leaves rows alone that were written at another width", () => {
    const screen = new Screen({ columns: 80 });
    const region = new Region(screen);
    region.add("before");
    screen.columns = 40;
    region.add("after");
    expect(region.set(0, "changed")).toBe(false);
    expect(region.set(1, "changed")).toBe(true);
    expect(screen.text).toEqual(["before", "changed", ""]);
  });

  it("writes over what the terminal echoes of a key", () => {
    const screen = new Screen();
    const region = new Region(screen);
    region.add("one");
    screen.write("^C");
    region.add("!");
    expect(screen.text).toEqual(["one", "!", ""]);
  });
});
