import type { AuditAttempt, AuditRecord, CallStart } from "../record.js";
import type { JournalEntry } from "./entry.js";
import { entryOf } from "./line.js";
import { headOf } from "./line-head.js";
import { rawLinesIfThere } from "./raw-lines.js";
import { isAttempt, isRecord, isStart } from "./record-shape.js";
import { chainsIn } from "./segment.js";

/** All that a journal tells of one call. */
export interface CallStory {
  callId: string;
  chainId: string;
  /** `unknown`: its process died. `open`: it goes on, or its process died and nobody has taken over its journal yet. */
  state: AuditRecord["outcome"] | "unknown" | "open";
  start?: CallStart;
  /** As the record lists them; without one, those that have ended. */
  attempts: AuditAttempt[];
  record?: AuditRecord;
  lines: { file: string; line: number; entry: JournalEntry }[];
}

export interface FindCallOptions {
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/** Of calls that a short beginning of an id fits, so many are kept. */
const MOST = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The calls whose id begins so, those of the newest segments first; at most 20.
 *
 * @throws the system's error when the folder or a file cannot be read, and the signal's reason
 */
export async function findCalls(
  dir: string,
  idOrPrefix: string,
  { onProgress, signal }: FindCallOptions = {},
): Promise<CallStory[]> {
  const chains = await chainsIn(dir);
  const needle = Buffer.from(`,"callId":${JSON.stringify(idOrPrefix).slice(0, -1)}`);
  const isWhole = UUID.test(idOrPrefix);
  const found = new Map<string, CallStory["lines"]>();
  const total = chains.reduce(
    (sum, { segments }) => sum + segments.reduce((s, { bytes }) => s + bytes, 0),
    0,
  );
  let done = 0;
  for (const { segments } of chains) {
    for (const { file, path, bytes: size } of segments.reverse()) {
      const here = new Map<string, CallStory["lines"]>();
      let begun = false;
      for await (const batch of rawLinesIfThere(path, signal ? { signal } : {})) {
        for (const { bytes, number: line, whole } of batch) {
          if (!whole || bytes.indexOf(needle) < 0) continue;
          const { callId, event } = headOf(bytes) ?? {};
          if (!callId?.startsWith(idOrPrefix)) continue;
          const lines = here.get(callId) ?? [];
          here.set(callId, lines);
          try {
            lines.push({ file, line, entry: entryOf(bytes) });
          } catch {
            // `verify` is the one to complain.
          }
          if (event === "request.start") begun = true;
        }
        const last = batch.at(-1);
        if (last) onProgress?.(Math.min(total, done + last.offset + last.bytes.length), total);
      }
      done += size;
      for (const [callId, lines] of here) {
        const later = found.get(callId);
        if (later || found.size < MOST) found.set(callId, [...lines, ...(later ?? [])]);
      }
      // Whoever gives all of an id means the one call.
      if (isWhole && begun) return storiesOf(found);
    }
  }
  return storiesOf(found);
}

function storiesOf(found: Map<string, CallStory["lines"]>): CallStory[] {
  return [...found].map(([callId, lines]) => storyOf(callId, lines));
}

function storyOf(callId: string, lines: CallStory["lines"]): CallStory {
  let start: CallStart | undefined;
  let record: AuditRecord | undefined;
  let state: CallStory["state"] = "open";
  const attempts = new Map<number, AuditAttempt>();
  for (const { entry } of lines) {
    if (entry.event === "request.start") {
      if (isStart(entry.start)) start = entry.start;
    } else if (entry.event === "attempt") {
      // Lines may have been written once more, after their segment went bad.
      if (isAttempt(entry.attempt)) attempts.set(entry.attempt.n, entry.attempt);
    } else if (entry.event === "request.end") {
      state = "unknown";
      if (entry.outcome === "unknown" || !isRecord(entry.record)) continue;
      state = entry.outcome;
      record = entry.record;
    }
  }
  return {
    callId,
    chainId: lines[0]?.entry.chainId ?? "",
    state,
    ...(start && { start }),
    attempts: record?.attempts ?? [...attempts.values()].sort((a, b) => a.n - b.n),
    ...(record && { record }),
    lines,
  };
}
