import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CallStart } from "../../src/chain.js";
import type { JournalEvent, SegmentOpen } from "../../src/journal/entry.js";
import { bodyOf, GENESIS } from "../../src/journal/line.js";
import { segmentFile } from "../../src/journal/segment.js";
import { CHAIN_ID } from "./journal-fixture.js";
import { seal } from "./sealed-line.js";

/** Writes a chain line by line, and lets a test say where it departs from what is usual. */
export class JournalLines {
  readonly dir: string;
  readonly chainId: string;
  segment = 0;
  seq = 0;
  prev = GENESIS;
  /** Bytes of the current segment. */
  bytes = 0;

  constructor(dir: string, chainId = CHAIN_ID) {
    this.dir = dir;
    this.chainId = chainId;
    mkdirSync(dir, { recursive: true });
  }

  get file(): string {
    return segmentFile(this.chainId, this.segment);
  }

  /** `skip`: so many numbers are passed over. */
  add(event: JournalEvent, { skip = 0 } = {}): this {
    const { chainId } = this;
    this.seq += skip + 1;
    const place = { seq: this.seq, ts: "2026-11-25T09:00:00.000Z", mono: this.seq, chainId, prev: this.prev };
    const { text, hash } = seal(place, bodyOf(event));
    this.prev = hash;
    return this.raw(text);
  }

  open(more: Partial<SegmentOpen> = {}, options: { skip?: number } = {}): this {
    this.segment++;
    this.bytes = 0;
    return this.add(
      {
        event: "segment.open",
        segment: this.segment,
        writer: { pid: 1, host: "host", version: "1.0.0" },
        durability: "os",
        openCalls: [],
        checkpoints: 0,
        ...more,
      },
      options,
    );
  }

  close(): this {
    return this.add({ event: "segment.close", reason: "full", lines: 0, openCalls: 0, checkpoints: 0 });
  }

  start(callId: string): this {
    return this.add({ event: "request.start", callId, start: { callId } as CallStart });
  }

  /** Of a call that was recovered. */
  unknown(callId: string): this {
    return this.add({ event: "request.end", callId, outcome: "unknown" });
  }

  raw(text: string): this {
    appendFileSync(join(this.dir, this.file), text);
    this.bytes += Buffer.byteLength(text);
    return this;
  }
}
