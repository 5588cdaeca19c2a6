import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Turns } from "../../src/turns.js";
import { outcome, turn } from "../support/pulled-kinds.js";

/** A worker that answers what it is asked, each time after as many turns of the event loop as it is told. */
function worker() {
  const turns = new Turns();
  const log: string[] = [];
  let busy = 0;
  let most = 0;
  const ask = (name: string, wait = 0, error?: Error) =>
    turns.take(async () => {
      log.push(`${name} begins`);
      most = Math.max(most, ++busy);
      try {
        for (let i = 0; i < wait; i++) await turn();
        if (error) throw error;
        return name;
      } finally {
        busy--;
        log.push(`${name} ends`);
        turns.done();
      }
    });
  return { turns, log, ask, most: () => most };
}

describe("whoever is asked again before it has answered", () => {
  test("answers in the order in which it was asked, one at a time", async () => {
    const { ask, log, most } = worker();
    expect(await Promise.all([ask("a", 3), ask("b", 0), ask("c", 1)])).toEqual(["a", "b", "c"]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    expect(most()).toBe(1);
  });

  test("begins at once with the first, and with one that comes when all is answered", async () => {
    const { ask, log } = worker();
    void ask("a");
    expect(log).toEqual(["a begins", "a ends"]);
    await turn();
    const late = ask("b", 1);
    expect(log).toContain("b begins");
    await late;
  });

  test("answers the later ones although an earlier one was an error", async () => {
    const { ask } = worker();
    const gone = new Error("gone");
    const asked = [ask("a", 1, gone), ask("b"), ask("c", 0, gone), ask("d")];
    expect(await Promise.all(asked.map((answer) => outcome(() => answer)))).toEqual([
      { threw: gone },
      { gave: "b" },
      { threw: gone },
      { gave: "d" },
    ]);
  });

  test("is free only when every one is answered", async () => {
    const { turns, ask } = worker();
    expect(turns.free).toBe(true);
    const asked = [ask("a", 1), ask("b", 1)];
    expect(turns.free).toBe(false);
    await asked[0];
    expect(turns.free).toBe(false);
    await asked[1];
    expect(turns.free).toBe(true);
  });

  test("whatever it is asked, and whenever", async () => {
    const question = fc.record({
      wait: fc.integer({ min: 0, max: 3 }),
      pause: fc.integer({ min: 0, max: 2 }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(question, { maxLength: 8 }), async (questions) => {
        const { turns, ask, log, most } = worker();
        const answers: Promise<unknown>[] = [];
        for (const [n, { wait, pause, fails }] of questions.entries()) {
          const asked = ask(`${n}`, wait, fails ? new Error(`${n}`) : undefined);
          answers.push(asked.catch((error: Error) => error.message));
          for (let i = 0; i < pause; i++) await turn();
        }
        expect(await Promise.all(answers)).toEqual(questions.map((_, n) => `${n}`));
        expect(log).toEqual(questions.flatMap((_, n) => [`${n} begins`, `${n} ends`]));
        expect(most()).toBeLessThanOrEqual(1);
        expect(turns.free).toBe(true);
      }),
    );
  });
});
