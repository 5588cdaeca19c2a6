/** Those who wait until a queue has room: first come, first served. */
export class Room {
  readonly #waiting = new Set<() => boolean>();

  /** `enter` returns false while it does not fit. Returns a function that gives up. */
  wait(enter: () => boolean): () => void {
    this.#waiting.add(enter);
    return () => void this.#waiting.delete(enter);
  }

  /** There is more of it. */
  open(): void {
    for (const enter of this.#waiting) {
      if (!enter()) return;
      this.#waiting.delete(enter);
    }
  }
}
