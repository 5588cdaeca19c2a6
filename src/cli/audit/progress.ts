import type { Io } from "../io.js";

const PATIENCE_MS = 1_000;
const EVERY_MS = 200;

/** How far long work is, on standard error where that is a terminal; nothing is said of work that is soon done. */
export class Progress {
  readonly #io: Io;
  readonly #verb: string;
  readonly #began = performance.now();
  #last = 0;
  #shown = false;

  constructor(io: Io, verb: string) {
    this.#io = io;
    this.#verb = verb;
  }

  readonly tell = (done: number, total: number): void => {
    const now = performance.now();
    const { stderr } = this.#io;
    if (stderr.isTTY !== true || now - this.#began < PATIENCE_MS || now - this.#last < EVERY_MS) return;
    this.#last = now;
    this.#shown = true;
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    stderr.write(`\r${this.#verb} ${percent} % of ${sizeText(total)}\x1b[K`);
  };

  /** Removes what was shown. */
  end(): void {
    if (this.#shown) this.#io.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

/** Bytes in decimal units, three digits at the most. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}
