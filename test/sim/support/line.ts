/** One line of the table: a goal and what came of it. */
export interface Line {
  /** Number of the simulation. */
  id: number;
  /** What was run, and with which options. */
  setting: string;
  /** "–": for comparison only. */
  goal: string;
  measured: string;
  /** Of a comparison: it shows what it is there to show. */
  met: boolean;
  calls: number;
  seeds: readonly number[];
}

export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** As many seeds, from `seed` on, as it takes to make `calls` calls of runs of `each`; at least one. */
export function seedsFor(seed: number, calls: number, each: number): number[] {
  return Array.from({ length: Math.max(1, Math.round(calls / each)) }, (_, i) => seed + i);
}

/** The results of one run per seed, one after the other. */
export async function perSeed<T>(seeds: readonly number[], run: (seed: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const seed of seeds) results.push(await run(seed));
  return results;
}

/** What is wrong, for a person to read, with the seeds to see it again. */
export function unmet(lines: readonly Line[]): string[] {
  return lines
    .filter(({ met }) => !met)
    .map(
      ({ setting, goal, measured, calls, seeds }) =>
        `${setting}: wanted ${goal}, got ${measured} (${calls} calls, seeds ${seeds.join(", ")})`,
    );
}
