import type { JournalEntry } from "../../journal/entry.js";
import { isRecord } from "../../journal/record-shape.js";
import type { AuditRecord } from "../../record.js";
import { cell, cut, oneLine, widthOf } from "../columns.js";
import { dollars, milliseconds } from "../timeline.js";
import { localTime } from "./instant.js";

export interface CallRow {
  tone: "good" | "bad" | "quiet" | "note";
  text: string;
}

const SHORT_ID = 8;
const MIN_WHO = 16;
const MAX_WHO = 28;

const MARKS = { ok: "✓", failed: "✗", aborted: "○" } as const;

/** One line for a call that has ended, or for what else a reader of a journal should know; undefined for other entries. */
export function callRow(entry: JournalEntry, columns: number): CallRow | undefined {
  if (entry.event === "request.end") return endRow(entry, columns);
  const note = noteOf(entry);
  if (note === undefined) return undefined;
  const text = `${localTime(new Date(entry.ts))}  ! ${oneLine(note)}`;
  return { tone: "note", text: cut(text, columns) };
}

function endRow(entry: Extract<JournalEntry, { event: "request.end" }>, columns: number): CallRow {
  const time = localTime(new Date(entry.ts));
  const id = cell(oneLine(String(entry.callId)).slice(0, SHORT_ID), SHORT_ID);
  if (entry.outcome !== "unknown" && !isRecord(entry.record)) {
    return { tone: "note", text: cut(`${time}  ${id}  ? its record is none: verify says more`, columns) };
  }
  if (entry.outcome === "unknown") {
    const text = `${time}  ${id}  ? unknown: its process died before it ended`;
    return { tone: "note", text: cut(text, columns) };
  }
  const { record } = entry as { record: AuditRecord };
  const { outcome, attempts, durationMs, cost, labels } = record;
  const start = `${time}  ${id}  ${MARKS[outcome] ?? "?"} `;
  const numbers = [
    cell(`${attempts.length} ${attempts.length === 1 ? "try" : "tries"}`, 7, "right"),
    cell(milliseconds(durationMs), 9, "right"),
    cell(cost ? `${cost.estimated ? "~" : ""}${dollars(cost.usd)}` : "", 9, "right"),
  ];
  const room = columns - widthOf(start) - MIN_WHO;
  // What is worth least goes first.
  while (numbers.length > 0 && numbers.reduce((sum, each) => sum + 2 + widthOf(each), 0) > room)
    numbers.pop();
  const end = numbers.map((each) => `  ${each}`).join("");
  const who = Math.min(MAX_WHO, columns - widthOf(start) - widthOf(end));
  const text = start + cell(whoOf(record), who) + end;
  const said = Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const left = columns - widthOf(text) - 2;
  const tone = outcome === "ok" ? "good" : outcome === "failed" ? "bad" : "quiet";
  return { tone, text: left < 6 || said === "" ? text.trimEnd() : `${text}  ${cut(oneLine(said), left)}` };
}

function whoOf({ answeredBy, error, outcome }: AuditRecord): string {
  if (answeredBy) return oneLine(answeredBy.model);
  if (!error) return outcome;
  return error.code === error.class ? oneLine(error.code) : oneLine(`${error.code}: ${error.class}`);
}

function noteOf(entry: JournalEntry): string | undefined {
  if (entry.event === "gap") {
    const lost = Object.entries(entry.lost ?? {}).map(([event, count]) => `${count} ${event}`);
    return `gap, ${entry.reason}${lost.length > 0 ? `: ${lost.join(", ")} never written` : ""}`;
  }
  if (entry.event === "recovery") {
    const { died, unknown } = entry;
    return `process ${died?.pid} on ${died?.host} had died; ${unknown} ${unknown === 1 ? "call" : "calls"} unknown`;
  }
  return undefined;
}
