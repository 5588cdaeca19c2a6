import { open, readdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { JournalEntry, Tombstone } from "./entry.js";
import { entryOf } from "./line.js";
import { rawLines } from "./raw-lines.js";
import type { Segment } from "./segment.js";

/** What is kept of a chain. A segment goes when one of these says so; the one being written never does. */
export interface Retain {
  /** Since a segment was written to last. */
  maxAgeMs?: number;
  /** Of all segments of the chain. */
  maxBytes?: number;
  maxSegments?: number;
}

/** The oldest segments of a chain that need not be kept; the last of `segments` is being written. */
export function retired(segments: readonly Segment[], retain: Retain, now: number): Segment[] {
  const { maxAgeMs = Infinity, maxBytes = Infinity, maxSegments = Infinity } = retain;
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  let count = segments.length;
  const gone: Segment[] = [];
  for (const segment of segments.slice(0, -1)) {
    if (now - segment.modifiedMs <= maxAgeMs && bytes <= maxBytes && count <= maxSegments) break;
    gone.push(segment);
    bytes -= segment.bytes;
    count--;
  }
  return gone;
}

/** What stays of segments that go. @throws the system's error, and one that names a segment which is damaged */
export async function tombstoneOf(segments: readonly Segment[]): Promise<Tombstone> {
  const stones = segments.map(async ({ file, path, bytes }) => {
    const [first, last] = await Promise.all([firstOf(path), lastOf(path, bytes)]).catch((error) => {
      if (!(error instanceof SyntaxError)) throw error;
      // Its own words would put a piece of the line into a log.
      throw new Error(
        `${file} is damaged: move it away, or no segment is deleted (open-router audit verify tells more)`,
      );
    });
    return { file, firstSeq: first.seq, lastSeq: last.seq, head: last.hash, bytes };
  });
  return { event: "tombstone", segments: await Promise.all(stones) };
}

/** Deletes a segment, and what was set aside of it. */
export async function remove({ file, path }: Segment): Promise<void> {
  const dir = dirname(path);
  const parts = (await readdir(dir)).filter((name) => name.startsWith(`${file}.`) && name.endsWith(".torn"));
  await Promise.all([path, ...parts.map((name) => join(dir, name))].map((each) => unlink(each)));
}

async function firstOf(path: string): Promise<JournalEntry> {
  for await (const [line] of rawLines(path)) if (line) return entryOf(line.bytes);
  throw new SyntaxError("no line");
}

async function lastOf(path: string, bytes: number): Promise<JournalEntry> {
  const file = await open(path, "r");
  try {
    for (let length = Math.min(4_096, bytes); ; length = Math.min(length * 8, bytes)) {
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, bytes - length);
      const end = buffer.lastIndexOf(0x0a);
      const before = end > 0 ? buffer.lastIndexOf(0x0a, end - 1) : -1;
      if (before >= 0 || length === bytes) return entryOf(buffer.subarray(before + 1, end));
    }
  } finally {
    await file.close();
  }
}
