import { createHash } from "node:crypto";

const LINES = 512;

/** A running SHA-256 over everything that happened, one line each: two runs are the same when their hashes are. */
export class Trace {
  readonly #hash = createHash("sha256");
  #lines: string[] = [];

  note(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length === LINES) this.#flush();
  }

  /** Ends the trace. */
  digest(): string {
    this.#flush();
    return this.#hash.digest("hex");
  }

  #flush(): void {
    this.#hash.update(`${this.#lines.join("\n")}\n`);
    this.#lines = [];
  }
}
