import type { BreakerPhaseName, BreakerReport } from "./report.js";

const KEPT = 1_000;

interface Change {
  at: number;
  phase: BreakerPhaseName;
}

/** Adds up the changes of one target's breaker. */
export class BreakerFold {
  readonly #target: string;
  readonly #counts = { open: 0, half_open: 0, closed: 0 };
  #changes: Change[] = [];

  constructor(target: string) {
    this.#target = target;
  }

  add(phase: BreakerPhaseName, at: number): void {
    this.#counts[phase]++;
    this.#changes.push({ at, phase });
    // Calls come in the order they end, and so changes nearly in the order they happened.
    if (this.#changes.length > 2 * KEPT) this.#changes = this.#latest();
  }

  report(): BreakerReport {
    const latest = this.#latest();
    return {
      target: this.#target,
      opened: this.#counts.open,
      halfOpened: this.#counts.half_open,
      closed: this.#counts.closed,
      last: latest.at(-1)?.phase ?? "closed",
      changes: latest.map(({ at, phase }) => ({ at: new Date(at).toISOString(), phase })),
    };
  }

  #latest(): Change[] {
    return this.#changes.toSorted((a, b) => a.at - b.at).slice(-KEPT);
  }
}
