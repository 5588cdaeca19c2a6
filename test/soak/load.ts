import { setTimeout as sleep } from "node:timers/promises";
import type { End, Habit, Wish } from "./caller.js";
import { draw } from "./draw.js";
import { type Reading, readMemory } from "./memory.js";
import type { Rig } from "./rigs.js";
import { Tally } from "./tally.js";

/** A call that takes longer hangs. */
const HUNG_MS = 60_000;
/**
 * Callers do not come all at once: of as many as begin in one moment those that fail end first, and so many failures in a
 * row open every breaker.
 */
const STAGGER_MS = 200;
const STREAMED_SHARE = 0.75;
const HABITS: readonly { share: number; habit: Habit }[] = [
  { share: 91, habit: "reads" },
  { share: 4, habit: "aborts" },
  { share: 3, habit: "breaks off" },
  { share: 2, habit: "cancels" },
];

export interface Load {
  rigs: readonly Rig[];
  calls: number;
  atOnce: number;
  /** So often everybody waits until no call is under way, and memory is read. */
  rounds: number;
  shared: AbortSignal;
  random: () => number;
  /** What is asked of the next call, and which ends beside an answer are right for it. */
  next(): { prompt: string; fate: string; ends: readonly End["name"][] };
}

export interface Outcome {
  seconds: number;
  readings: Reading[];
  tally: Tally;
}

/** Makes all the calls, so many at once, and looks at how each one ends. */
export async function run({ rigs, calls, rounds, atOnce, random, shared, next }: Load): Promise<Outcome> {
  const tally = new Tally();
  const readings: Reading[] = [];
  const watch = new HungWatch();
  const began = performance.now();
  let made = 0;

  const one = async (n: number) => {
    const rig = draw(rigs, random);
    const { prompt, fate, ends } = next();
    const streamed = random() < STREAMED_SHARE;
    const drawn = draw(HABITS, random).habit;
    const habit = streamed || drawn === "aborts" ? drawn : "reads";
    const wish: Wish = { prompt, streamed, habit, shared, random };
    watch.begin(n, `${rig.name}: ${prompt}`);
    const end = await rig.call(wish);
    watch.end(n);
    tally.add({ rig: rig.name, fate, habit }, checked(end, [...ends, ...(rig.ends ?? [])]));
  };

  try {
    for (let round = 1; round <= rounds; round++) {
      const until = Math.round((calls * round) / rounds);
      const lane = async () => {
        await sleep(random() * STAGGER_MS);
        while (made < until) await one(made++);
      };
      await Promise.race([Promise.all(Array.from({ length: atOnce }, lane)), watch.hung]);
      const reading = await readMemory(made);
      readings.push(reading);
      const seconds = (performance.now() - began) / 1_000;
      process.stderr.write(
        `${made} of ${calls} calls, ${seconds.toFixed(1)} s, ${(reading.heapUsed / 1e6).toFixed(2)} MB, ${tally.wrongCount} wrong\n`,
      );
    }
  } finally {
    watch.stop();
  }
  return { seconds: (performance.now() - began) / 1_000, readings, tally };
}

/** An end that may be, but not for this call, is wrong. */
function checked(end: End, ends: readonly End["name"][]): End {
  if (["answer", "left", "aborted", "wrong", ...ends].includes(end.name)) return end;
  const { attempts = [], skipped = [] } = end.record ?? {};
  const told = [
    ...attempts.map(
      ({ target, outcome, failure, why }) => `${target} ${why} ${outcome} ${failure?.message ?? ""}`,
    ),
    ...skipped.map(({ target, reason }) => `${target} ${reason}`),
  ];
  return { ...end, name: "wrong", why: `ended with ${end.name} (${told.join(", ")})` };
}

/** One timer for all calls. */
class HungWatch {
  readonly hung: Promise<never>;
  readonly #underWay = new Map<number, { since: number; what: string }>();
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.hung = new Promise((_, reject) => {
      this.#timer = setInterval(() => {
        for (const { since, what } of this.#underWay.values())
          if (performance.now() - since > HUNG_MS) reject(new Error(`a call hangs: ${what}`));
      }, 1_000);
    });
  }

  begin(n: number, what: string): void {
    this.#underWay.set(n, { since: performance.now(), what });
  }

  end(n: number): void {
    this.#underWay.delete(n);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
