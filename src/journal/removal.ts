import type { Absence } from "./chain-check.js";
import type { Tombstone } from "./entry.js";
import { type Segment, segmentFile } from "./segment.js";
import type { Problem } from "./verify-report.js";

export interface Removal {
  problems: Problem[];
  removed?: { segments: number; lastSeq: number };
  /** Hashes of last lines that are no longer here, by number. */
  heads: Map<number, string>;
}

/** Holds what is missing of a chain against what its tombstones say was removed. */
export function removalOf(
  absences: readonly Absence[],
  tombstones: Tombstone["segments"],
  present: readonly Segment[],
): Removal {
  const removal: Removal = { problems: [], heads: new Map() };
  const buried = new Map<string, Tombstone["segments"][number]>();
  for (const segment of tombstones) {
    buried.set(segment?.file, segment);
    removal.heads.set(segment?.lastSeq, segment?.head);
  }
  for (const { segment, seq, prev } of absences) {
    const { chainId, index } = segment;
    const before = present.filter((each) => each.index < index);
    const { from, to } = hole(before, index);
    const last = buried.get(segmentFile(chainId, to));
    const which = from === to ? `segment ${from} is` : `segments ${from}–${to} are`;
    const bad = (why: string) =>
      removal.problems.push({
        place: `${segment.file}:1`,
        what: `follows on a line that is not here: ${which} missing, and ${why}`,
      });
    if (!last) bad("no tombstone says that retention removed it");
    else if (last.head !== prev || last.lastSeq !== seq - 1)
      bad("the tombstone says it ended in another line");
    // Retention begins with the oldest.
    else if (!before.every(({ file, index }) => index > to || buried.has(file)))
      bad("older ones are still here");
    else removal.removed = { segments: index - 1 - before.length, lastSeq: last.lastSeq };
  }
  return removal;
}

/** The last numbers before `index` that no file has: one that is here and holds no line may stand behind them. */
function hole(before: readonly Segment[], index: number): { from: number; to: number } {
  const present = new Set(before.map((each) => each.index));
  let to = index - 1;
  while (present.has(to)) to--;
  return { from: (before.findLast((each) => each.index < to)?.index ?? 0) + 1, to };
}
