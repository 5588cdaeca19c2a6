import type { Gap, JournalEvent } from "./entry.js";
import { bodyOf, FRAME_BYTES } from "./line.js";
import { Room } from "./room.js";

/** An event as it will be written, wherever that is. */
export interface Line {
  event: JournalEvent["event"];
  callId: string | undefined;
  body: string;
  /** What it takes in a file, at most. */
  bytes: number;
}

export function lineOf(event: JournalEvent): Line {
  const body = bodyOf(event);
  const callId = "callId" in event ? event.callId : undefined;
  return { event: event.event, callId, body, bytes: Buffer.byteLength(body) + FRAME_BYTES };
}

/** A line that waits to be written. */
export class Waiting implements Line {
  readonly event: JournalEvent["event"];
  readonly callId: string | undefined;
  readonly body: string;
  readonly bytes: number;
  readonly ts: string;
  readonly mono: number;
  /** Somebody waits until it is durable. */
  onDurable: (() => void) | undefined;

  constructor({ event, callId, body, bytes }: Line, ts: string, mono: number) {
    this.event = event;
    this.callId = callId;
    this.body = body;
    this.bytes = bytes;
    this.ts = ts;
    this.mono = mono;
  }
}

/** What may be known of a queue outside its writer. */
export type QueueState = Pick<
  LineQueue,
  "room" | "maxBytes" | "bytes" | "count" | "lost" | "untold" | "isClosed"
>;

/** Lines on their way to the disk, bounded in bytes. What does not fit is counted, and told of in a gap. */
export class LineQueue {
  readonly room = new Room();
  readonly maxBytes: number;
  #lines: Waiting[] = [];
  #bytes = 0;
  #count = 0;
  #lost: Record<string, number> = {};
  /** Lines that the gap is about which is being written. */
  #telling = 0;
  #from: string | undefined;
  #to: string | undefined;
  #lostInAll = 0;
  #isClosed = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get hasLines(): boolean {
    return this.#lines.length > 0;
  }

  /** Lines that wait, or are being written. */
  get count(): number {
    return this.#count;
  }

  /** Lines that are lost, of which no gap tells yet. */
  get untold(): number {
    return this.#telling + sumOf(this.#lost);
  }

  get oldest(): Waiting | undefined {
    return this.#lines[0];
  }

  /** Something was lost, and is to be told by itself. What is lost after the end would keep it off, one gap after the other. */
  get hasGap(): boolean {
    return this.#from !== undefined && !this.#isClosed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Nothing fits any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Of lines that wait, or are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that were never written, since the beginning. */
  get lost(): number {
    return this.#lostInAll;
  }

  /** False when it does not fit: to be lost, or tried again. */
  push(line: Waiting): boolean {
    if (this.#isClosed || this.#bytes + line.bytes > this.maxBytes) return false;
    this.#lines.push(line);
    this.#count++;
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
    this.#telling = sumOf(this.#lost);
    this.#lost = {};
    this.#from = undefined;
    this.#to = undefined;
    return gap;
  }

  /** It could not be told: it is to be told with what has been lost since. */
  returnGap({ lost, from, to }: Gap): void {
    for (const [event, count] of Object.entries(lost)) this.#lost[event] = (this.#lost[event] ?? 0) + count;
    this.#from = from;
    this.#to ??= to;
    this.#telling = 0;
  }

  /** The oldest lines, of about so many bytes. They count as waiting, and a gap as untold, until they are `done`. */
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
    this.#telling = 0;
    this.#count -= lines.length;
    for (const { bytes } of lines) this.#bytes -= bytes;
    this.room.open();
  }
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
