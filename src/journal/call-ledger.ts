import { entryOf } from "./line.js";
import { attemptsIn } from "./line-head.js";
import type { Problem } from "./verify-report.js";

/** What does not add up, and how often. */
interface Finding {
  count: number;
  first: Problem;
}

type Kind = "twice" | "noStart" | "strayAttempt" | "missingAttempts" | "surplusAttempts";

/** Attempts of a call whose beginning is no longer here are not counted. */
const UNCOUNTED = -1;

/** Keeps the books of a chain's calls: what begins ends once, and has as many attempts as its record says. */
export class CallLedger {
  begun = 0;
  carried = 0;
  ended = 0;
  unknown = 0;
  attempts = 0;
  readonly lost: Record<string, number> = {};
  /** Attempts so far of each call that is open. */
  readonly #open = new Map<string, number>();
  readonly #findings = new Map<Kind, Finding>();

  get open(): number {
    return this.#open.size;
  }

  /** Calls that had begun in segments that are no longer here. */
  carry(callIds: readonly string[]): void {
    for (const callId of callIds) {
      this.carried++;
      this.#open.set(callId, UNCOUNTED);
    }
  }

  start(callId: string, place: string): void {
    this.begun++;
    if (this.#open.has(callId)) this.#find("twice", place, `begins call ${callId} a second time`);
    this.#open.set(callId, 0);
  }

  attempt(callId: string, place: string): void {
    this.attempts++;
    const count = this.#open.get(callId);
    if (count === undefined)
      this.#find("strayAttempt", place, `is an attempt of call ${callId}, which is not open`);
    else if (count !== UNCOUNTED) this.#open.set(callId, count + 1);
  }

  end(callId: string, outcome: string | undefined, line: Buffer, place: string): void {
    this.ended++;
    if (outcome === "unknown") this.unknown++;
    const count = this.#open.get(callId);
    this.#open.delete(callId);
    if (count === undefined) {
      this.#find("noStart", place, `ends call ${callId}, which never began, or has ended before`);
      return;
    }
    if (count === UNCOUNTED || outcome === "unknown" || attemptsIn(line) === count) return;
    const recorded = recordedAttempts(line);
    if (recorded === count) return;
    const what = `lists ${recorded} attempts of call ${callId}; ${count} came before it`;
    if (recorded > count) this.#find("missingAttempts", place, what, recorded - count);
    else this.#find("surplusAttempts", place, what);
  }

  lose(lost: Record<string, number>): void {
    for (const [event, count] of Object.entries(lost))
      if (count > 0) this.lost[event] = (this.lost[event] ?? 0) + Number(count);
  }

  /** To be asked at the end: what lost lines explain is none. */
  problems(): Finding[] {
    return [...this.#findings].filter(([kind]) => !this.#explained(kind)).map(([, finding]) => finding);
  }

  notes(): string[] {
    const explained = [...this.#findings].filter(([kind]) => this.#explained(kind));
    return explained.map(
      ([, { count, first }]) =>
        `${first.place} ${first.what} (${count} in all): lines that a gap counts as lost explain it`,
    );
  }

  #explained(kind: Kind): boolean {
    const { "request.start": starts = 0, attempt: attempts = 0 } = this.lost;
    const count = this.#findings.get(kind)?.count ?? 0;
    if (kind === "noStart") return count <= starts;
    if (kind === "strayAttempt") return starts > 0;
    return kind === "missingAttempts" && count <= attempts;
  }

  #find(kind: Kind, place: string, what: string, count = 1): void {
    const finding = this.#findings.get(kind);
    if (finding) finding.count += count;
    else this.#findings.set(kind, { count, first: { place, what } });
  }
}

function recordedAttempts(line: Buffer): number {
  try {
    const entry = entryOf(line);
    return entry.event === "request.end" && entry.outcome !== "unknown" ? entry.record.attempts.length : 0;
  } catch {
    return 0;
  }
}
