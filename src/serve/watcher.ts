import type { JournalEntry } from "../journal/entry.js";
import type { CallIndex } from "./call-index.js";

export type Follow = (
  dir: string,
  options: { from: "start"; signal: AbortSignal },
) => AsyncIterable<JournalEntry[]>;

/** When nothing has come for so long, all that was there has been read. */
const QUIET_MS = 500;

/** Reads a journal into an index, and goes on until it is stopped. Never rejects: what goes wrong is told in the index. */
export async function watch(
  dir: string,
  index: CallIndex,
  { follow, signal }: { follow: Follow; signal: AbortSignal },
): Promise<void> {
  const quiet = () => {
    index.loading = false;
    index.touch();
  };
  let timer = setTimeout(quiet, QUIET_MS);
  try {
    for await (const entries of follow(dir, { from: "start", signal })) {
      clearTimeout(timer);
      index.add(entries);
      if (index.loading) timer = setTimeout(quiet, QUIET_MS);
    }
    if (!signal.aborted) index.error = "the journal has ended";
  } catch (error) {
    if (!signal.aborted) index.error = (error as Error).message;
  } finally {
    clearTimeout(timer);
    if (!signal.aborted) quiet();
  }
}
