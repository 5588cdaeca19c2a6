import type { Clock } from "../types.js";

/** Who asks a target before its time, and who waits to hear what comes of it. */
export class Turns {
  #taken = 0;
  readonly #waiting = new Set<(heard: boolean) => void>();

  get taken(): boolean {
    return this.#taken > 0;
  }

  take(): void {
    this.#taken++;
  }

  /** All who wait hear of it: the first to look takes the next turn, and the others wait on. */
  give(): void {
    this.#taken--;
    for (const hear of [...this.#waiting]) hear(true);
  }

  /** Resolves true at the next `give`; false after `waitMs`, or as soon as `onLeave`'s callback is called. */
  news(waitMs: number, clock: Clock, onLeave: (leave: () => void) => void): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: unknown;
      const hear = (heard: boolean) => {
        if (!this.#waiting.delete(hear)) return;
        clock.clearTimeout(timer);
        resolve(heard);
      };
      this.#waiting.add(hear);
      timer = clock.setTimeout(() => hear(false), waitMs);
      onLeave(() => hear(false));
    });
  }
}
