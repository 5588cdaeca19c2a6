import pTimeout from "p-timeout";
import { patientTimersOf } from "../clock.js";
import type { Clock } from "../types.js";
import { appendLine } from "./append-line.js";
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
  /** False: it has no room. `onDurable` may never be called. */
  append: (event: JournalEvent, onDurable: () => void) => boolean;
  onTrouble: (error: Error) => void;
}

/** What the second place has not taken is kept, and told again; beyond this, the oldest is given up. */
const MAX_UNTOLD = 1_000;
/** How long a callback may take to sign one, or to take one. */
const ANSWER_MS = 10_000;

/** Of Ed25519 (RFC 8032). */
const SIGNATURE_BYTES = 64;

const NOT_SIGNED = "could not be signed";
const NOT_TAKEN = "was not taken by checkpoint.to";

/** Async, so that what the callback throws does not come before `#telling` is set, which would stay set then. */
async function tellOne(
  to: Exclude<CheckpointSink, string> | undefined,
  checkpoint: Checkpoint,
): Promise<void> {
  await to?.(checkpoint);
}

/** Vouches for the chain's head every so many lines, or so often. One is made at a time; lines never wait for it. */
export class Checkpoints {
  readonly #init: CheckpointsInit;
  readonly #untold: Checkpoint[] = [];
  #count: number;
  /** Lines since the last one. */
  #lines = 0;
  #place: { seq: number; head: string } | undefined;
  /** The last one came to nothing: its lines wait for the next. */
  #hasFailed = false;
  #timer: unknown;
  #hasEnded = false;
  #making: Promise<void> | undefined;
  #telling: Promise<void> | undefined;
  readonly #troubles = new Set<string>();

  constructor(init: CheckpointsInit) {
    this.#init = init;
    this.#count = init.count;
  }

  /** So many more lines are durable, the last at this place. */
  reached(place: { seq: number; head: string }, lines: number): void {
    const { clock, everyRecords, everyMs } = this.#init;
    if (this.#hasEnded) return;
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
    if (this.#lines > 0 || this.#hasFailed) this.#due();
    await this.#making;
    this.#hasEnded = true;
    this.#init.clock.clearTimeout(this.#timer);
  }

  /** Resolves when the second place has taken what is durable, or has failed to: what it has not taken before is told again. */
  async told(): Promise<void> {
    if (this.#untold.length > 0) this.#telling ??= this.#tellAll();
    await this.#telling;
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
    this.#hasFailed = true;
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
      if (signer) {
        const signature = await this.#answer(signer.sign(checkpointBytes(checkpoint)));
        if (signature.length !== SIGNATURE_BYTES) throw new Error(`got ${signature.length} bytes, not 64`);
        checkpoint.signature = Buffer.from(signature).toString("base64");
      }
      this.#troubles.delete(NOT_SIGNED);
    } catch (error) {
      // Not counted: the next one takes its number, and vouches for its lines too.
      return this.#trouble(NOT_SIGNED, error);
    }
    // One that is nowhere in the journal must not be in the second place.
    if (append({ event: "checkpoint", checkpoint }, () => this.#tell(checkpoint))) {
      this.#count = n;
      this.#hasFailed = false;
    }
  }

  #tell(checkpoint: Checkpoint): void {
    if (this.#init.to === undefined) return;
    this.#untold.push(checkpoint);
    if (this.#untold.length > MAX_UNTOLD) this.#untold.shift();
    this.#telling ??= this.#tellAll();
  }

  async #tellAll(): Promise<void> {
    const { to } = this.#init;
    try {
      // In order: one that is missing between others is how a thief is found.
      for (let next = this.#untold[0]; next; next = this.#untold[0]) {
        if (typeof to === "string") await appendLine(to, JSON.stringify(next));
        else await this.#answer(tellOne(to, next));
        this.#untold.shift();
      }
      this.#troubles.delete(NOT_TAKEN);
    } catch (error) {
      this.#trouble(NOT_TAKEN, error);
    } finally {
      this.#telling = undefined;
    }
  }

  #answer<T>(work: Promise<T>): Promise<T> {
    return pTimeout(work, { milliseconds: ANSWER_MS, customTimers: patientTimersOf(this.#init.clock) });
  }

  #trouble(what: string, error: unknown): void {
    if (this.#troubles.has(what)) return;
    this.#troubles.add(what);
    const { code } = error as NodeJS.ErrnoException;
    this.#init.onTrouble(
      new Error(`a checkpoint ${what}: ${code ?? String(error).slice(0, 200)}`, { cause: error }),
    );
  }
}
