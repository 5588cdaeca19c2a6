import type { Clock, Concurrency } from "../types.js";

interface Waiter {
  limit: number;
  settle(granted: boolean): void;
}

/** Calls at one target at once. A slot that is given back goes to whoever has waited longest, and to nobody who has left. */
export class Slots {
  #used = 0;
  readonly #waiting = new Set<Waiter>();

  get used(): number {
    return this.#used;
  }

  /** Is there room for one more? Those who wait have a lower limit then: nobody of the same one is passed. */
  free(concurrency: Concurrency | undefined): boolean {
    return !concurrency || this.#used < concurrency.limit;
  }

  /** Takes a slot, whether or not there is room. */
  take(): void {
    this.#used++;
  }

  give(): void {
    this.#used--;
    for (const waiter of this.#waiting) {
      if (this.#used >= waiter.limit) continue;
      // Taken here and not when the waiter wakes: somebody else could come between.
      this.#used++;
      waiter.settle(true);
      return;
    }
  }

  /** Resolves true with a slot taken; false after `waitMs`, or as soon as `onLeave`'s callback is called. */
  wait({ limit, waitMs }: Concurrency, clock: Clock, onLeave: (leave: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: unknown;
      const waiter: Waiter = {
        limit,
        settle: (granted) => {
          if (!this.#waiting.delete(waiter)) return;
          clock.clearTimeout(timer);
          resolve(granted);
        },
      };
      this.#waiting.add(waiter);
      timer = clock.setTimeout(() => waiter.settle(false), waitMs);
      onLeave(() => waiter.settle(false));
    });
  }
}
