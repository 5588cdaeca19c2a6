import { open } from "node:fs/promises";
import type { Clock } from "../types.js";
import { checkpointBytes } from "./checkpoint.js";
import type { Checkpoint, JournalEvent } from "./entry.js";
import type { Signer } from "./signer.js";

/** The second place: a file of one JSON line each, or whatever takes them. */
export type CheckpointSink = string | ((checkpoint: Checkpoint) => void | Promise<void>);

export interface CheckpointsInit {
  chainId: string;
  /** How many the chain has already. */
  count: number;
  everyRecords: number;
  everyMs: number;
  signer?: Signer;
  to?: CheckpointSink;
  clock: Clock;
  append: (event: JournalEvent) => void;
  onTrouble: (error: Error) => void;
}

/** What the second place has not taken is kept, and told again; beyond this, the oldest is given up. */
const MAX_UNTOLD = 1_000;

/** Vouches for the chain's head every so many lines, or so often. One is made at a time; lines never wait for it. */
export class Checkpoints {
  readonly #init: CheckpointsInit;
  readonly #untold: Checkpoint[] = [];
  #count: number;
  /** Lines since the last one. */
  #lines = 0;
  #place: { seq: number; head: string } | undefined;
  #timer: unknown;
  #making: Promise<void> | undefined;
  #inTrouble = false;

  constructor(init: CheckpointsInit) {
    this.#init = init;
    this.#count = init.count;
  }

  /** So many more lines are durable, the last at this place. */
  reached(place: { seq: number; head: string }, lines: number): void {
    const { clock, everyRecords, everyMs } = this.#init;
    this.#place = place;
    this.#lines += lines;
    if (this.#lines === 0) return;
    if (this.#lines >= everyRecords) this.#due();
    else if (this.#timer === undefined) {
      this.#timer = clock.setTimeout(() => this.#due(), everyMs);
      (this.#timer as { unref?: () => void } | undefined)?.unref?.();
    }
  }

  /** Makes the last one, if there is something new to vouch for. */
  async end(): Promise<void> {
    await this.#making;
    if (this.#lines > 0) this.#due();
    await this.#making;
    this.#init.clock.clearTimeout(this.#timer);
  }

  #due(): void {
    this.#init.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const place = this.#place;
    if (this.#making || !place) return;
    this.#lines = 0;
    this.#making = this.#make(place).finally(() => {
      this.#making = undefined;
      if (this.#lines >= this.#init.everyRecords) this.#due();
    });
  }

  async #make({ seq, head }: { seq: number; head: string }): Promise<void> {
    const { chainId, signer, clock, append } = this.#init;
    const n = this.#count + 1;
    const checkpoint: Checkpoint = {
      v: 1,
      chainId,
      n,
      seq,
      head,
      ts: new Date(clock.wall()).toISOString(),
      ...(signer?.keyId !== undefined && { keyId: signer.keyId }),
    };
    try {
      if (signer)
        checkpoint.signature = Buffer.from(await signer.sign(checkpointBytes(checkpoint))).toString("base64");
    } catch (error) {
      // Not counted: the next one takes its number, and vouches for its lines too.
      return this.#trouble("could not be signed", error);
    }
    this.#count = n;
    append({ event: "checkpoint", checkpoint });
    await this.#tell(checkpoint);
  }

  async #tell(checkpoint: Checkpoint): Promise<void> {
    const { to } = this.#init;
    if (to === undefined) return;
    this.#untold.push(checkpoint);
    if (this.#untold.length > MAX_UNTOLD) this.#untold.shift();
    try {
      // In order: one that is missing between others is how a thief is found.
      for (let next = this.#untold[0]; next; next = this.#untold[0]) {
        if (typeof to === "string") await appendLine(to, JSON.stringify(next));
        else await to(next);
        this.#untold.shift();
      }
      this.#inTrouble = false;
    } catch (error) {
      this.#trouble("was not taken by checkpoint.to", error);
    }
  }

  #trouble(what: string, error: unknown): void {
    if (this.#inTrouble) return;
    this.#inTrouble = true;
    const { code } = error as NodeJS.ErrnoException;
    this.#init.onTrouble(
      new Error(`a checkpoint ${what}: ${code ?? String(error).slice(0, 200)}`, { cause: error }),
    );
  }
}

async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, "a", 0o640);
  try {
    await file.appendFile(`${line}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
}
