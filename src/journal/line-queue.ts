import type { Gap, JournalEvent } from "./entry.js";

/** An event that waits to be written. */
export interface Waiting {
  event: JournalEvent["event"];
  body: string;
  bytes: number;
  ts: string;
  mono: number;
  callId?: string;
  /** Somebody waits until it is durable. */
  onDurable?: () => void;
}

/** What a line has besides its body: place, link and seal. */
const FRAME_BYTES = 280;

/** Lines on their way to the disk, bounded in bytes. What does not fit is counted, and told of in a gap. */
export class LineQueue {
  readonly #maxBytes: number;
  #lines: Waiting[] = [];
  #bytes = 0;
  #lost: Record<string, number> = {};
  #from: string | undefined;
  #to: string | undefined;
  #lostInAll = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#from === undefined;
  }

  /** Of lines that wait, or are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that were never written, since the beginning. */
  get lost(): number {
    return this.#lostInAll;
  }

  static bytesOf(body: string): number {
    return Buffer.byteLength(body) + FRAME_BYTES;
  }

  /** False when it does not fit: to be lost, or tried again. */
  push(line: Waiting): boolean {
    if (this.#bytes + line.bytes > this.#maxBytes) return false;
    this.#lines.push(line);
    this.#bytes += line.bytes;
    return true;
  }

  lose(event: JournalEvent["event"], ts: string): void {
    this.#lost[event] = (this.#lost[event] ?? 0) + 1;
    this.#from ??= ts;
    this.#to = ts;
    this.#lostInAll++;
  }

  /** What has been lost since it was last asked. */
  takeGap(): Gap | undefined {
    if (this.#from === undefined) return undefined;
    const gap: Gap = {
      event: "gap",
      reason: "queue_full",
      lost: this.#lost,
      from: this.#from,
      to: this.#to as string,
    };
    this.#lost = {};
    this.#from = undefined;
    return gap;
  }

  /** The oldest lines, of about so many bytes. They count as waiting until they are `done`. */
  take(bytes: number): Waiting[] {
    let taken = 0;
    let count = 0;
    for (const line of this.#lines) {
      if (count > 0 && taken + line.bytes > bytes) break;
      taken += line.bytes;
      count++;
    }
    return this.#lines.splice(0, count);
  }

  done(lines: readonly Waiting[]): void {
    for (const { bytes } of lines) this.#bytes -= bytes;
  }
}
