import type { RequestEnd, RequestStart, UnknownEnd } from "../journal/entry.js";
import { entryOf, eventOf } from "../journal/line.js";
import { rawLinesIfThere } from "../journal/raw-lines.js";
import { isRecord, isStart } from "../journal/record-shape.js";
import { type Chain, chainsIn, type Segment } from "../journal/segment.js";
import type { AuditRecord } from "../record.js";
import type { Begun } from "./fold.js";

/** Who is told of a journal's calls. */
export interface CallVisitor {
  add(record: AuditRecord): void;
  addUnknown?(call: Begun): void;
  addOpen?(call: Begun): void;
}

export interface JournalCallsOptions {
  /** Calls that began before, or at or after, are left out. Wall-clock ms. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes read, of so many. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Awaited after every batch of lines: the visitor may be slower than the disk. */
  drained?: (() => Promise<void> | undefined) | undefined;
}

export interface JournalCallsRead {
  segments: number;
  bytes: number;
  /** Lines that should have told the end of a call, and could not be read. */
  unreadable: number;
}

/** How far a wall clock is trusted: a segment is left unread only when all of it is older than asked for by more than this. */
const CLOCK_SLACK_MS = 3_600_000;

/**
 * Tells of every call in a journal's folder: in each chain in the order they ended, then of those that have not. A call is told
 * once, also when a writer has written its lines again in the next segment. Nothing is verified.
 *
 * @throws the system's error when folder or segment cannot be read, and the signal's reason
 */
export async function readCalls(
  dir: string,
  visitor: CallVisitor,
  options: JournalCallsOptions = {},
): Promise<JournalCallsRead> {
  const chains = await Promise.all((await chainsIn(dir)).map((chain) => recent(chain, options.sinceMs)));
  const segments = chains.flatMap((chain) => chain.segments);
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  let unreadable = 0;
  let before = 0;
  for (const chain of chains) {
    const calls = new ChainCalls(visitor, options);
    for (const { path, bytes } of chain.segments) {
      for await (const lines of rawLinesIfThere(path, options.signal ? { signal: options.signal } : {})) {
        for (const line of lines) if (line.whole) calls.line(line.bytes);
        const { offset = 0 } = lines.at(-1) ?? {};
        options.onProgress?.(Math.min(before + offset, total), total);
        await options.drained?.();
      }
      calls.nextSegment();
      before += bytes;
    }
    calls.end();
    unreadable += calls.unreadable;
  }
  options.onProgress?.(total, total);
  return { segments: segments.length, bytes: total, unreadable };
}

/** The chain without the segments that were closed long before `sinceMs`. */
async function recent(chain: Chain, sinceMs: number | undefined): Promise<Chain> {
  if (sinceMs === undefined) return chain;
  const begun = await Promise.all(chain.segments.map(beginning));
  const from = begun.findLastIndex((at) => at < sinceMs - CLOCK_SLACK_MS);
  return { ...chain, segments: chain.segments.slice(Math.max(0, from)) };
}

/** When the segment was opened; Infinity when it does not say. */
async function beginning({ path }: Segment): Promise<number> {
  for await (const [line] of rawLinesIfThere(path)) {
    const [, ts = ""] =
      /^\{"seq":\d+,"ts":"([^"]+)"/.exec(line?.bytes.toString("latin1", 0, 100) ?? "") ?? [];
    return Date.parse(ts) || Infinity;
  }
  return Infinity;
}

/** The calls of one chain, line by line. */
class ChainCalls {
  unreadable = 0;
  readonly #visitor: CallVisitor;
  readonly #from: number;
  readonly #to: number;
  /** `request.start` lines of calls that have not ended. */
  readonly #open = new Map<string, Buffer>();
  /** Calls that ended in this segment, and in the one before: a writer that no longer trusts a segment writes it once more. */
  #ended = new Set<string>();
  #endedBefore = new Set<string>();

  constructor(visitor: CallVisitor, { sinceMs = -Infinity, untilMs = Infinity }: JournalCallsOptions) {
    this.#visitor = visitor;
    this.#from = sinceMs;
    this.#to = untilMs;
  }

  line(bytes: Buffer): void {
    const event = eventOf(bytes);
    if (event === "request.start") {
      const callId = callIdOf(bytes);
      if (callId && !this.#hasEnded(callId)) this.#open.set(callId, Buffer.from(bytes));
    } else if (event === "request.end") this.#end(bytes);
  }

  nextSegment(): void {
    this.#endedBefore = this.#ended;
    this.#ended = new Set();
  }

  end(): void {
    for (const line of this.#open.values()) {
      const start = this.#parsed<RequestStart>(line)?.start;
      if (!isStart(start)) this.unreadable++;
      else if (this.#wanted(start)) this.#visitor.addOpen?.(start);
    }
  }

  #end(bytes: Buffer): void {
    const entry = this.#parsed<(RequestEnd | UnknownEnd) & { ts: string }>(bytes);
    if (!entry) this.unreadable++;
    if (!entry || this.#hasEnded(entry.callId)) return;
    const { callId } = entry;
    const started = this.#open.get(callId);
    this.#open.delete(callId);
    this.#ended.add(callId);
    if (entry.outcome === "unknown") {
      const start = started && this.#parsed<RequestStart>(started)?.start;
      // Its start may be gone with an older segment.
      const begun = isStart(start) ? start : { startedAt: entry.ts, labels: {} };
      if (this.#wanted(begun)) this.#visitor.addUnknown?.(begun);
    } else if (!isRecord(entry.record)) this.unreadable++;
    else if (this.#wanted(entry.record)) this.#visitor.add(entry.record);
  }

  #hasEnded(callId: string): boolean {
    return this.#ended.has(callId) || this.#endedBefore.has(callId);
  }

  #wanted({ startedAt }: Begun): boolean {
    const at = Date.parse(startedAt);
    return at >= this.#from && at < this.#to;
  }

  #parsed<T>(line: Buffer): T | undefined {
    try {
      return entryOf(line) as unknown as T;
    } catch {
      return undefined;
    }
  }
}

const CALL_ID_KEY = Buffer.from(',"callId":"');

/** Without parsing the line. */
function callIdOf(line: Buffer): string {
  const at = line.indexOf(CALL_ID_KEY);
  if (at < 0) return "";
  const from = at + CALL_ID_KEY.length;
  return line.toString("latin1", from, line.indexOf(0x22, from));
}
