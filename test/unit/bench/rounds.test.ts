import { describe, expect, it } from "vitest";
import { runStages } from "../../bench/rounds.js";
import type { Task } from "../../bench/stages.js";

const silent = () => {};

function task(contestant: string, run: () => number, peer = false): Task {
  return { contestant, measures: ["burst"], peer, run: async () => ({ burst: { cpuUs: run() } }) };
}

const failing = (contestant: string, peer: boolean): Task =>
  task(
    contestant,
    () => {
      throw new Error("a wrong answer");
    },
    peer,
  );

describe("rounds", () => {
  it("take turns", async () => {
    const order: string[] = [];
    const tasks = ["floor", "chain", "model"].map((name) =>
      task(name, () => {
        order.push(name);
        return order.length;
      }),
    );
    const samples = await runStages([{ name: "burst", rounds: 2, tasks }], silent);
    expect(order).toEqual(["floor", "chain", "model", "floor", "chain", "model"]);
    expect(samples.values.burst?.chain).toEqual({ cpuUs: [2, 5] });
  });

  it("go through every stage, and leave out one that has had its rounds", async () => {
    const order: string[] = [];
    const stage = (name: string, rounds: number) => ({
      name,
      rounds,
      tasks: [task("floor", () => order.push(name))],
    });
    await runStages([stage("burst", 2), stage("length", 1)], silent);
    expect(order).toEqual(["burst", "length", "burst"]);
  });

  it("end with the name of one of ours that fails", async () => {
    const stage = { name: "burst", rounds: 2, tasks: [failing("chain", false)] };
    await expect(runStages([stage], silent)).rejects.toThrow("ours, FallbackChain, burst: a wrong answer");
  });

  it("go on without a peer that fails, say why, and do not ask it again", async () => {
    let asked = 0;
    const peer = failing("published", true);
    const counted = { ...peer, run: () => ++asked && peer.run() };
    const stage = { name: "burst", rounds: 3, tasks: [counted, task("floor", () => 1)] };
    const samples = await runStages([stage as never], silent);
    expect(samples.notes).toEqual({ burst: { published: "a wrong answer" } });
    expect(samples.values.burst).toEqual({ floor: { cpuUs: [1, 1, 1] } });
    expect(asked).toBe(1);
  });

  it("tell how far they are", async () => {
    const said: string[] = [];
    const stage = { name: "burst", rounds: 2, tasks: [task("floor", () => 1)] };
    await runStages([stage], (text) => said.push(text));
    expect(said).toEqual([
      expect.stringMatching(/^round 1 of 2, burst, floor; \d+ s left$/),
      "round 2 of 2, burst, floor; 0 s left",
    ]);
  });
});
