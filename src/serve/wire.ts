import type { JournalEntry } from "../journal/entry.js";
import type { AuditRecord, CallStart } from "../record.js";
import type { Report } from "../report/report.js";

/** What the server tells the page, in JSON. Moments are ms since 1970, times ms, money US dollars. */

/** `running`: begun, and not ended so far. `unknown`: its process died before it ended. */
export type CallState = "running" | "unknown" | AuditRecord["outcome"];

/** One line of the list of calls. */
export interface CallRow {
  callId: string;
  at: number;
  state: CallState;
  durationMs?: number;
  /** The one that answered; else the one that was asked last. */
  target?: string;
  /** As the answering model named itself. */
  model?: string;
  /** Class of the failure that ended the call; else of its first failed attempt. */
  failure?: string;
  /** From the call's start to the first content of the answer that was kept. */
  firstContentMs?: number;
  attempts: number;
  /** Outcomes of the first 12 attempts: `w`on, `f`ailed, `c`ancelled, a letter each. */
  trail: string;
  failover: boolean;
  hedged: boolean;
  recovered: boolean;
  costUsd?: number;
  userId?: string;
  labels: Record<string, string>;
}

export interface JournalState {
  /** Grows with every change. */
  version: number;
  /** The journal has not been read to its end yet. */
  loading: boolean;
  /** Calls that were read, and those of them that are kept: the latest. */
  calls: number;
  kept: number;
  running: number;
  /** Start of the oldest call that is kept. */
  keptSince: number | null;
  /** Entries that say that something is missing. */
  gaps: number;
  /** Entries that are not what they should be. */
  unreadable: number;
  /** Why reading has ended, if it has. */
  error?: string;
}

export interface OverviewReply {
  journal: JournalState;
  report: Report;
}

export interface CallsReply {
  journal: JournalState;
  /** Latest first. */
  calls: CallRow[];
  /** Where the next page begins; null on the last one. */
  next: string | null;
  /** What there is to choose from, among the calls that are kept. */
  choices: { targets: string[]; failures: string[]; labels: string[] };
}

export interface CallReply {
  callId: string;
  state: CallState;
  start?: CallStart;
  /** Absent while the call runs, and when nobody knows how it ended. */
  record?: AuditRecord;
  lines: { file: string; line: number; entry: JournalEntry }[];
}

/** A line of `/api/live`. */
export type LiveMessage = { type: "changed"; journal: JournalState } | { type: "beat" };

export interface ErrorReply {
  error: string;
}
