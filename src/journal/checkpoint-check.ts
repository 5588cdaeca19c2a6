import type { KeyObject } from "node:crypto";
import { isSignedBy } from "./checkpoint.js";
import { checkpointFault } from "./checkpoint-shape.js";
import type { Checkpoint } from "./entry.js";
import type { ChainReport, Problem } from "./verify-report.js";

/** So many lines back, a checkpoint of the journal finds the line that it vouches for. */
const MEMORY = 1 << 15;

/** How far a chain reaches, once all of it is read. */
export interface Reach {
  firstSeq: number;
  lastSeq: number;
  /** Of the last line. */
  place: string;
  /** Line numbers that the chain passes over. */
  skipped: readonly (readonly [number, number])[];
  /** Of lines that are no longer here, by number. */
  removed: ReadonlyMap<number, string>;
}

/** Holds the lines of one chain against the checkpoints that vouch for them: those among its lines, and those from elsewhere. */
export class CheckpointCheck {
  readonly problems: Problem[] = [];
  /** Checkpoints of the journal whose line lies too far back: to be looked up. */
  readonly unresolved: { seq: number; head: string; problem: Problem }[] = [];
  #own = 0;
  readonly #ownNumbers = new Set<number>();
  readonly #key: KeyObject | undefined;
  readonly #given: readonly Checkpoint[];
  readonly #wanted = new Map<number, { hash: string; place: string } | undefined>();
  readonly #recent: string[] = [];
  readonly #recentSeq: number[] = [];
  #firstSeq = 0;

  constructor(given: readonly Checkpoint[], key: KeyObject | undefined) {
    this.#given = [...given].sort((a, b) => a.n - b.n || a.seq - b.seq);
    this.#key = key;
    for (const { seq } of given) this.#wanted.set(seq, undefined);
  }

  line(seq: number, hash: string, place: () => string): void {
    this.#firstSeq ||= seq;
    this.#recent[seq % MEMORY] = hash;
    this.#recentSeq[seq % MEMORY] = seq;
    if (this.#wanted.has(seq)) this.#wanted.set(seq, { hash, place: place() });
  }

  /** A checkpoint that stands in the chain, in line `at`. */
  own(checkpoint: unknown, { chainId, at, place }: { chainId: string; at: number; place: string }): void {
    this.#own++;
    const fault = checkpointFault(checkpoint);
    if (fault !== undefined) {
      this.problems.push({ place, what: `holds no checkpoint: ${fault}` });
      return;
    }
    const given = checkpoint as Checkpoint;
    const { n, seq, head } = given;
    this.#ownNumbers.add(n);
    this.#checkSignature(given, { place, subject: `holds checkpoint ${n}, which` });
    const problem = {
      place,
      what: `holds checkpoint ${n}, which vouches for another line ${seq} than is here`,
    };
    if (given.chainId === chainId && seq < at && seq <= at - MEMORY)
      this.unresolved.push({ seq, head, problem });
    else if (given.chainId !== chainId || seq >= at || !this.#holds(seq, head)) this.problems.push(problem);
  }

  /** A line that is no longer here cannot be asked. */
  #holds(seq: number, head: string): boolean {
    const at = seq % MEMORY;
    return seq < this.#firstSeq || (this.#recentSeq[at] === seq && this.#recent[at] === head);
  }

  /** To be called when all lines are told. */
  close(reach: Reach): ChainReport["checkpoints"] {
    const report = { own: this.#own, given: this.#given.length, matched: 0, outOfReach: 0, lastSeq: 0 };
    this.#checkNumbers(reach.firstSeq > 1);
    let cut: Checkpoint | undefined;
    for (const checkpoint of this.#given) {
      const { n, seq, head } = checkpoint;
      this.#checkSignature(checkpoint, { subject: `checkpoint ${n}` });
      const line = this.#wanted.get(seq);
      if (line?.hash === head || reach.removed.get(seq) === head) {
        report.matched++;
        report.lastSeq = Math.max(report.lastSeq, seq);
      } else if (line) {
        this.problems.push({
          place: line.place,
          what: `is not line ${seq} as checkpoint ${n} vouches for it: the journal has been rewritten`,
        });
      } else if (seq > reach.lastSeq) {
        if (!cut || seq > cut.seq) cut = checkpoint;
      } else if (seq < reach.firstSeq && !reach.removed.has(seq)) report.outOfReach++;
      else {
        const passed = reach.skipped.some(([from, to]) => seq >= from && seq <= to);
        const why = passed ? "which the chain passes over" : "which is not here as it was";
        this.problems.push({ what: `checkpoint ${n} vouches for line ${seq}, ${why}` });
      }
    }
    if (cut) {
      const { n, seq } = cut;
      this.problems.push({
        place: reach.place,
        what: `is the last line; checkpoint ${n} vouches for line ${seq}: cut, line ${reach.lastSeq + 1} and after are gone`,
      });
    }
    return report;
  }

  #checkSignature(checkpoint: Checkpoint, { place, subject }: { place?: string; subject: string }): void {
    if (!this.#key || isSignedBy(checkpoint, this.#key)) return;
    const fault = checkpoint.signature === undefined ? "is not signed" : "is not signed with this key";
    this.problems.push({ ...(place !== undefined && { place }), what: `${subject} ${fault}` });
  }

  /**
   * Those of segments that were removed may have been removed with them. One that stands in the journal may be missing
   * elsewhere: its writer died before it told of it, and the ones that came later vouch for its line, too.
   */
  #checkNumbers(fromAny: boolean): void {
    const numbers = this.#given.map(({ n }) => n);
    const known = [...numbers, ...this.#ownNumbers].sort((a, b) => a - b);
    let last = fromAny ? (numbers[0] ?? 1) - 1 : 0;
    for (const n of known.filter((n) => n > last && n <= (numbers.at(-1) ?? 0))) {
      if (n > last + 1) {
        const which = n === last + 2 ? `checkpoint ${last + 1} is` : `checkpoints ${last + 1}–${n - 1} are`;
        this.problems.push({ what: `${which} missing among those given, though ${n} is there` });
      }
      last = n;
    }
  }
}
