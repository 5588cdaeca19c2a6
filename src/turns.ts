/** Lets whoever asks an iterator again before its last answer is there wait for that, as generators do. */
export class Turns {
  #last: Promise<unknown> | undefined;
  /** How often it was asked without an answer yet. */
  #asked = 0;

  /** `ask` calls `done` when it has its answer. */
  take<R>(ask: () => Promise<R>): Promise<R> {
    const answer = this.#asked++ > 0 && this.#last ? this.#last.then(ask, ask) : ask();
    this.#last = answer;
    return answer;
  }

  done(): void {
    this.#asked--;
  }

  get free(): boolean {
    return this.#asked === 0;
  }
}
