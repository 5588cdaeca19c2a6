import pc from "picocolors";
import { wrap } from "./columns.js";
import type { Io, Output } from "./io.js";

export type Colors = ReturnType<typeof pc.createColors>;

/** Below this a timeline does not fit on one line. */
const MIN_LIVE_COLUMNS = 70;
const MAX_COLUMNS = 110;
/** Of a pipe or a file. */
const PLAIN_COLUMNS = 100;

/** Standard output: what it can do, and lines on it. */
export class Terminal {
  readonly out: Output;
  readonly colors: Colors;
  /** The cursor may be moved. */
  readonly live: boolean;

  /** `steady` forbids moving the cursor, for when something else writes to the same screen. */
  constructor({ stdout, env }: Io, { steady = false }: { steady?: boolean } = {}) {
    const able = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
    this.out = stdout;
    this.colors = pc.createColors(able);
    this.live = able && !steady && (stdout.columns ?? 0) >= MIN_LIVE_COLUMNS;
  }

  /** Columns that text may take; the last one stays free, since some terminals wrap when it is written. */
  get columns(): number {
    const { isTTY, columns } = this.out;
    return Math.min(isTTY && columns ? columns - 1 : PLAIN_COLUMNS, MAX_COLUMNS);
  }

  write(text: string): void {
    this.out.write(text);
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  /** A text of any length, wrapped and indented. */
  paragraph(text: string, { indent = 2, style = (line: string) => line } = {}): void {
    for (const line of wrap(text, this.columns - indent)) this.line(" ".repeat(indent) + style(line));
  }
}
