import { setImmediate as turn } from "node:timers/promises";
import { ReportFold } from "../report/fold.js";
import type { Report } from "../report/report.js";
import { countUntil } from "./call-query.js";
import type { KeptCall } from "./kept-call.js";

/** Folded in one go, other requests wait meanwhile. */
const AT_ONCE = 5_000;

/** The report of the calls that began within the range; `calls` are oldest first. */
export async function overviewOf(
  calls: readonly KeptCall[],
  { from, to }: { from: number; to: number },
): Promise<Report> {
  // A copy, since the index goes on while this takes turns.
  const wanted = calls.slice(
    countUntil(calls, { at: from, n: -1 }),
    countUntil(calls, { at: to, n: Number.POSITIVE_INFINITY }),
  );
  const bounded = Number.isFinite(from) && Number.isFinite(to);
  const fold = new ReportFold({ span: bounded ? [from, to] : undefined });
  for (const [i, { record, state, at, labels }] of wanted.entries()) {
    if (i % AT_ONCE === AT_ONCE - 1) await turn();
    if (record) {
      fold.add(record);
      continue;
    }
    const begun = { startedAt: new Date(at).toISOString(), labels };
    if (state === "running") fold.addOpen(begun);
    else fold.addUnknown(begun);
  }
  return fold.report();
}
