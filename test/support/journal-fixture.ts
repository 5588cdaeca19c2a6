import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "../../src/journal/entry.js";
import { bodyOf, GENESIS } from "../../src/journal/line.js";
import { segmentFile } from "../../src/journal/segment.js";
import { seal } from "./sealed-line.js";
import type { SyntheticCall } from "./synthetic-calls.js";

export const CHAIN_ID = "00f1e2d3c4b5a697";

export interface FixtureOptions {
  chainId?: string;
  /** Calls per segment; all in one by default. */
  segmentCalls?: number;
  /** Ends with a segment that is still open, as a running writer has it. */
  running?: boolean;
}

/** A chain as a writer leaves it, made without one: `request.start`, attempts and `request.end` of each call in turn. */
export class JournalFixture {
  readonly dir: string;
  readonly chainId: string;
  readonly #segmentCalls: number;
  readonly #running: boolean;
  #segment = 0;
  #lines = 0;
  #calls = 0;
  #seq = 0;
  #prev = GENESIS;
  #pending: string[] = [];

  constructor(
    dir: string,
    { chainId = CHAIN_ID, segmentCalls = Infinity, running = false }: FixtureOptions = {},
  ) {
    this.dir = dir;
    this.chainId = chainId;
    this.#segmentCalls = segmentCalls;
    this.#running = running;
    mkdirSync(dir, { recursive: true });
  }

  get head(): { seq: number; hash: string } {
    return { seq: this.#seq, hash: this.#prev };
  }

  add({ start, record }: SyntheticCall): void {
    const { callId } = start;
    const ended = new Date(Date.parse(start.startedAt) + record.durationMs).toISOString();
    if (this.#segment === 0 || this.#calls === this.#segmentCalls) this.#open(start.startedAt);
    this.event({ event: "request.start", callId, start }, start.startedAt);
    for (const attempt of record.attempts) this.event({ event: "attempt", callId, attempt }, ended);
    this.event({ event: "request.end", callId, outcome: record.outcome, record }, ended);
    this.#calls++;
  }

  /** Any line, at the end of the chain. */
  event(event: JournalEvent, ts = "2026-11-25T09:00:00.000Z"): void {
    if (this.#segment === 0) this.#open(ts);
    this.#append(event, ts);
  }

  #append(event: JournalEvent, ts: string): void {
    const { chainId } = this;
    const place = { seq: ++this.#seq, ts, mono: this.#seq, chainId, prev: this.#prev };
    const { text, hash } = seal(place, bodyOf(event));
    this.#prev = hash;
    this.#lines++;
    this.#pending.push(text);
    if (this.#pending.length >= 10_000) this.flush();
  }

  flush(): void {
    appendFileSync(join(this.dir, segmentFile(this.chainId, this.#segment)), this.#pending.join(""));
    this.#pending = [];
  }

  /** To be called when all is added. */
  end(ts?: string): void {
    if (!this.#running)
      this.event(
        { event: "segment.close", reason: "closed", lines: this.#lines + 1, openCalls: 0, checkpoints: 0 },
        ts,
      );
    this.flush();
  }

  #open(ts: string): void {
    if (this.#segment > 0) {
      this.event(
        { event: "segment.close", reason: "full", lines: this.#lines + 1, openCalls: 0, checkpoints: 0 },
        ts,
      );
      this.flush();
    }
    this.#segment++;
    this.#lines = 0;
    this.#calls = 0;
    this.#append(
      {
        event: "segment.open",
        segment: this.#segment,
        writer: { pid: 1, host: "host", version: "1.0.0" },
        durability: "os",
        openCalls: [],
        checkpoints: 0,
      },
      ts,
    );
  }
}

/** Writes all calls into `dir`, and returns how the chain ends. */
export function writeJournal(dir: string, calls: Iterable<SyntheticCall>, options: FixtureOptions = {}) {
  const fixture = new JournalFixture(dir, options);
  for (const call of calls) fixture.add(call);
  fixture.end();
  return fixture.head;
}
