import type { End } from "./caller.js";

/** Counts by name. */
export type Counts = Record<string, number>;

/** So many wrong ends are told in words. */
const MAX_TOLD = 20;

function count(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** What became of calls. */
export class Tally {
  /** How calls ended: by rig, by fate, and by what the caller did. */
  readonly ends: Record<"rig" | "fate" | "habit", Record<string, Counts>> = { rig: {}, fate: {}, habit: {} };
  attempts = 0;
  recoveries = 0;
  /** Of failed attempts, by class. */
  readonly failures: Counts = {};
  /** Of targets that were passed over, by reason. */
  readonly skips: Counts = {};
  wrongCount = 0;
  readonly wrong: string[] = [];

  add(of: { rig: string; fate: string; habit: string }, { name, why, record }: End): void {
    for (const key of ["rig", "fate", "habit"] as const) {
      this.ends[key][of[key]] ??= {};
      count(this.ends[key][of[key]] as Counts, name);
    }
    if (name === "wrong" && this.wrongCount++ < MAX_TOLD) {
      const told = `${of.rig}, ${of.fate}, ${of.habit}: ${why}`;
      this.wrong.push(told);
      process.stderr.write(`wrong: ${told}\n`);
    }
    if (!record) return;
    this.attempts += record.attempts.length;
    this.recoveries += record.recovery?.count ?? 0;
    for (const { failure } of record.attempts) if (failure) count(this.failures, failure.class);
    for (const { reason } of record.skipped) count(this.skips, reason);
  }
}
