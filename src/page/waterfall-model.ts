import type { AuditAttempt, AuditRecord } from "../record.js";

export type PhaseName = "connect" | "wait" | "stream";

/** Times in ms since the call began. */
export interface Phase {
  name: PhaseName;
  from: number;
  to: number;
}

export interface Lane {
  attempt: AuditAttempt;
  from: number;
  to: number;
  phases: Phase[];
  /** Its first content went to the caller. */
  committedAt?: number;
  /** Until the wait before the retry that followed was over. */
  waitedTo?: number;
  /** Index of the lane it ran beside when it began. */
  besides?: number;
  /** It took over from a stream that had died after content was shown. */
  recovery?: "restart" | "continue";
}

export interface Waterfall {
  totalMs: number;
  lanes: Lane[];
  ticks: number[];
}

/** What a record, or as much of it as there is while the call runs, looks like over time. */
export function waterfallOf(
  startedAt: string,
  attempts: readonly AuditAttempt[],
  record?: Pick<AuditRecord, "durationMs" | "answeredBy" | "recovery">,
): Waterfall {
  const begun = Date.parse(startedAt);
  const lanes = attempts.map((attempt) => {
    // The wall clock may have gone back.
    const from = Math.max(0, Date.parse(attempt.startedAt) - begun || 0);
    const lane: Lane = { attempt, from, to: from + attempt.durationMs, phases: phasesOf(attempt, from) };
    if (attempt.waitMs !== undefined) lane.waitedTo = lane.to + attempt.waitMs;
    return lane;
  });
  for (const [i, lane] of lanes.entries()) {
    const { why, firstContentMs, n } = lane.attempt;
    if (why === "hedge") lane.besides = besidesOf(lanes, i);
    if (why === "recovery") lane.recovery = record?.recovery?.mode ?? "restart";
    const recoveredLater = lanes.slice(i + 1).some(({ attempt }) => attempt.why === "recovery");
    const shown = lane.attempt.outcome === "won" || n === record?.answeredBy?.attempt;
    if (firstContentMs !== undefined && (shown || (lane.attempt.outcome === "failed" && recoveredLater)))
      lane.committedAt = lane.from + firstContentMs;
  }
  const totalMs = Math.max(1, record?.durationMs ?? 0, ...lanes.map(({ to, waitedTo = to }) => waitedTo));
  return { totalMs, lanes, ticks: ticksOf(totalMs) };
}

function phasesOf({ headersMs, firstContentMs, durationMs }: AuditAttempt, from: number): Phase[] {
  const marks: [PhaseName, number][] = [
    ["connect", Math.min(headersMs ?? firstContentMs ?? durationMs, durationMs)],
  ];
  if (headersMs !== undefined) marks.push(["wait", Math.min(firstContentMs ?? durationMs, durationMs)]);
  if (firstContentMs !== undefined) marks.push(["stream", durationMs]);
  let since = 0;
  return marks.flatMap(([name, until]) => {
    const phase = { name, from: from + since, to: from + Math.max(since, until) };
    since = Math.max(since, until);
    return phase.to > phase.from ? [phase] : [];
  });
}

function besidesOf(lanes: readonly Lane[], index: number): number {
  const { from } = lanes[index]!;
  const running = lanes.slice(0, index).findLastIndex((lane) => lane.to > from);
  return running < 0 ? index - 1 : running;
}

/** At most six, at numbers that read well. */
function ticksOf(totalMs: number): number[] {
  const rough = totalMs / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power;
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, i) => i * step);
}
