import type { Clock } from "../../src/types.js";

interface Due {
  at: number;
  run: () => void;
}

/**
 * An event loop in virtual time that can be blocked. As in Node, timers that are due fire before data that has arrived
 * is read, and what happens during a block is seen only after it.
 */
export class EventLoop implements Clock {
  #now = 0;
  readonly #timers = new Set<Due>();
  readonly #arrivals: Due[] = [];

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): unknown {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Due);
  }

  /** Data that arrives at a moment, whatever the loop does then. */
  arrives(at: number, run: () => void): void {
    const behind = this.#arrivals.findLastIndex((each) => each.at <= at);
    this.#arrivals.splice(behind + 1, 0, { at, run });
  }

  /** Code that runs for so long. */
  block(ms: number): void {
    this.#now += ms;
  }

  run(until: number): void {
    for (;;) {
      this.#fire();
      this.#read();
      let next = this.#arrivals[0]?.at ?? Number.POSITIVE_INFINITY;
      for (const { at } of this.#timers) next = Math.min(next, at);
      if (next > until) break;
      this.#now = Math.max(this.#now, next);
    }
    this.#now = Math.max(this.#now, until);
  }

  /** The timers that are due, earliest first; one that is set meanwhile waits for the next turn. */
  #fire(): void {
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.run();
  }

  #read(): void {
    for (let next = this.#arrivals[0]; next && next.at <= this.#now; next = this.#arrivals[0]) {
      this.#arrivals.shift();
      next.run();
    }
  }
}
