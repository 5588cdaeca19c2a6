import type { CallLedger } from "./call-ledger.js";
import type { CheckpointCheck } from "./checkpoint-check.js";
import type { Gap, JournalEntry, SegmentOpen, Tombstone } from "./entry.js";
import { entryOf, GENESIS, type Link, linkOf } from "./line.js";
import { headOf, type LineHead } from "./line-head.js";
import type { Segment } from "./segment.js";
import { isBefore, type Problem } from "./verify-report.js";

/** The first segment after some that are not here. */
export interface Absence {
  segment: Segment;
  /** The first line number that is not before it. */
  seq: number;
  /** Hash of the line that it follows on. */
  prev: string;
}

/** Numbers that a segment's first line passed over, until the entry that says so. */
interface Jump {
  range: [number, number];
  place: string;
  /** Lines were set aside, which explains it, too. */
  explained: boolean;
}

/** Checks the lines of one chain, one after the other, segment by segment. */
export class ChainCheck {
  lines = 0;
  firstSeq = 0;
  lastSeq = 0;
  head = "";
  from: string | undefined;
  to: string | undefined;
  place = "";
  problem: Problem | undefined;
  problems = 0;
  readonly absences: Absence[] = [];
  readonly tombstones: Tombstone["segments"] = [];
  readonly skipped: [number, number][] = [];
  readonly #chainId: string;
  readonly #ledger: CallLedger;
  readonly #checkpoints: CheckpointCheck;
  #segment: Segment | undefined;
  #absent = false;
  #isEmpty = false;
  #closed = false;
  #jump: Jump | undefined;
  /** What the next line is to be; undefined when that is not known, after something was wrong or missing. */
  #next: { seq: number; prev: string } | undefined = { seq: 1, prev: GENESIS };

  constructor(chainId: string, ledger: CallLedger, checkpoints: CheckpointCheck) {
    this.#chainId = chainId;
    this.#ledger = ledger;
    this.#checkpoints = checkpoints;
  }

  /** To be called before the lines of each segment, if it has any. `absent`: the file before it is not here. */
  open(segment: Segment, absent: boolean): void {
    if (absent) this.#next = undefined;
    // One without a line does not fill the hole before it.
    this.#absent = absent || (this.#absent && this.#isEmpty);
    this.#isEmpty = true;
    this.#segment = segment;
    this.#closed = false;
  }

  /** `bytes`: without the line break. */
  line(bytes: Buffer, number: number): void {
    this.#isEmpty = false;
    const link = linkOf(bytes);
    const head = typeof link === "string" ? undefined : headOf(bytes);
    if (typeof link === "string" || !head) {
      this.#broken(number, typeof link === "string" ? link : "does not begin as a line of a journal does");
      return;
    }
    const fault = this.#fault(head, link, number);
    if (fault !== undefined) this.bad(number, fault);
    this.#next = { seq: head.seq + 1, prev: link.hash };
    this.lines++;
    if (this.firstSeq === 0) this.firstSeq = head.seq;
    this.lastSeq = head.seq;
    this.head = link.hash;
    if (head.ts < (this.from ?? "~")) this.from = head.ts;
    if (head.ts > (this.to ?? "")) this.to = head.ts;
    this.#checkpoints.line(head.seq, link.hash, () => this.at(number));
    this.#read(head, link, bytes, number);
  }

  /** To be called when all of a segment is read that will be. */
  endSegment(lastNumber: number): void {
    this.place = this.at(lastNumber);
  }

  /** The segment was closed in good order: nothing can come after. */
  get isClosed(): boolean {
    return this.#closed;
  }

  bad(number: number, what: string): void {
    this.report({ place: this.at(number), what });
  }

  report(problem: Problem): void {
    if (!this.problem || isBefore(problem, this.problem)) this.problem = problem;
    this.problems++;
  }

  at(number: number): string {
    return `${this.#segment?.file}:${number}`;
  }

  #broken(number: number, what: string): void {
    this.bad(number, what);
    this.#next = undefined;
    this.#jump = undefined;
  }

  /** What is wrong with a line's place. */
  #fault(head: LineHead, { prev }: Link, number: number): string | undefined {
    if (head.chainId !== this.#chainId) return `belongs to chain ${head.chainId}`;
    if ((number === 1) !== (head.event === "segment.open"))
      return number === 1 ? "is the first of its file, and opens no segment" : "opens a segment in mid-file";
    if (this.#closed) return "stands behind the end of its segment";
    const next = this.#next;
    if (!next) return undefined;
    const { seq } = next;
    const jumps = head.event === "segment.open" && head.seq > seq;
    if (head.seq > seq && !jumps)
      return `is line ${head.seq}, where line ${seq} should be: ${head.seq - seq} missing`;
    if (head.seq < seq) return `is line ${head.seq}, where line ${seq} should be: it is out of place`;
    if (prev !== next.prev)
      return "does not follow on the line before it: that one was put there, or changed";
    if (jumps) this.#jump = { range: [seq, head.seq - 1], place: this.at(number), explained: false };
    return undefined;
  }

  #read(head: LineHead, link: Link, bytes: Buffer, number: number): void {
    const { event } = head;
    if (this.#jump && event !== "segment.open") this.#land(event, bytes, number);
    if (event === "request.start" || event === "attempt" || event === "request.end") {
      const callId = head.callId ?? this.#entry<{ callId: string }>(bytes, number)?.callId;
      if (typeof callId !== "string") return;
      if (event === "request.start") this.#ledger.start(callId, this.at(number));
      else if (event === "attempt") this.#ledger.attempt(callId, this.at(number));
      else this.#ledger.end(callId, head.outcome, bytes, this.at(number));
    } else if (event === "segment.open") this.#opened(head, link, bytes, number);
    else if (event === "segment.close") this.#closed = true;
    else if (event === "checkpoint") {
      const entry = this.#entry<{ checkpoint: unknown }>(bytes, number);
      if (!entry) return;
      const place = { chainId: this.#chainId, at: head.seq, place: this.at(number) };
      this.#checkpoints.own(entry.checkpoint, place);
    } else if (event === "tombstone") this.#tombstone(bytes, number);
    else if (event === "gap") this.#gap(bytes, number);
  }

  #opened(head: LineHead, link: Link, bytes: Buffer, number: number): void {
    const segment = this.#segment as Segment;
    const entry = this.#entry<SegmentOpen>(bytes, number);
    if (!entry) return;
    if (entry.segment !== segment.index)
      this.bad(number, `says it is segment ${entry.segment}; its name says ${segment.index}`);
    if (this.#jump && entry.setAside) this.#jump.explained = true;
    if (!this.#absent || number > 1) return;
    this.absences.push({ segment, seq: head.seq, prev: link.prev });
    if (this.lines === 1 && Array.isArray(entry.openCalls)) this.#ledger.carry(entry.openCalls);
  }

  #tombstone(bytes: Buffer, number: number): void {
    const entry = this.#entry<Tombstone>(bytes, number);
    if (!entry) return;
    if (!Array.isArray(entry.segments)) this.bad(number, "is a tombstone that names no segments");
    else for (const segment of entry.segments) this.tombstones.push(segment);
  }

  #gap(bytes: Buffer, number: number): void {
    const { lost, skipped } = this.#entry<Gap>(bytes, number) ?? {};
    if (typeof lost === "object" && lost !== null) this.#ledger.lose(lost);
    const absence = this.absences.at(-1);
    if (number === 2 && this.#absent && absence && skipped?.[1] === absence.seq - 1) absence.seq = skipped[0];
  }

  /** The line after one that jumped says which numbers were passed over. */
  #land(event: string, bytes: Buffer, number: number): void {
    const { range, place, explained } = this.#jump as Jump;
    this.#jump = undefined;
    this.skipped.push(range);
    const skipped = event === "gap" ? this.#entry<Gap>(bytes, number)?.skipped : undefined;
    const [from, to] = range;
    if (skipped ? skipped[0] === from && skipped[1] === to : explained) return;
    this.report({ place, what: `passes over lines ${from}–${to}, and no gap says so` });
  }

  #entry<T>(bytes: Buffer, number: number): (JournalEntry & T) | undefined {
    try {
      return entryOf(bytes) as JournalEntry & T;
    } catch {
      this.bad(number, "is not JSON");
      return undefined;
    }
  }
}
