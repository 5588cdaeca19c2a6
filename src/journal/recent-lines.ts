import { byTime, type ReadLine } from "./by-time.js";
import type { JournalEntry } from "./entry.js";
import type { Positions } from "./follow.js";
import { entryOf } from "./line.js";
import { rawLinesBackIfThere } from "./raw-lines-back.js";
import { chainsIn } from "./segment.js";

/** The last `count` lines before `positions` of all chains, by time, of those that are `wanted`. */
export async function recentLines(
  dir: string,
  positions: Positions,
  { count, wanted }: { count: number; wanted: (line: Buffer) => boolean },
): Promise<ReadLine[]> {
  const all: ReadLine[][] = [];
  for (const { segments } of count > 0 ? await chainsIn(dir) : []) {
    const found: ReadLine[] = [];
    search: for (const { file, path } of segments.reverse()) {
      for await (const lines of rawLinesBackIfThere(path, positions.get(file) ?? 0)) {
        for (const bytes of lines) {
          if (!wanted(bytes)) continue;
          const entry = parsed(bytes);
          if (entry) found.push({ text: bytes.toString(), entry });
          if (found.length === count) break search;
        }
      }
    }
    all.push(found.reverse());
  }
  return count > 0 ? byTime(all).slice(-count) : [];
}

function parsed(bytes: Buffer): JournalEntry | undefined {
  try {
    return entryOf(bytes);
  } catch {
    return undefined;
  }
}
