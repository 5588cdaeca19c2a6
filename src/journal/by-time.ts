import type { JournalEntry } from "./entry.js";

/** A line, and what it says. */
export interface ReadLine {
  text: string;
  entry: JournalEntry;
}

/** Merges the lines of several chains by time. A clock that goes back is no reason to change the order within a chain. */
export function byTime(chains: Iterable<readonly ReadLine[]>): ReadLine[] {
  const keyed: { key: string; line: ReadLine }[] = [];
  for (const lines of chains) {
    let key = "";
    for (const line of lines) {
      if (line.entry.ts > key) key = line.entry.ts;
      keyed.push({ key, line });
    }
  }
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ line }) => line);
}
