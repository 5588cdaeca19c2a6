import { open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { setAside } from "./aside.js";
import type { Disk } from "./disk.js";
import type { JournalEntry, JournalEvent, Recovery, SegmentOpen, SetAside } from "./entry.js";
import { entryOf, eventOf, GENESIS, linkOf } from "./line.js";
import { rawLines } from "./raw-lines.js";
import type { Chain, Segment } from "./segment.js";
import { Tally } from "./tally.js";

/** Where a chain goes on. */
export interface ChainEnd {
  chainId: string;
  /** Number of its last segment; 0: there is none. */
  segment: number;
  seq: number;
  head: string;
  /** Calls that have begun and not ended. */
  openCalls: string[];
  /** Checkpoints so far. */
  checkpoints: number;
  /** What its next segment begins with. */
  preface: JournalEvent[];
  /** What stood behind the last good line, to be cut off. */
  setAside?: SetAside;
}

export function newChain(chainId: string): ChainEnd {
  return { chainId, segment: 0, seq: 0, head: GENESIS, openCalls: [], checkpoints: 0, preface: [] };
}

interface Scan {
  /** The last good line. */
  seq: number;
  head: string;
  tally: Tally;
  writer: SegmentOpen["writer"];
  closed: boolean;
  /** Where a line begins that has no end. */
  tornAt?: number;
}

/**
 * Where a dead writer left its chain, and what the next one has to say about that: calls nobody knows the end of, and a
 * torn last line, which is copied to a file of its own. Lines that are whole and wrong are left for `verify` to find.
 *
 * @throws the system's error
 */
export async function endOf({ chainId, segments }: Chain, disk: Disk): Promise<ChainEnd> {
  const last = segments.at(-1);
  if (!last) return newChain(chainId);
  const lost: SetAside[] = [];
  for (const segment of segments.toReversed()) {
    const scan = (await closedEnd(segment)) ?? (await scanOf(segment));
    if (!scan || scan.tornAt !== undefined) {
      const aside = await setAside(segment.path, scan?.tornAt ?? 0);
      if (aside) lost.push(aside);
    }
    // Not one line of it ever counted.
    if (!scan) {
      await unlink(segment.path);
      continue;
    }
    // Its writer may have died before its last lines were on the disk: what is built on them must not outlive them.
    await disk.sync(segment.path);
    await disk.syncFolder(dirname(segment.path));
    return {
      chainId,
      segment: segment.index,
      seq: scan.seq,
      head: scan.head,
      openCalls: scan.tally.openCalls,
      checkpoints: scan.tally.checkpoints,
      preface: prefaceOf(scan, lost[0]),
      ...(scan.tornAt !== undefined && lost.length > 0 && { setAside: lost.at(-1) as SetAside }),
    };
  }
  return { ...newChain(chainId), segment: 0 };
}

function prefaceOf({ closed, writer, tally }: Scan, aside: SetAside | undefined): JournalEvent[] {
  const { openCalls } = tally;
  if (closed && openCalls.length === 0 && !aside) return [];
  const { pid, host } = writer;
  const recovery: Recovery = {
    event: "recovery",
    died: { pid, host },
    unknown: openCalls.length,
    ...(aside && { setAside: aside }),
  };
  return [
    recovery,
    ...openCalls.map((callId) => ({ event: "request.end", callId, outcome: "unknown" }) as const),
  ];
}

/** Nothing is left to be done for the calls in a chain that ends so, as long as nobody goes on with it. */
export async function isAtRest({ segments }: Chain): Promise<boolean> {
  const last = segments.at(-1);
  return last !== undefined && (await closedEnd(last)) !== undefined;
}

/** Longer than any line that closes a segment. */
const TAIL_BYTES = 4_096;

/** A segment that was closed in good order, with no call under way, needs no more than its last line read. */
async function closedEnd({ path, bytes }: Segment): Promise<Scan | undefined> {
  const file = await open(path, "r");
  try {
    const length = Math.min(TAIL_BYTES, bytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, bytes - length);
    if (buffer.at(-1) !== 0x0a) return undefined;
    const line = buffer.subarray(buffer.lastIndexOf(0x0a, -2) + 1, -1);
    if (typeof linkOf(line) === "string") return undefined;
    const entry = entryOf(line);
    if (entry.event !== "segment.close" || entry.openCalls > 0) return undefined;
    const { seq, hash: head, checkpoints } = entry;
    const writer = { pid: 0, host: "", version: "" };
    return { seq, head, tally: new Tally({ openCalls: [], checkpoints }), writer, closed: true };
  } finally {
    await file.close();
  }
}

/** Undefined when the file has no line that holds. */
async function scanOf({ path }: Segment): Promise<Scan | undefined> {
  let scan: Scan | undefined;
  for await (const lines of rawLines(path)) {
    for (const { bytes, offset, whole } of lines) {
      if (!whole) {
        if (scan) scan.tornAt ??= offset;
        continue;
      }
      const link = linkOf(bytes);
      if (typeof link === "string") continue;
      // What stands before a good line is no torn end, and is left for `verify` to find.
      if (scan) delete scan.tornAt;
      const event = eventOf(bytes) as JournalEntry["event"];
      scan ??= begin(entryOf(bytes));
      scan.head = link.hash;
      scan.seq = seqOf(bytes);
      scan.closed = event === "segment.close";
      if (event === "request.start" || event === "request.end" || event === "checkpoint") {
        scan.tally.see(entryOf(bytes));
      }
    }
  }
  return scan;
}

function begin(first: JournalEntry): Scan {
  const opening = first.event === "segment.open" ? first : undefined;
  return {
    seq: first.seq,
    head: first.hash,
    tally: new Tally({ openCalls: opening?.openCalls ?? [], checkpoints: opening?.checkpoints ?? 0 }),
    writer: opening?.writer ?? { pid: 0, host: "unknown", version: "unknown" },
    closed: false,
  };
}

/** `{"seq":123,` begins every line. */
function seqOf(line: Buffer): number {
  return Number.parseInt(line.toString("latin1", 7, 24), 10);
}
