import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ChainEnd } from "./chain-end.js";
import { ChainState } from "./chain-state.js";
import type { JournalEvent } from "./entry.js";
import { discard, Fault } from "./fault.js";
import { bodyOf } from "./line.js";
import { LineQueue, type Waiting } from "./line-queue.js";
import { OpenSegment } from "./open-segment.js";
import { GIVEN_UP, Patience, trouble } from "./patience.js";
import { Stamps } from "./stamps.js";
import type { WriterInit } from "./writer-init.js";

/** What is written at once, at most, unless a line is longer. */
const BATCH_BYTES = 1 << 20;
/** How often the file is looked up by its name, to see whether somebody has moved it away. */
const LOOK_MS = 1_000;

/**
 * Appends lines to the segments of one chain: in order, one write at a time, into which all lines go that have come
 * meanwhile. It never throws: a disk that fails is tried again, on a new segment where the old one is no longer trusted.
 */
export class JournalWriter {
  readonly #init: WriterInit;
  readonly #queue: LineQueue;
  readonly #stamps: Stamps;
  readonly #patience: Patience;
  /** Known once the chain's end has been found. */
  #chain!: ChainState;
  #segment: OpenSegment | undefined;
  #lookedAt = 0;
  #running: Promise<void> | undefined;
  #onProgress: (() => void)[] = [];
  #since: number | undefined;
  #isFull = false;

  constructor(init: WriterInit) {
    this.#init = init;
    this.#queue = new LineQueue(init.maxQueueBytes);
    this.#stamps = new Stamps(init.clock);
    this.#patience = new Patience(init.clock, init.onTrouble);
    this.#run();
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Lines that will never be written, since the beginning. */
  get lost(): number {
    return this.#queue.lost;
  }

  /** For how long the write under way has been; 0 when there is none. */
  get busyMs(): number {
    return this.#since === undefined ? 0 : this.#init.clock.now() - this.#since;
  }

  /** Takes a line; false when it does not fit, in which case nothing has happened. */
  append(event: JournalEvent, onDurable?: () => void): boolean {
    const line = this.#line(event);
    if (onDurable) line.onDurable = onDurable;
    if (!this.#queue.push(line)) return false;
    this.#isFull = false;
    this.#run();
    return true;
  }

  /** Counts a line that did not fit. */
  lose(event: JournalEvent["event"]): void {
    if (!this.#isFull) {
      this.#isFull = true;
      this.#init.onTrouble(new Error("the journal's queue is full: lines are lost, and counted in a gap"));
    }
    this.#queue.lose(event, this.#stamps.next().ts);
    this.#run();
  }

  /** Resolves when lines have been written, or given up, once more. */
  progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#onProgress.push(resolve);
    });
  }

  /** Resolves when all lines are written, or given up. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** From now on a disk that takes nothing is tried for `closeMs`. */
  hurry(): void {
    this.#patience.end(this.#init.closeMs);
  }

  /** Ends the chain in good order, within `closeMs`. Nothing may be appended any more. */
  async close(): Promise<void> {
    this.hurry();
    await this.flush();
    const segment = this.#segment;
    if (!segment) return;
    await this.#write([this.#line(this.#chain.closing("closed", segment.lines))], segment);
    this.#segment = undefined;
    try {
      if (this.#init.durability !== "memory") await segment.datasync();
      await segment.close();
    } catch (error) {
      this.#init.onTrouble(trouble("could not be closed", error));
    }
  }

  #run(): void {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
    });
  }

  async #drain(): Promise<void> {
    // What is told in the same tick goes together.
    await undefined;
    if (!this.#chain) await this.#begin();
    while (!this.#queue.isEmpty) {
      this.#since = this.#init.clock.now();
      await this.#rotate();
      const gap = this.#queue.takeGap();
      const lines = this.#queue.take(BATCH_BYTES);
      if (await this.#write(gap ? [this.#line(gap), ...lines] : lines)) this.#queue.done(lines);
      for (const tell of this.#onProgress.splice(0)) tell();
    }
    this.#since = undefined;
  }

  async #begin(): Promise<void> {
    this.#since = this.#init.clock.now();
    const end = await this.#end();
    this.#since = undefined;
    // There is no time left: what waits is lost, and the next line tries again.
    if (!end) return this.#giveUp(this.#queue.take(Number.POSITIVE_INFINITY));
    this.#chain = new ChainState(this.#init.dir, end);
    if (end.preface.length > 0) await this.#write([]);
  }

  async #end(): Promise<ChainEnd | undefined> {
    while (true) {
      try {
        return await this.#init.open();
      } catch (error) {
        if (!(await this.#patience.wait(error))) return undefined;
      }
    }
  }

  #line(event: JournalEvent): Waiting {
    const body = bodyOf(event);
    return {
      event: event.event,
      body,
      bytes: LineQueue.bytesOf(body),
      ...this.#stamps.next(),
      ...("callId" in event && { callId: event.callId }),
    };
  }

  async #rotate(): Promise<void> {
    const { clock, maxSegmentBytes, maxSegmentAgeMs, durability, onSegmentClosed, onTrouble } = this.#init;
    const segment = this.#segment;
    if (!segment) return;
    const isOld = clock.now() - segment.openedAt >= maxSegmentAgeMs;
    if (!isOld && segment.bytes < maxSegmentBytes) return;
    await this.#write([this.#line(this.#chain.closing(isOld ? "age" : "full", segment.lines))], segment);
    if (this.#segment !== segment) return;
    this.#segment = undefined;
    // Nobody waits for it at `os`; at `fsync` its lines are on the disk already.
    void (durability === "os" ? segment.datasync() : Promise.resolve())
      .catch((error) => onTrouble(trouble("could not sync a segment when it was closed", error)))
      .then(() => segment.close())
      .catch(() => {});
    onSegmentClosed?.();
  }

  /** Resolves when the lines count; false: given up. `only`: not when another segment has taken this one's place. */
  async #write(lines: Waiting[], only?: OpenSegment): Promise<boolean> {
    while (true) {
      try {
        await this.#look();
        if (only && this.#segment !== only) return false;
        await this.#commit(this.#segment ?? (await this.#open()), lines);
        this.#patience.calm();
        return true;
      } catch (error) {
        if (error !== GIVEN_UP && (await this.#distrust(error, lines.length))) continue;
        await this.#giveUp(lines);
        return false;
      }
    }
  }

  async #giveUp(lines: readonly Waiting[]): Promise<void> {
    for (const { event, ts } of lines) this.#queue.lose(event, ts);
    this.#queue.done(lines);
    // A gap that tells of it would be given up in turn.
    this.#queue.takeGap();
    const segment = this.#segment;
    this.#segment = undefined;
    await segment?.close().catch(() => {});
  }

  /** A file that was moved away or deleted takes what is written to it with it. */
  async #look(): Promise<void> {
    const { clock, disk, onTrouble } = this.#init;
    const segment = this.#segment;
    if (!segment || clock.now() - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = clock.now();
    const found = await disk.identity(segment.path).catch(() => segment.identity);
    if (found === segment.identity) return;
    this.#segment = undefined;
    this.#chain.fault = Fault.gone(segment);
    await segment.close().catch(() => {});
    onTrouble(new Error(`the journal's segment ${segment.path} is gone: somebody has moved or deleted it`));
  }

  async #open(): Promise<OpenSegment> {
    const { dir, disk, clock } = this.#init;
    while (true) {
      const { file, index } = this.#chain.nextSegment;
      try {
        return await OpenSegment.create(disk, join(dir, file), index, clock.now());
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") this.#chain.pass(index);
        else {
          if (code === "ENOENT") await mkdir(dir, { recursive: true }).catch(() => {});
          await this.#patience.pause(error);
        }
      }
    }
  }

  async #commit(segment: OpenSegment, lines: Waiting[]): Promise<void> {
    const { disk, dir, durability, onDurable, onTrouble } = this.#init;
    const isNew = segment !== this.#segment;
    this.#segment = segment;
    const opening = isNew ? this.#chain.opening(segment.index, this.#init) : [];
    const all = [...opening.map((event) => this.#line(event)), ...lines];
    const bytes = this.#chain.encode(all);
    await segment.append(bytes, (error) => this.#patience.pause(error));
    if (durability === "fsync") {
      await segment.datasync();
      if (isNew) await disk.syncFolder(dir);
    }
    segment.counts(bytes.length, all);
    this.#chain.accept(all);
    if (isNew) {
      await this.#chain
        .opened(segment.index)
        .catch((error) => onTrouble(trouble("could not cut off what it has set aside", error)));
    }
    onDurable?.(this.#chain.place, lines);
    for (const line of lines) line.onDurable?.();
  }

  /** Nobody knows what of the last write is in the segment: it ends where it is certain. False: there is no time left. */
  async #distrust(error: unknown, lines: number): Promise<boolean> {
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment) {
      await segment.close().catch(() => {});
      const fault = await Fault.of(segment, error);
      // What an empty segment was to tell, the next one has to.
      if (segment.lines > 0 || !this.#chain.fault) this.#chain.fault = fault;
      if (segment.lines === 0 && !(await discard(segment))) this.#chain.pass(segment.index);
    }
    if (this.#chain.fault) this.#chain.fault.rewritten = lines;
    return this.#patience.wait(error);
  }
}
