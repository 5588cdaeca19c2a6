import type { Output } from "./io.js";

/**
 * Rows at the end of the screen that may still change. The cursor always stands below the last one. Every row must fit
 * on one line of the terminal, else rows cannot be found again.
 */
export class Region {
  readonly #out: Output;
  readonly #rows: string[] = [];
  #columns: number | undefined;
  /** Rows before this one are out of reach. */
  #reach = 0;

  constructor(out: Output) {
    this.#out = out;
    this.#columns = out.columns;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Returns the index of the new row. */
  add(row: string): number {
    this.#update();
    this.#rows.push(row);
    // The terminal may have echoed a key, such as ^C, where the row begins.
    this.#out.write(`\r${row}\x1b[K\n`);
    return this.#rows.length - 1;
  }

  /** Rewrites a row; false when it has left the screen. */
  set(index: number, row: string): boolean {
    this.#update();
    if (this.#rows[index] === row) return true;
    this.#rows[index] = row;
    if (index < this.#reach) return false;
    const up = this.#rows.length - index;
    const down = up > 1 ? `\x1b[${up - 1}B` : "";
    this.#out.write(`\x1b[${up}A\r${row}\x1b[K\r\x1b[1B${down}`);
    return true;
  }

  #update(): void {
    // A terminal of another width has wrapped the rows anew, nobody knows how.
    if (this.#out.columns !== this.#columns) {
      this.#columns = this.#out.columns;
      this.#reach = this.#rows.length;
    }
    this.#reach = Math.max(this.#reach, this.#rows.length - ((this.#out.rows ?? 24) - 1));
  }
}
