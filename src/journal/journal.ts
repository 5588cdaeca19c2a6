import { stat } from "node:fs/promises";
import { isAtRest } from "./chain-end.js";
import { type CheckpointSink, Checkpoints } from "./checkpoints.js";
import { type Disk, nodeDisk } from "./disk.js";
import type { JournalEvent } from "./entry.js";
import { openChain, takeOver } from "./opening.js";
import { type Ownership, sweep } from "./owner.js";
import { SILENT_MS } from "./owner-note.js";
import { trouble } from "./patience.js";
import { type Retain, remove, retired, tombstoneOf } from "./retention.js";
import { type Chain, chainsIn } from "./segment.js";
import type { Signer } from "./signer.js";
import { JournalWriter } from "./writer.js";
import type { WriterInit } from "./writer-init.js";

export interface JournalInit
  extends Pick<
    WriterInit,
    | "dir"
    | "clock"
    | "version"
    | "durability"
    | "maxSegmentBytes"
    | "maxSegmentAgeMs"
    | "maxQueueBytes"
    | "closeMs"
    | "onTrouble"
  > {
  retain?: Retain;
  checkpoint?: { everyRecords: number; everyMs: number; signer?: Signer; to?: CheckpointSink };
  disk?: Disk;
}

/** A folder's chains: writes one of them, and looks after those whose writers are gone. */
export class Journal {
  readonly writer: JournalWriter;
  readonly #init: JournalInit & { disk: Disk };
  #ownership: Ownership | undefined;
  #checkpoints: Checkpoints | undefined;
  #chores: Promise<void> = Promise.resolve();
  readonly #closing: Promise<void>;
  #startClosing!: () => void;
  #isClosing = false;
  #nextTidy: unknown;
  #closed: Promise<void> | undefined;

  constructor(init: JournalInit) {
    this.#init = { ...init, disk: init.disk ?? nodeDisk };
    this.#closing = new Promise((resolve) => {
      this.#startClosing = resolve;
    });
    this.writer = new JournalWriter({
      ...this.#init,
      open: () => this.#open(),
      hold: async () => this.#ownership?.hold(),
      onDurable: (place, lines) => {
        const records = lines.reduce((count, { event }) => count + (event === "checkpoint" ? 0 : 1), 0);
        this.#checkpoints?.reached(place, records);
      },
      onSegmentClosed: () => this.#chore(() => this.#retire()),
    });
  }

  /** Undefined until the folder has been read. */
  get chainId(): string | undefined {
    return this.#ownership?.chainId;
  }

  /** Writes what waits, vouches for it, and lets others go on with the chain. */
  close(): Promise<void> {
    // Once: by a second time, somebody else may write the chain.
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#startClosing();
    this.#init.clock.clearTimeout(this.#nextTidy);
    this.writer.hurry();
    await this.#upTo(this.writer.flush());
    await this.#chores;
    // A key vault that does not answer must not cost the segment its end.
    if (this.#checkpoints) await this.#upTo(this.#checkpoints.end());
    await this.writer.close();
    await this.#checkpoints?.told();
    await this.#ownership?.release();
  }

  /** What may have no end, such as lines that come faster than they are written, is not waited for without end. */
  async #upTo(work: Promise<void>): Promise<void> {
    const { clock, closeMs } = this.#init;
    let timer: unknown;
    const timeUp = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, closeMs);
    });
    await Promise.race([work, timeUp]);
    clock.clearTimeout(timer);
  }

  async #open() {
    const { dir, disk, checkpoint, clock, onTrouble } = this.#init;
    const { ownership, end } = await openChain(dir, disk, onTrouble);
    this.#ownership = ownership;
    if (checkpoint) {
      this.#checkpoints = new Checkpoints({
        ...checkpoint,
        chainId: end.chainId,
        count: end.checkpoints,
        clock,
        append: (event, onDurable) => this.writer.append(event, onDurable),
        onTrouble,
      });
    }
    // A process that is started anew each day may never come to rotate.
    this.#chore(() => this.#retire());
    this.#chore(() => this.#tidy());
    return end;
  }

  /** Closes what dead writers left open, in chains that nobody goes on with; and looks again later at those of others. */
  async #tidy(): Promise<void> {
    const { dir, onTrouble, clock } = this.#init;
    let others = 0;
    for (const chain of await chainsIn(dir)) {
      if (chain.chainId === this.chainId) continue;
      try {
        if (!(await this.#tidyOne(chain))) others++;
      } catch (error) {
        // One that cannot be read keeps nobody from the others, unless there is no time for them.
        onTrouble(trouble(`could not tidy up chain ${chain.chainId}`, error));
        if (this.#isClosing) return;
      }
    }
    await sweep(dir);
    if (others === 0 || this.#isClosing) return;
    this.#nextTidy = clock.setTimeout(() => this.#chore(() => this.#tidy()), SILENT_MS);
    (this.#nextTidy as { unref?: () => void } | undefined)?.unref?.();
  }

  /** False: somebody writes it. */
  async #tidyOne(chain: Chain): Promise<boolean> {
    const { dir, disk, retain = {}, clock } = this.#init;
    if (retired(chain.segments, retain, clock.wall()).length === 0 && (await isAtRest(chain))) return true;
    const opened = await takeOver(dir, chain, disk);
    if (!opened) return false;
    const { end, ownership, segments } = opened;
    try {
      const old = retired(segments, retain, clock.wall());
      if (end.preface.length === 0 && old.length === 0) return true;
      const writer = new JournalWriter({ ...this.#init, open: async () => end });
      if (old.length > 0) await this.#bury(old, writer);
      await writer.close();
      return true;
    } finally {
      await ownership.release();
    }
  }

  async #retire(): Promise<void> {
    const { dir, retain, clock } = this.#init;
    if (!retain) return;
    const [chain] = await chainsIn(dir, this.chainId);
    const old = retired(chain?.segments ?? [], retain, clock.wall());
    if (old.length > 0) await this.#bury(old, this.writer);
  }

  /** The chain says which segments go before they do. */
  async #bury(segments: Parameters<typeof tombstoneOf>[0], writer: JournalWriter): Promise<void> {
    const tombstone: JournalEvent = await tombstoneOf(segments);
    const taken = await Promise.race([
      new Promise<boolean>((resolve) => {
        if (!writer.append(tombstone, () => resolve(true))) resolve(false);
      }),
      // When the journal is closed, a tombstone that is not written by then will not be.
      this.#closing.then(() => writer.flush()).then(() => false),
    ]);
    if (taken) await Promise.all(segments.map(remove));
  }

  #chore(work: () => Promise<void>): void {
    this.#chores = this.#chores.then(work).catch(async (error) => {
      // A folder that is gone altogether is the writer's affair.
      if (await stat(this.#init.dir).catch(() => undefined)) {
        this.#init.onTrouble(new Error(`the journal could not be tidied up: ${String(error).slice(0, 200)}`));
      }
    });
  }
}
