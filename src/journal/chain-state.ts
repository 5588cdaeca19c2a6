import { hostname } from "node:os";
import type { ChainEnd } from "./chain-end.js";
import type { JournalEvent, SegmentClose, SegmentOpen } from "./entry.js";
import { Fault } from "./fault.js";
import type { Waiting } from "./line-queue.js";
import { Position } from "./position.js";
import { segmentFile } from "./segment.js";
import { Tally } from "./tally.js";

/** How far a chain has come, and what its next segment has to say first. */
export class ChainState {
  /** Why the last segment was left, until the next one has told of it. */
  fault: Fault | undefined;
  readonly #position: Position;
  readonly #tally: Tally;
  #index: number;
  #preface: JournalEvent[];

  constructor(dir: string, end: ChainEnd) {
    this.#position = new Position(end);
    this.#tally = new Tally(end);
    this.#index = end.segment;
    this.#preface = end.preface;
    if (end.setAside) this.fault = Fault.torn(dir, end.setAside);
  }

  get place(): { seq: number; head: string } {
    return this.#position.last;
  }

  get nextSegment(): { file: string; index: number } {
    const index = this.#index + 1;
    return { file: segmentFile(this.#position.chainId, index), index };
  }

  /** There is a file by the next segment's name already. */
  pass(index: number): void {
    this.#index = index;
  }

  /** The first lines of a segment. */
  opening(segment: number, about: Pick<SegmentOpen, "durability"> & { version: string }): JournalEvent[] {
    const { durability, version } = about;
    const { openCalls, checkpoints } = this.#tally;
    const aside = this.fault?.setAside;
    const first: SegmentOpen = {
      event: "segment.open",
      segment,
      writer: { pid: process.pid, host: hostname(), version },
      durability,
      openCalls,
      checkpoints,
      ...(aside && { setAside: aside }),
    };
    return [first, this.fault?.gap(this.#position.skipped) ?? [], this.#preface].flat();
  }

  /** The last line of a segment that has so many others. */
  closing(reason: SegmentClose["reason"], lines: number): SegmentClose {
    const { openCalls, checkpoints } = this.#tally;
    return { event: "segment.close", reason, lines: lines + 1, openCalls: openCalls.length, checkpoints };
  }

  encode(lines: readonly Waiting[]): Buffer {
    return this.#position.encode(lines);
  }

  /** What was encoded last counts. */
  accept(lines: readonly Waiting[]): void {
    this.#position.accept();
    for (const line of lines) this.#tally.see(line);
  }

  /** A new segment has told what it had to. @throws the system's error when the old one could not be put right */
  async opened(index: number): Promise<void> {
    const { fault } = this;
    this.#index = index;
    this.#preface = [];
    this.fault = undefined;
    await fault?.mend();
  }
}
