import { readFileSync } from "node:fs";
import type { JournalEntry } from "../../src/journal/entry.js";
import { type Chain, chainsIn } from "../../src/journal/segment.js";

/** Every line of a folder's chains that is whole, and stands before what the next segment says was set aside. */
export async function entriesIn(dir: string): Promise<{ chain: Chain; entries: JournalEntry[] }[]> {
  return (await chainsIn(dir)).map((chain) => {
    const texts = chain.segments.map(({ path }) => readFileSync(path));
    const entries = texts.flatMap((bytes, i) => {
      const next = texts[i + 1];
      const opener =
        next?.includes(0x0a) && (JSON.parse(next.subarray(0, next.indexOf(0x0a)).toString()) as JournalEntry);
      const aside = opener && opener.event === "segment.open" ? opener.setAside : undefined;
      const good = aside?.file === chain.segments[i]?.file ? bytes.subarray(0, aside?.fromByte) : bytes;
      const lines = good.toString().split("\n");
      // What has no line break is no line.
      return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalEntry);
    });
    return { chain, entries };
  });
}

/** How often each call begins and ends, and with what. */
export function callsIn(entries: readonly JournalEntry[]): Map<string, { starts: number; ends: string[] }> {
  const calls = new Map<string, { starts: number; ends: string[] }>();
  for (const entry of entries) {
    if (entry.event !== "request.start" && entry.event !== "request.end") continue;
    const call = calls.get(entry.callId) ?? { starts: 0, ends: [] };
    if (entry.event === "request.start") call.starts++;
    else call.ends.push(entry.outcome);
    calls.set(entry.callId, call);
  }
  return calls;
}
