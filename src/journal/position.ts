import type { ChainEnd } from "./chain-end.js";
import { sealInto } from "./line.js";
import type { Waiting } from "./line-queue.js";

/** How far a chain has come: the last line that counts, and the one that would be next. */
export class Position {
  readonly chainId: string;
  #seq: number;
  #head: string;
  /** Of the lines that were encoded last, and do not count yet. */
  #tried: { seq: number; head: string };
  /** Used again and again: a write is over before the next one is encoded. */
  #buffer = Buffer.alloc(0);

  constructor({ chainId, seq, head }: ChainEnd) {
    this.chainId = chainId;
    this.#seq = seq;
    this.#head = head;
    this.#tried = { seq, head };
  }

  get last(): { seq: number; head: string } {
    return { seq: this.#seq, head: this.#head };
  }

  /** Numbers that were used for lines which did not come to count, first and last: they are not used again. */
  get skipped(): [number, number] | undefined {
    return this.#tried.seq > this.#seq ? [this.#seq + 1, this.#tried.seq] : undefined;
  }

  /** The lines as bytes, chained behind the last one that counts. Valid until the next call. */
  encode(lines: readonly Waiting[]): Buffer {
    let { seq } = this.#tried;
    let prev = this.#head;
    let end = 0;
    const room = lines.reduce((sum, line) => sum + line.bytes, 0);
    if (this.#buffer.length < room) this.#buffer = Buffer.allocUnsafe(room);
    for (const { body, ts, mono } of lines) {
      const place = { seq: ++seq, ts, mono, chainId: this.chainId, prev };
      ({ end, hash: prev } = sealInto(this.#buffer, end, place, body));
    }
    this.#tried = { seq, head: prev };
    return this.#buffer.subarray(0, end);
  }

  /** What was encoded last counts. */
  accept(): void {
    this.#seq = this.#tried.seq;
    this.#head = this.#tried.head;
  }
}
