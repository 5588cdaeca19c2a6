import type { JournalEntry } from "../journal/entry.js";
import { isAttempt, isRecord, isStart } from "../journal/record-shape.js";
import { segmentFile } from "../journal/segment.js";
import type { AuditRecord, CallStart } from "../record.js";
import type { KeptCall } from "./kept-call.js";
import { slimAttempt, slimRecord } from "./slim-record.js";
import { Strings } from "./strings.js";
import type { JournalState } from "./wire.js";

/** About 1.2 kB each. */
const MOST_CALLS = 100_000;
/** Old calls are dropped so many at once. */
const SLACK = 1.05;
/** Calls whose end never came, as of a writer that died and had no successor. */
const MOST_RUNNING = 10_000;

type CallEntry = Extract<JournalEntry, { callId: string }>;

interface SegmentStart {
  firstSeq: number;
  segment: number;
}

/** The latest calls of a journal, in memory that does not grow with it. */
export class CallIndex {
  readonly #limit: number;
  readonly #strings = new Strings();
  readonly #kept = new Map<string, KeptCall>();
  readonly #running = new Map<string, KeptCall>();
  readonly #segments = new Map<string, SegmentStart[]>();
  #calls: KeptCall[] = [];
  /** Several writers are read one after another. */
  #sorted = true;
  #read = 0;
  #gaps = 0;
  #unreadable = 0;
  #version = 0;
  loading = true;
  error: string | undefined;

  constructor(limit = MOST_CALLS) {
    this.#limit = limit;
  }

  get state(): JournalState {
    const { loading, error } = this;
    const calls = this.calls;
    return {
      version: this.#version,
      loading,
      calls: this.#read,
      kept: calls.length,
      running: this.#running.size,
      keptSince: calls[0]?.at ?? null,
      gaps: this.#gaps,
      unreadable: this.#unreadable,
      ...(error !== undefined && { error }),
    };
  }

  /** Oldest first. */
  get calls(): readonly KeptCall[] {
    if (!this.#sorted) {
      this.#calls.sort((a, b) => a.at - b.at || a.n - b.n);
      this.#sorted = true;
    }
    return this.#calls;
  }

  /** Something but entries has changed. */
  touch(): void {
    this.#version++;
  }

  find(callId: string): KeptCall | undefined {
    return this.#kept.get(callId);
  }

  /** Names of the files that may hold the call's lines, oldest first. */
  filesOf({ chainId, firstSeq, lastSeq }: KeptCall): string[] {
    const starts = this.#segments.get(chainId) ?? [];
    return starts
      .filter(
        (start, i) =>
          start.firstSeq <= lastSeq && (starts[i + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > firstSeq,
      )
      .map(({ segment }) => segmentFile(chainId, segment));
  }

  add(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      try {
        this.#take(entry);
      } catch {
        // Whoever can write to the folder can write anything; `verify` is the one to complain.
        this.#unreadable++;
      }
    }
    if (this.#calls.length > this.#limit * SLACK) this.#dropOldest();
    this.#version++;
  }

  #take(entry: JournalEntry): void {
    switch (entry.event) {
      case "segment.open": {
        if (!Number.isSafeInteger(entry.segment)) throw new RangeError(`segment ${entry.segment}`);
        const starts = this.#segments.get(entry.chainId) ?? [];
        starts.push({ firstSeq: entry.seq, segment: entry.segment });
        this.#segments.set(entry.chainId, starts);
        break;
      }
      case "request.start":
        // A writer that no longer trusts a segment writes its lines again in the next one.
        if (!isStart(entry.start)) this.#unreadable++;
        else if (!this.#kept.has(entry.callId)) this.#begin(entry, entry.start);
        break;
      case "attempt":
        if (isAttempt(entry.attempt)) this.#attempt(entry);
        else this.#unreadable++;
        break;
      case "request.end":
        if ("record" in entry && !isRecord(entry.record)) this.#unreadable++;
        else this.#end(entry);
        break;
      case "gap":
        this.#gaps++;
        break;
    }
  }

  #begin({ callId, seq, chainId }: CallEntry, start: Omit<CallStart, "targets">): KeptCall {
    const at = Date.parse(start.startedAt);
    if (Number.isNaN(at)) throw new RangeError(`a call began at ${start.startedAt}`);
    const userId = start.caller?.userId;
    const call: KeptCall = {
      callId,
      at,
      n: this.#read++,
      state: "running",
      labels: this.#strings.same(start.labels ?? {}),
      attempts: [],
      chainId: this.#strings.one(chainId),
      firstSeq: seq,
      lastSeq: seq,
      ...(userId !== undefined && { userId: this.#strings.one(userId) }),
    };
    const last = this.#calls.at(-1);
    if (last && last.at > at) this.#sorted = false;
    this.#calls.push(call);
    this.#kept.set(callId, call);
    this.#running.set(callId, call);
    if (this.#running.size > MOST_RUNNING) this.#giveUpOldest();
    return call;
  }

  #attempt({ callId, seq, attempt }: Extract<JournalEntry, { event: "attempt" }>): void {
    const call = this.#running.get(callId);
    if (!call || call.attempts.some(({ n }) => n === attempt.n)) return;
    call.attempts.push(slimAttempt(attempt, this.#strings));
    call.lastSeq = seq;
  }

  #end(entry: Extract<JournalEntry, { event: "request.end" }>): void {
    const record: AuditRecord | undefined = "record" in entry ? entry.record : undefined;
    // Its start may be in a segment that is gone.
    const call = this.#kept.get(entry.callId) ?? (record && this.#begin(entry, record));
    if (!call || !this.#running.delete(entry.callId)) return;
    call.state = entry.outcome;
    call.lastSeq = entry.seq;
    if (!record) return;
    call.record = slimRecord(record, this.#strings);
    call.attempts = [];
  }

  #giveUpOldest(): void {
    for (const [callId, call] of this.#running) {
      call.state = "unknown";
      this.#running.delete(callId);
      return;
    }
  }

  #dropOldest(): void {
    const { calls } = this;
    const dropped = calls.length - this.#limit;
    for (const { callId } of calls.slice(0, dropped)) {
      this.#kept.delete(callId);
      this.#running.delete(callId);
    }
    this.#calls = calls.slice(dropped);
  }
}
