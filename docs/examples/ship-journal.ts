import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type JournalChain,
  journalChains,
  journalEntry,
  journalLines,
  journalLink,
} from "@aigne/open-router/chain";

/** Where the next line of a chain to be shipped stands; `seq` is that of the line before it. */
interface Cursor {
  segment: number;
  offset: number;
  /** Of the line, from 1. */
  number: number;
  seq: number;
}

interface Batch {
  lines: Buffer[];
  after: Cursor;
}

export interface ShipOptions {
  /** The journal's folder. */
  dir: string;
  /** Gets batches of raw lines by POST, answers 2xx when they are durable, and dedupes by `(chainId, seq)`. */
  url: string;
  headers?: Record<string, string>;
  /** Holds `{ chainId: cursor }`; its folder must be there. */
  cursorFile: string;
  /** Of one batch; a longer line goes alone. */
  maxBytes?: number;
  pollMs?: number;
  /** At most this before the first retry, twice as much before each further one, up to 30 s. */
  retryMs?: number;
  signal?: AbortSignal;
  warn?: (text: string) => void;
}

/** Ships every line at least once, in order within a chain, until the signal ends it. */
export async function shipJournal({ dir, url, headers = {}, cursorFile, ...options }: ShipOptions) {
  const { maxBytes = 256 * 1024, pollMs = 1_000, retryMs = 250, signal, warn = console.warn } = options;
  const cursors = await load(cursorFile);
  const told = new Set<string>();
  const warnOnce = (text: string) => {
    if (!told.has(text)) warn(text);
    told.add(text);
  };
  for (let failures = 0; !signal?.aborted; ) {
    let waitMs = pollMs;
    try {
      for (const chain of await journalChains(dir)) {
        for await (const { lines, after } of unshipped(chain, cursors[chain.chainId], maxBytes, warnOnce)) {
          await post(url, headers, Buffer.concat(lines), signal);
          cursors[chain.chainId] = after;
          await save(cursorFile, cursors);
          failures = 0;
        }
      }
    } catch (error) {
      if (signal?.aborted) return;
      waitMs = Math.random() * Math.min(30_000, retryMs * 2 ** failures++);
      warn(`will try again in ${Math.round(waitMs)} ms: ${(error as Error).cause ?? error}`);
    }
    await sleep(waitMs, undefined, { ...(signal && { signal }) }).catch(() => {});
  }
}

async function* unshipped(
  { chainId, segments }: JournalChain,
  from: Cursor | undefined,
  maxBytes: number,
  warn: (text: string) => void,
): AsyncGenerator<Batch> {
  let cursor = from ?? { segment: 1, offset: 0, number: 1, seq: 0 };
  for (const [i, { file, path, index, bytes: length }] of segments.entries()) {
    if (index < cursor.segment) continue;
    if (index > cursor.segment) cursor = { segment: index, offset: 0, number: 1, seq: cursor.seq };
    else if (length < cursor.offset) warn(`${file} has lost lines that were shipped: did the machine fail?`);
    const isLast = i === segments.length - 1;
    const isAfterRemoved = index > 1 && segments[i - 1]?.index !== index - 1;
    for await (const read of journalLines(path, { from: cursor })) {
      let lines: Buffer[] = [];
      let size = 0;
      for (const { bytes, offset, number, whole } of read) {
        const link = whole ? journalLink(bytes) : "is cut short";
        if (typeof link === "string") {
          if (isLast) {
            // Still being written; or the next writer of the chain will cut it off.
            if (lines.length > 0) yield { lines, after: cursor };
            return;
          }
          if (whole) warn(`${file}:${number} ${link}; it is not shipped`);
          continue;
        }
        const { seq } = journalEntry(bytes);
        if (isAfterRemoved && cursor.number === 1 && seq > cursor.seq + 1)
          warn(`${chainId}: lines ${cursor.seq + 1} to ${seq - 1} were removed before they were shipped`);
        if (lines.length > 0 && size + bytes.length >= maxBytes) {
          yield { lines, after: cursor };
          lines = [];
          size = 0;
        }
        cursor = { segment: index, offset: offset + bytes.length + 1, number: number + 1, seq };
        lines.push(bytes, NEWLINE);
        size += bytes.length + 1;
      }
      if (lines.length > 0) yield { lines, after: cursor };
    }
  }
}

const NEWLINE = Buffer.from("\n");

async function post(url: string, headers: Record<string, string>, body: Buffer, signal?: AbortSignal) {
  const signals = [AbortSignal.timeout(30_000), ...(signal ? [signal] : [])];
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
    body,
    signal: AbortSignal.any(signals),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
}

async function load(cursorFile: string): Promise<Record<string, Cursor>> {
  try {
    return JSON.parse(await readFile(cursorFile, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Whole or not at all, whenever the process or the machine dies. */
async function save(cursorFile: string, cursors: Record<string, Cursor>) {
  const file = await open(`${cursorFile}.tmp`, "w");
  try {
    await file.writeFile(JSON.stringify(cursors));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${cursorFile}.tmp`, cursorFile);
}
