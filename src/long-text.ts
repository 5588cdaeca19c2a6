/** So many pieces wait to be joined. */
const PIECES = 128;

/**
 * A text that grows piece by piece. A string that is added to keeps a node for each piece until somebody reads it, and
 * thousands of nodes in hundreds of streams are what a garbage collector has to carry along.
 */
export class LongText {
  #joined = "";
  readonly #pieces: string[] = [];

  add(piece: string): void {
    if (this.#pieces.push(piece) === PIECES) this.#join();
  }

  toString(): string {
    if (this.#pieces.length > 0) this.#join();
    return this.#joined;
  }

  #join(): void {
    this.#joined += this.#pieces.join("");
    this.#pieces.length = 0;
  }
}

/** The same text in memory of its own: a slice of a long string keeps all of that. */
export function ownCopy(slice: string): string {
  return ` ${slice}`.slice(1);
}
