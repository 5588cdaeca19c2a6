import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ChainEnd } from "./chain-end.js";
import { ChainState } from "./chain-state.js";
import type { JournalEvent } from "./entry.js";
import { discard, Fault } from "./fault.js";
import { type Line, LineQueue, lineOf, type QueueState, Waiting } from "./line-queue.js";
import { OpenSegment } from "./open-segment.js";
import { GivenUp, Patience, trouble } from "./patience.js";
import { type Stamp, Stamps } from "./stamps.js";
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
  #since: number | undefined;
  #isFull = false;
  /** The last write was given up: a gap waits for the next line to be tried again. */
  #hasGivenUp = false;

  constructor(init: WriterInit) {
    this.#init = init;
    this.#queue = new LineQueue(init.maxQueueBytes);
    this.#stamps = new Stamps(init.clock);
    this.#patience = new Patience(init.clock, init.onTrouble);
    this.#run();
  }

  /** What waits, and what is lost. */
  get queue(): QueueState {
    return this.#queue;
  }

  /** For how long the write under way has been; 0 when there is none. */
  get busyMs(): number {
    return this.#since === undefined ? 0 : this.#init.clock.now() - this.#since;
  }

  /** Takes a line; false when it does not fit or comes too late, in which case nothing has happened. */
  append(event: JournalEvent | Line, onDurable?: () => void): boolean {
    const line = this.#line(event);
    if (onDurable) line.onDurable = onDurable;
    if (!this.#queue.push(line)) return false;
    this.#isFull = false;
    // At once for whoever waits: what is made while the disk is at work takes no time. But a sync is dear, and better shared.
    this.#run(onDurable !== undefined && this.#chain !== undefined && this.#init.durability === "os");
    return true;
  }

  /** Counts a line that did not fit, or came too late. */
  lose(event: JournalEvent["event"]): void {
    if (!this.#isFull) {
      this.#isFull = true;
      const why = this.#queue.isClosed
        ? "the journal is closed: lines that come now are lost"
        : "the journal's queue is full: lines are lost, and counted in a gap";
      this.#init.onTrouble(new Error(why));
    }
    this.#queue.lose(event, this.#stamps.next().ts);
    // The chain may be another's by now.
    if (!this.#queue.isClosed) this.#run();
  }

  /** Resolves when all lines are written, or given up. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** From now on a disk that takes nothing is tried for `closeMs`. */
  hurry(): void {
    this.#patience.end(this.#init.closeMs);
  }

  /** Ends the chain in good order, within `closeMs`. Lines that come from now on are lost. */
  async close(): Promise<void> {
    this.#queue.close();
    this.#isFull = false;
    this.hurry();
    await this.flush();
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    for (let tries = 0; this.#segment && tries < 2; tries++) {
      const segment = this.#segment;
      if (await this.#write([this.#own(this.#chain.closing("closed", segment.lines))], segment))
        return this.#finish(segment);
      // What became of that one is to be told in another.
      if (!this.#chain.fault || !(await this.#write([]))) return;
    }
    await this.#segment?.close().catch(() => {});
  }

  async #finish(segment: OpenSegment): Promise<void> {
    this.#segment = undefined;
    try {
      if (this.#init.durability !== "memory") await segment.datasync();
      await segment.close();
    } catch (error) {
      this.#init.onTrouble(trouble("could not be closed", error));
    }
  }

  #run(atOnce = false): void {
    if (this.#running) return;
    // What is told in the same tick goes together.
    const before = Promise.resolve();
    this.#running = before;
    this.#running = atOnce ? this.#drain() : before.then(() => this.#drain());
  }

  /** Down to the system's write without a promise where all is as it was. */
  async #drain(): Promise<void> {
    try {
      if (!this.#chain) await this.#begin();
      while (this.#queue.hasLines || (this.#queue.hasGap && !this.#hasGivenUp)) await this.#writeNext();
    } catch (error) {
      this.#init.onTrouble(trouble("has a bug", error));
    } finally {
      // In the very tick in which nothing was left to do: a line that comes later must not find somebody at work.
      this.#running = undefined;
      this.#since = undefined;
    }
  }

  async #writeNext(): Promise<void> {
    this.#since = this.#init.clock.now();
    const reason = this.#segment?.due(this.#since, this.#init);
    if (this.#segment && reason) await this.#rotate(this.#segment, reason);
    const gap = this.#queue.takeGap();
    const lines = this.#queue.take(BATCH_BYTES);
    const all = gap ? [this.#own(gap, lines[0]), ...lines] : lines;
    const isWritten = this.#chain && (await this.#write(all));
    this.#hasGivenUp = !isWritten;
    if (!isWritten) {
      if (gap) this.#queue.returnGap(gap);
      for (const { event, ts } of lines) this.#queue.lose(event, ts);
    }
    this.#queue.done(lines);
  }

  async #begin(): Promise<void> {
    this.#since = this.#init.clock.now();
    const end = await this.#end();
    // There is no time left: what waits is lost, and the next line tries again.
    if (!end) return;
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

  #line(event: JournalEvent | Line, { ts, mono }: Stamp = this.#stamps.next()): Waiting {
    return new Waiting("body" in event ? event : lineOf(event), ts, mono);
  }

  /** A line of the writer's own, as old as the one it stands before: `mono` does not go back in a chain. */
  #own(event: JournalEvent, before: Stamp | undefined = this.#queue.oldest): Waiting {
    return this.#line(event, before);
  }

  async #rotate(segment: OpenSegment, reason: "age" | "full"): Promise<void> {
    const { durability, onSegmentClosed, onTrouble } = this.#init;
    await this.#write([this.#own(this.#chain.closing(reason, segment.lines))], segment);
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
        if (this.#segment && this.#init.clock.now() - this.#lookedAt >= LOOK_MS)
          await this.#look(this.#segment);
        if (only && this.#segment !== only) return false;
        await this.#commit(this.#segment ?? (await this.#open()), lines);
        this.#patience.calm();
        return true;
      } catch (error) {
        if (!(await this.#distrust(error, only ? 0 : lines.length))) return false;
      }
    }
  }

  /** A file that was moved away or deleted takes what is written to it with it. */
  async #look(segment: OpenSegment): Promise<void> {
    const { clock, disk, onTrouble } = this.#init;
    this.#lookedAt = clock.now();
    const found = await disk.identity(segment.path).catch(() => segment.identity);
    if (found === segment.identity) return;
    this.#segment = undefined;
    this.#chain.fault = Fault.gone(segment);
    await segment.close().catch(() => {});
    onTrouble(new Error(`the journal's segment ${segment.path} is gone: somebody has moved or deleted it`));
  }

  async #open(): Promise<OpenSegment> {
    const { dir, disk, clock, hold } = this.#init;
    while (true) {
      const { file, index } = this.#chain.nextSegment;
      try {
        await hold?.();
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
    const all = [...opening.map((event) => this.#own(event, lines[0])), ...lines];
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
  async #distrust(error: unknown, rewritten: number): Promise<boolean> {
    const segment = this.#segment;
    this.#segment = undefined;
    if (segment) {
      await segment.close().catch(() => {});
      const fault = await Fault.of(segment, error);
      // What an empty segment was to tell, the next one has to.
      if (segment.lines > 0 || !this.#chain.fault) this.#chain.fault = fault;
      if (segment.lines === 0 && !(await discard(segment))) this.#chain.pass(segment.index);
    }
    const goesOn = !(error instanceof GivenUp) && (await this.#patience.wait(error));
    if (this.#chain.fault) this.#chain.fault.rewritten = goesOn ? rewritten : 0;
    return goesOn;
  }
}
