import { verifyJournal } from "../../../src/journal/verify.js";
import { ReportFold } from "../../../src/report/fold.js";
import { readCalls } from "../../../src/report/journal-calls.js";
import { JournalFixture } from "../../support/journal-fixture.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

/** About 64 MB, the size at which the writer begins a new segment. */
const SEGMENT_CALLS = 22_000;

/** Writes a journal, and returns how many lines it has. */
export function bigJournal(dir: string, calls: number): number {
  const fixture = new JournalFixture(dir, { segmentCalls: SEGMENT_CALLS });
  for (const call of syntheticCalls(calls)) fixture.add(call);
  fixture.end();
  return fixture.head.seq;
}

export interface ReadingTimes {
  verifySeconds: number;
  reportSeconds: number;
  /** Most memory that the process has had, in MiB: by then it has verified and reported. */
  peakMiB: number;
}

/** What `audit verify` and `audit report` do, without printing it. */
export async function readingTimes(dir: string): Promise<ReadingTimes> {
  const began = performance.now();
  const { ok } = await verifyJournal(dir);
  if (!ok) throw new Error("the journal does not verify");
  const verified = performance.now();
  const fold = new ReportFold();
  await readCalls(dir, fold);
  fold.report();
  const reported = performance.now();
  return {
    verifySeconds: (verified - began) / 1_000,
    reportSeconds: (reported - verified) / 1_000,
    peakMiB: process.resourceUsage().maxRSS / 1_024,
  };
}
