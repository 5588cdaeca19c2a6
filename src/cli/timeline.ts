import type { AuditAttempt, AuditRecord, Skip } from "../record.js";
import type { ClockPhase, Failure } from "../types.js";
import { cell, cut, oneLine, widthOf } from "./columns.js";
import type { Colors } from "./terminal.js";

/** One line of a timeline, before it is laid out. */
export interface Row {
  tone: "good" | "bad" | "wait" | "quiet";
  mark: string;
  n: string;
  target: string;
  /** What ended the attempt. */
  cause: string;
  /** What came of it. */
  then: string;
  ms?: number;
}

const CLOCK_NAMES: Record<ClockPhase, string> = {
  connect: "connectMs",
  first_token: "firstTokenMs",
  idle: "idleMs",
  attempt: "attemptMs",
  // Its option has a name too long for a line.
  throughput: "throughput",
};

/** Columns of the parts of a line, such that 79 leave 25 for the target. */
const CAUSE = 20;
const THEN = 16;
const MS = 9;

/** Never wider than nine columns. */
function duration(ms: number): string {
  return ms < 99_999.5 ? milliseconds(ms) : `${Math.round(ms / 1000).toLocaleString("en-US")} s`;
}

/** Never wider than eight columns. */
function delay(ms: number): string {
  return ms < 9_999.5 ? milliseconds(ms) : `${Math.round(ms / 1000).toLocaleString("en-US")} s`;
}

export function milliseconds(ms: number): string {
  return `${Math.round(ms).toLocaleString("en-US")} ms`;
}

export function dollars(usd: number): string {
  return `$${usd.toFixed(6).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** Rounded up, as a bound must be. */
export function seconds(ms: number): string {
  return `${(ms < 10_000 ? Math.ceil(ms / 100) / 10 : Math.ceil(ms / 1000)).toLocaleString("en-US")} s`;
}

/** Rounded up to what a reader can use: cents, four places below a dollar, six below a cent. */
export function usd(amount: number): string {
  const places = amount >= 1 ? 2 : amount >= 0.01 ? 4 : 6;
  // Without the binary dust, which would count as one more.
  const up = Math.ceil(Number((amount * 10 ** places).toPrecision(12))) / 10 ** places;
  const text = up.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: places });
  return `$${text}`;
}

/** Class, and what tells more about it: the clock that ran out, else the status. */
export function causeOf({ class: name, phase, status }: Failure): string {
  if (phase) return `${name} ${CLOCK_NAMES[phase]}`;
  return status === undefined ? name : `${name} ${status}`;
}

export function attemptRow(entry: AuditAttempt): Row {
  const { n, target, durationMs, firstContentMs, failure, verdict, waitMs = 0 } = entry;
  const about = { n: String(n), target, ms: durationMs };
  if (entry.outcome === "won") {
    const then = firstContentMs === undefined ? "" : `text at ${delay(firstContentMs)}`;
    return { ...about, tone: "good", mark: "✓", cause: "answered", then };
  }
  if (entry.outcome === "cancelled" || !failure) {
    return { ...about, tone: "quiet", mark: "○", cause: "cancelled", then: "" };
  }
  const then =
    verdict === "retry" ? `↻ after ${delay(waitMs)}` : verdict === "stop" ? "■ stop" : "→ next model";
  return { ...about, tone: "bad", mark: "✗", cause: causeOf(failure), then };
}

export function skipRow({ target, reason, detail = {} }: Skip): Row {
  const { window, needed } = detail;
  const show = (value: unknown) =>
    typeof value === "number" ? value.toLocaleString("en-US") : oneLine(String(value));
  const facts =
    reason === "context_too_small" && window !== undefined && needed !== undefined
      ? [`${show(window)} < ${show(needed)}`]
      : Object.entries(detail).map(([name, value]) => `${oneLine(name)} ${show(value)}`);
  const cause = [`skipped ${oneLine(reason)}`, ...(facts.length > 0 ? [facts.join(", ")] : [])].join(": ");
  return { tone: "quiet", mark: "–", n: "–", target, cause, then: "" };
}

/** Where a line stands: columns it may take, and all targets that may come, so that the lines of a call agree. */
export interface Layout {
  columns: number;
  targets: readonly string[];
}

/** A line in its three parts. Below 64 columns it may take more. */
export function layOut(
  row: Row,
  { columns, targets }: Layout,
): { start: string; target: string; end: string } {
  const start = `  ${row.mark} ${row.n.padStart(2)} `;
  const room = columns - start.length;
  const longest = Math.max(8, ...targets.map((target) => widthOf(target)));
  const width = Math.max(8, Math.min(longest, room - CAUSE - THEN - MS - 2));
  const target = cell(oneLine(row.target), width);
  // What has neither verdict nor time may use their room.
  if (row.then === "" && row.ms === undefined)
    return { start, target, end: ` ${cut(row.cause, room - width - 1)}` };
  const ms = row.ms === undefined ? "" : cell(duration(row.ms), MS, "right");
  return { start, target, end: ` ${cell(row.cause, CAUSE)} ${cell(row.then, THEN)}${ms}`.trimEnd() };
}

export function paint(row: Row, layout: Layout, c: Colors): string {
  const { start, target, end } = layOut(row, layout);
  switch (row.tone) {
    case "good":
      return c.green(start) + c.bold(target) + c.green(end);
    case "bad":
      return c.red(start) + c.bold(target) + c.red(end);
    case "wait":
      return c.yellow(start) + c.bold(target) + c.yellow(end);
    case "quiet":
      return c.dim(start + target + end);
  }
}

/** What matters most in an audit record, under the names it has there, on lines of at most `columns`. */
export function recordLines(record: AuditRecord, columns: number): string[] {
  const { answeredBy, attempts, skipped, callId, durationMs, cost, recovery, error } = record;
  const facts = [
    ...(answeredBy
      ? [`answeredBy ${oneLine(answeredBy.model)}`]
      : [`outcome ${record.outcome}`, ...(error ? [`error ${error.code}`] : [])]),
    ...(answeredBy?.servedBy === undefined ? [] : [`servedBy ${oneLine(answeredBy.servedBy)}`]),
    `attempts ${attempts.length}`,
    ...(skipped.length > 0 ? [`skipped ${skipped.length}`] : []),
    ...(recovery ? [`recovery ${recovery.mode}`] : []),
    milliseconds(durationMs),
    ...(cost ? [`cost ${cost.estimated ? "~" : ""}${dollars(cost.usd)}`] : []),
    `callId ${callId}`,
  ];
  const lines: string[] = [];
  for (const fact of facts) {
    const line = lines.at(-1);
    if (line === undefined || widthOf(line) + 3 + widthOf(fact) > columns) lines.push(cut(fact, columns));
    else lines[lines.length - 1] = `${line} · ${fact}`;
  }
  return lines;
}
