import type { Io } from "../io.js";

const EVERY_MS = 100;
/** Less is read before anyone could read a line about it. */
const WORTH_BYTES = 32 << 20;

/** How far a long read has come, on one line of standard error that goes when it is done; nothing where that is no terminal. */
export class ReadProgress {
  readonly #io: Io;
  readonly #live: boolean;
  #shownAt = -Infinity;
  #shown = false;

  constructor(io: Io) {
    this.#io = io;
    this.#live = io.stderr.isTTY === true && io.env.TERM !== "dumb";
  }

  readonly show = (done: number, total: number): void => {
    if (!this.#live || total < WORTH_BYTES) return;
    const now = performance.now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#shown = true;
    const percent = Math.floor((done / total) * 100);
    this.#io.stderr.write(`\rreading the journal: ${percent} % of ${gigabytes(total)}\x1b[K`);
  };

  end(): void {
    if (this.#shown) this.#io.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
