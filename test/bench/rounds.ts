import { labelOf } from "./roster.js";
import { Samples } from "./samples.js";
import type { Stage, Task } from "./stages.js";

/**
 * Round by round, all stages in each: what changes on the machine in the meantime changes for every contestant, and after
 * the first round it is known how long the rest will take.
 *
 * @throws Error with the contestant's name when one that is no peer fails
 */
export async function runStages(stages: readonly Stage[], say: (text: string) => void): Promise<Samples> {
  const samples = new Samples();
  const left = new TimeLeft(stages);
  // Who failed once is not asked again: a hanging peer would cost two minutes a round.
  const out = new Set<Task>();
  const most = Math.max(0, ...stages.map(({ rounds }) => rounds));
  for (let round = 0; round < most; round++) {
    for (const { name, tasks, rounds } of stages) {
      for (const task of round < rounds ? tasks : []) {
        const began = performance.now();
        if (!out.has(task) && !(await perform(task, samples))) out.add(task);
        left.took(task, out.has(task) ? 0 : performance.now() - began);
        say(`round ${round + 1} of ${rounds}, ${name}, ${task.contestant}; ${left.text()}`);
      }
    }
  }
  return samples;
}

async function perform(task: Task, samples: Samples): Promise<boolean> {
  try {
    samples.add(task.contestant, await task.run());
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (!task.peer) throw new Error(`${labelOf(task.contestant)}, ${task.measures.join(", ")}: ${text}`);
    for (const measure of task.measures) samples.note(measure, task.contestant, text);
    return false;
  }
}

/** What a task took last, it will take again; one that has not run yet is as long as the average. */
class TimeLeft {
  readonly #ms = new Map<Task, number>();
  readonly #rounds = new Map<Task, number>();

  constructor(stages: readonly Stage[]) {
    for (const { rounds, tasks } of stages) for (const task of tasks) this.#rounds.set(task, rounds);
  }

  took(task: Task, ms: number): void {
    this.#ms.set(task, ms);
    this.#rounds.set(task, (this.#rounds.get(task) as number) - 1);
  }

  text(): string {
    const known = [...this.#ms.values()];
    const average = known.reduce((sum, ms) => sum + ms, 0) / known.length;
    let ms = 0;
    for (const [task, rounds] of this.#rounds) ms += rounds * (this.#ms.get(task) ?? average);
    return ms < 90_000 ? `${Math.round(ms / 1_000)} s left` : `about ${Math.round(ms / 60_000)} min left`;
  }
}
