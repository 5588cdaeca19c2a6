import type { AuditAttempt, AuditRecord, CallStart } from "../record.js";

/** What every line of a journal begins with. */
export interface EntryHead {
  /** Counts the lines of a chain from 1, over all its segments; never goes back, and leaves a gap only where an entry says so. */
  seq: number;
  /** ISO 8601, by the wall clock, which may go back. */
  ts: string;
  /** Milliseconds since the writer began, by a clock that never goes back. */
  mono: number;
  /** 16 hex digits: the chain of one writer after another. */
  chainId: string;
}

/** And what it ends with. */
export interface EntryTail {
  /** `hash` of the line before, in whatever segment; 64 zeros for the first of all. */
  prev: string;
  /** SHA-256, hex, of the line's bytes up to `,"hash":`. */
  hash: string;
}

/** A stretch of bytes that stood behind the last good line of a segment, and was moved out of the chain. */
export interface SetAside {
  /** The segment it stood in, and from which byte on. */
  file: string;
  fromByte: number;
  bytes: number;
  /** Absent: it could not be read. */
  sha256?: string;
  /** Where it is now. Absent: there was no room for it, or it could not be read. */
  to?: string;
}

/** The first line of a segment. */
export interface SegmentOpen {
  event: "segment.open";
  /** 1 for the first of a chain. */
  segment: number;
  writer: { pid: number; host: string; version: string };
  durability: "memory" | "os" | "fsync";
  /** Calls that had begun and not ended when it was opened. */
  openCalls: string[];
  /** Checkpoints of the chain before it. */
  checkpoints: number;
  /** What stood behind the last good line of the segment before. */
  setAside?: SetAside;
}

/** The last line of a segment that was closed in good order. */
export interface SegmentClose {
  event: "segment.close";
  reason: "full" | "age" | "closed";
  lines: number;
  /** How many calls had begun and not ended. */
  openCalls: number;
  /** Checkpoints of the chain so far. */
  checkpoints: number;
}

/** Written, and durable as asked for, before the call's first request leaves. */
export interface RequestStart {
  event: "request.start";
  callId: string;
  start: CallStart;
  /** Only when asked for. */
  content?: unknown;
  /** `redact` failed: what it was given is left out. */
  contentError?: string;
}

export interface AttemptEntry {
  event: "attempt";
  callId: string;
  attempt: AuditAttempt;
}

export interface RequestEnd {
  event: "request.end";
  callId: string;
  outcome: AuditRecord["outcome"];
  record: AuditRecord;
  content?: unknown;
  contentError?: string;
}

/** The end of a call whose process died: nobody knows what came of it. */
export interface UnknownEnd {
  event: "request.end";
  callId: string;
  outcome: "unknown";
}

/** A writer has taken over the chain of one that died. */
export interface Recovery {
  event: "recovery";
  /** Who had written. */
  died: { pid: number; host: string };
  /** Calls that were closed as unknown. */
  unknown: number;
  setAside?: SetAside;
}

/** Something is not in the journal. */
export interface Gap {
  event: "gap";
  reason: "queue_full" | "write_failed" | "fsync_failed" | "segment_lost";
  /** Lines that were never written, by event; empty when none is lost for certain. */
  lost: Record<string, number>;
  /** First and last moment of what was lost, ISO 8601. */
  from?: string;
  to?: string;
  /** Lines of a segment that is no longer trusted, written once more behind this entry. */
  rewritten?: number;
  /** Sequence numbers that are skipped since then, first and last. */
  skipped?: [number, number];
  error?: string;
}

/** Signed, and written to a second place too. */
export interface CheckpointEntry {
  event: "checkpoint";
  checkpoint: Checkpoint;
}

export interface Checkpoint {
  v: 1;
  chainId: string;
  /** Counts the checkpoints of a chain from 1. */
  n: number;
  /** The line that it vouches for, and so for all before. */
  seq: number;
  head: string;
  ts: string;
  /** First 16 hex digits of the SHA-256 of the public key (SPKI, DER); absent: signed by a callback that named none. */
  keyId?: string;
  /** Ed25519, base64, over `checkpointBytes`. Absent: not signed. */
  signature?: string;
}

/** Segments that retention removed. Durable before they are. */
export interface Tombstone {
  event: "tombstone";
  segments: { file: string; firstSeq: number; lastSeq: number; head: string; bytes: number }[];
}

export type JournalEvent =
  | SegmentOpen
  | SegmentClose
  | RequestStart
  | AttemptEntry
  | RequestEnd
  | UnknownEnd
  | Recovery
  | Gap
  | CheckpointEntry
  | Tombstone;

/** One line of a journal. */
export type JournalEntry = EntryHead & JournalEvent & EntryTail;
