import { setTimeout } from "node:timers/promises";
import { byTime, type ReadLine } from "./by-time.js";
import type { JournalEntry } from "./entry.js";
import { entryOf } from "./line.js";
import { rawLines } from "./raw-lines.js";
import { lastBreak } from "./raw-lines-back.js";
import { type Chain, chainsIn, type Segment } from "./segment.js";
import { successorOf } from "./set-aside.js";

/** How many bytes of each file have been read, by its name. */
export type Positions = ReadonlyMap<string, number>;

export interface FollowOptions {
  /** `end`, the default: only what is written from now on. */
  from?: "start" | "end" | Positions;
  /** Ends it, without an error. */
  signal?: AbortSignal;
  /** Between two looks at the folder. Default 250. */
  pollMs?: number;
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

/** More lines than that are handed out while others are still to be read. */
const BATCH = 2_000;
const POLL_MS = 250;

const doze = (ms: number, signal: AbortSignal | undefined) =>
  setTimeout(ms, undefined, signal ? { signal } : {}).catch(() => {});

/**
 * The entries of a journal as they are written, over all chains, until the signal: those of one chain in their order, those
 * of several merged by time as far as they are found together. No line comes twice, none comes in part, and none that was
 * set aside; what was written once more after that (`gap.rewritten`) comes again, under its new number. Nothing is verified.
 *
 * @throws the system's error when the folder or a file cannot be read; that the folder is missing is no error
 */
export async function* follow(dir: string, options: FollowOptions = {}): AsyncGenerator<JournalEntry[]> {
  for await (const lines of followLines(dir, options)) yield lines.map(({ entry }) => entry);
}

/** The same, with the lines' text. */
export async function* followLines(dir: string, options: FollowOptions = {}): AsyncGenerator<ReadLine[]> {
  const { from = "end", signal, pollMs = POLL_MS, sleep = doze } = options;
  const start = from === "start" ? new Map<string, number>() : from === "end" ? await endOf(dir) : from;
  const reader = new Reader(dir, start);
  while (!signal?.aborted) {
    for await (const lines of reader.unread()) {
      if (signal?.aborted) return;
      yield lines;
    }
    await sleep(pollMs, signal);
  }
}

/** Where the whole lines of a journal end now. */
export async function endOf(dir: string): Promise<Positions> {
  const positions = new Map<string, number>();
  for (const { segments } of await chainsOf(dir)) {
    for (const [i, { file, path, bytes }] of segments.entries()) {
      // Only the last one may end in mid-line.
      positions.set(file, i < segments.length - 1 ? bytes : await orGone(lastBreak(path, bytes), 0));
    }
  }
  return positions;
}

class Reader {
  readonly #dir: string;
  #positions: Map<string, number>;
  readonly #lastSeq = new Map<string, number>();
  #found = new Map<string, ReadLine[]>();
  #count = 0;

  constructor(dir: string, positions: Positions) {
    this.#dir = dir;
    this.#positions = new Map(positions);
  }

  async *unread(): AsyncGenerator<ReadLine[]> {
    const chains = await chainsOf(this.#dir);
    for (const { segments } of chains) {
      for (const [i, segment] of segments.entries()) {
        if (segment.bytes <= (this.#positions.get(segment.file) ?? 0)) continue;
        yield* this.#read(segment, segments.slice(i + 1));
      }
    }
    if (this.#count > 0) yield this.#take();
    const files = new Set(chains.flatMap(({ segments }) => segments.map(({ file }) => file)));
    for (const file of this.#positions.keys()) if (!files.has(file)) this.#positions.delete(file);
  }

  async *#read(segment: Segment, later: readonly Segment[]): AsyncGenerator<ReadLine[]> {
    const { file, path, chainId } = segment;
    let position = this.#positions.get(file) ?? 0;
    try {
      const next = await successorOf(file, later, rawLines);
      const limit = next?.setAside?.fromByte ?? Number.POSITIVE_INFINITY;
      for await (const batch of rawLines(path, { from: { offset: position, number: 1 } })) {
        const found = this.#found.get(chainId) ?? [];
        this.#found.set(chainId, found);
        for (const { bytes, offset, whole } of batch) {
          if (!whole || offset >= limit) continue;
          position = offset + bytes.length + 1;
          const line = this.#line(chainId, bytes);
          if (!line) continue;
          found.push(line);
          this.#count++;
        }
        this.#positions.set(file, position);
        if (this.#count >= BATCH) yield this.#take();
      }
    } catch (error) {
      // Retention was quicker.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    // Whatever stands behind the last line of a segment that has a successor stays there.
    if (later.length > 0) this.#positions.set(file, Math.max(position, segment.bytes));
  }

  /** Undefined when it is no line, or has been told before: a file may have become shorter, and longer again. */
  #line(chainId: string, bytes: Buffer): ReadLine | undefined {
    let entry: JournalEntry;
    try {
      entry = entryOf(bytes);
    } catch {
      return undefined;
    }
    const { seq, event } = entry ?? {};
    if (typeof seq !== "number" || typeof event !== "string") return undefined;
    // What readers look up by a line's chain is the file it stands in, and no other.
    if (entry.chainId !== chainId) return undefined;
    if (seq <= (this.#lastSeq.get(chainId) ?? 0)) return undefined;
    this.#lastSeq.set(chainId, seq);
    return { text: bytes.toString(), entry };
  }

  #take(): ReadLine[] {
    const found = byTime(this.#found.values());
    this.#found = new Map();
    this.#count = 0;
    return found;
  }
}

/** None while there is no folder. */
function chainsOf(dir: string): Promise<Chain[]> {
  return orGone(chainsIn(dir), []);
}

async function orGone<T>(result: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw error;
  }
}
