import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gap, JournalEntry } from "../../src/journal/entry.js";
import { entryOf, GENESIS, linkOf } from "../../src/journal/line.js";
import { chainsIn } from "../../src/journal/segment.js";
import { verifyJournal } from "../../src/journal/verify.js";

export interface ReadChain {
  chainId: string;
  entries: JournalEntry[];
  gaps: Gap[];
  /** Entries of a segment, one list each. */
  segments: JournalEntry[][];
}

/**
 * The lines of the one chain in a folder. Throws unless every byte belongs to a whole line, every link holds, sequence
 * numbers are skipped only where a gap says so, and `mono` never goes back while one writer writes.
 */
export async function readChain(dir: string): Promise<ReadChain> {
  const chains = await chainsIn(dir);
  if (chains.length !== 1) throw new Error(`${dir} holds ${chains.length} chains`);
  const [{ chainId, segments }] = chains as [(typeof chains)[0]];
  const read = {
    chainId,
    entries: [] as JournalEntry[],
    gaps: [] as Gap[],
    segments: [] as JournalEntry[][],
  };
  let last: JournalEntry | undefined;
  for (const { file, path } of segments) {
    const lines = (await readFile(path, "utf8")).split("\n");
    if (lines.pop() !== "") throw new Error(`${file} ends in a torn line`);
    const entries = lines.map((text, i) => {
      const line = Buffer.from(text);
      const link = linkOf(line);
      if (typeof link === "string") throw new Error(`${file}:${i + 1} ${link}`);
      return entryOf(line);
    });
    for (const [i, entry] of entries.entries()) {
      const where = `${file}:${i + 1}`;
      if (entry.prev !== (last?.hash ?? (segments[0]?.index === 1 ? GENESIS : entry.prev)))
        throw new Error(`${where} does not follow ${last?.seq}`);
      const gap = entries.find((each) => each.event === "gap" && each.skipped !== undefined) as
        | Gap
        | undefined;
      const expected = (last?.seq ?? entry.seq - 1) + 1;
      const isToldOf = gap?.skipped?.[0] === expected && gap.skipped[1] === entry.seq - 1;
      if (entry.seq !== expected && !isToldOf)
        throw new Error(`${where} has the number ${entry.seq}, not ${expected}`);
      if (last && entry.mono < last.mono && i > 0) throw new Error(`${where} goes back in time`);
      last = entry;
    }
    read.segments.push(entries);
    read.entries.push(...entries);
  }
  read.gaps = read.entries.filter((entry) => entry.event === "gap");
  return read;
}

/** The same of a journal that holds whole calls, and stands up to `audit verify` too. */
export async function verifiedChain(dir: string): Promise<ReadChain> {
  const { ok, problems, chains } = await verifyJournal(dir);
  if (!ok) throw new Error(`verify: ${JSON.stringify([problems, chains.map(({ problem }) => problem)])}`);
  return readChain(dir);
}

/** What all gaps say is lost, by event. */
export function lostIn({ gaps }: ReadChain): Record<string, number> {
  const lost: Record<string, number> = {};
  for (const gap of gaps)
    for (const [event, count] of Object.entries(gap.lost)) lost[event] = (lost[event] ?? 0) + count;
  return lost;
}

export function countBy(entries: readonly JournalEntry[], event: JournalEntry["event"]): number {
  return entries.filter((entry) => entry.event === event).length;
}

/** Files of a folder that end so. */
export async function filesIn(dir: string, end: string): Promise<string[]> {
  return (await readdir(dir))
    .filter((file) => file.endsWith(end))
    .map((file) => join(dir, file))
    .sort();
}
