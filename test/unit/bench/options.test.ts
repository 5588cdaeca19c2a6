import { describe, expect, it } from "vitest";
import { readOptions } from "../../bench/options.js";
import { ROSTER, versionsOf } from "../../bench/roster.js";
import { allStages } from "../../bench/stages.js";

describe("the benchmark's options", () => {
  it("have defaults", () => {
    expect(readOptions([])).toEqual({ short: false, page: false, profile: false });
  });

  it("are read", () => {
    const args = ["--rounds", "3", "--only", "burst,paced", "--contestants", "floor", "--short"];
    expect(readOptions(args)).toEqual({
      rounds: 3,
      only: ["burst", "paced"],
      contestants: ["floor"],
      short: true,
      page: false,
      profile: false,
    });
    expect(readOptions(["--profile", "--rounds", "1"])).toMatchObject({ profile: true, rounds: 1 });
  });

  it.each(["0", "1.5", "many"])("refuse --rounds %s", (rounds) => {
    expect(() => readOptions(["--rounds", rounds])).toThrow(
      `--rounds must be a whole number above 0, got ${rounds}`,
    );
  });

  it("refuse one that nobody knows", () => {
    expect(() => readOptions(["--round", "3"])).toThrow("--round");
  });
});

describe("the full form", () => {
  it("lets everybody take part in every shape of load", () => {
    const stages = allStages({ port: 1, rounds: 7 });
    const others = ROSTER.map(({ name }) => name).filter((name) => name !== "model-per-event");
    for (const shape of ["sustained", "paced", "burst", "short-1", "short-64", "short-1000", "first"]) {
      const tasks = stages.flatMap((stage) => stage.tasks.filter(({ measures }) => measures.includes(shape)));
      expect(tasks.map(({ contestant }) => contestant)).toEqual(expect.arrayContaining(others));
    }
  });

  it("knows the version of what is installed here", () => {
    const [floor] = ROSTER;
    expect(versionsOf(floor as (typeof ROSTER)[0])).toMatch(
      /^undici \d+\.\d+\.\d+, eventsource-parser \d+\./,
    );
  });
});
