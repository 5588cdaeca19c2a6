import { widthOf } from "./columns.js";
import type { Terminal } from "./terminal.js";

export type Mark = "✓" | "✗" | "·";

/** Columns of what a row says, with the time before it. */
const HEAD = 40;
/** On a line of the narrowest terminal. */
const MIN_MARKS = 10;

/**
 * A row per change, in which marks are added as they come: only ever written at the end, so that a pipe gets the same as
 * a terminal.
 */
export class FlapBoard {
  readonly #terminal: Terminal;
  /** Columns written of the last row; undefined: it has ended. */
  #width: number | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  row(atMs: number, text: string, tone: "good" | "bad" | "wait"): void {
    const { green, red, yellow, dim } = this.#terminal.colors;
    const style = { good: green, bad: red, wait: yellow }[tone];
    const time = `  ${(atMs / 1000).toFixed(1).padStart(4)} s  `;
    this.end();
    this.#terminal.write(dim(time) + style(text));
    this.#width = time.length + widthOf(text);
  }

  mark(mark: Mark): void {
    const { columns, colors } = this.#terminal;
    if (this.#width !== undefined && this.#width >= columns) this.end();
    const written = this.#width ?? 0;
    const head = Math.max(0, Math.min(HEAD, columns - MIN_MARKS) - written);
    const style = { "✓": colors.green, "✗": colors.red, "·": colors.dim }[mark];
    this.#terminal.write(" ".repeat(head) + style(mark));
    this.#width = written + head + 1;
  }

  /** Ends the row that is being written. */
  end(): void {
    if (this.#width !== undefined) this.#terminal.line();
    this.#width = undefined;
  }
}
