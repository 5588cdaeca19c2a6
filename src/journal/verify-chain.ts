import type { KeyObject } from "node:crypto";
import { CallLedger } from "./call-ledger.js";
import { ChainCheck } from "./chain-check.js";
import { CheckpointCheck } from "./checkpoint-check.js";
import type { Checkpoint } from "./entry.js";
import { linkOf } from "./line.js";
import { headOf } from "./line-head.js";
import { rawLines } from "./raw-lines.js";
import { removalOf } from "./removal.js";
import type { Chain, Segment } from "./segment.js";
import { copyFault, successorOf } from "./set-aside.js";
import type { ChainReport } from "./verify-report.js";

export interface VerifyChainOptions {
  checkpoints: readonly Checkpoint[];
  publicKey?: KeyObject | undefined;
  /** Told of bytes as they are read. */
  onRead?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
  /** Reads the lines of a segment. */
  read?: typeof rawLines;
}

/**
 * Checks every line of a chain, up to where its last segment ended when it was listed: its writer may go on.
 *
 * @throws the system's error when a segment cannot be read, ENOENT when it has been removed meanwhile
 */
export async function verifyChain(chain: Chain, options: VerifyChainOptions): Promise<ChainReport> {
  const { chainId, segments } = chain;
  const { publicKey, signal } = options;
  const ledger = new CallLedger();
  const checkpoints = new CheckpointCheck(options.checkpoints, publicKey);
  const check = new ChainCheck(chainId, ledger, checkpoints);
  const notes: string[] = [];
  let setAside = 0;
  for (const [i, segment] of segments.entries()) {
    const absent = segment.index !== (segments[i - 1]?.index ?? 0) + 1;
    const read = await readSegment(check, { segment, absent, later: segments.slice(i + 1) }, options);
    setAside += read.setAside;
    notes.push(...read.notes);
  }
  const { problems: gone, removed, heads } = removalOf(check.absences, check.tombstones, segments);
  const { firstSeq, lastSeq, skipped, place } = check;
  const reached = checkpoints.close({ firstSeq, lastSeq, place, skipped, removed: heads });
  const far = await farFaults(chain, checkpoints.unresolved, signal);
  for (const problem of [...gone, ...checkpoints.problems, ...far]) check.report(problem);
  // Without every line, the books cannot be right.
  if (check.problems === 0)
    for (const { first, count } of ledger.problems()) {
      check.report(first);
      check.problems += count - 1;
    }
  notes.push(...ledger.notes());
  const { begun, carried, ended, unknown, open, attempts, lost } = ledger;
  if (open > 0) notes.push(`${open} ${open === 1 ? "call has" : "calls have"} begun and not ended`);
  return {
    chainId,
    ok: check.problems === 0,
    segments: segments.length,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    lines: check.lines,
    firstSeq,
    lastSeq,
    head: check.head,
    ...(check.from !== undefined && { from: check.from }),
    ...(check.to !== undefined && { to: check.to }),
    calls: { begun, carried, ended, unknown, open },
    attempts,
    setAside,
    lost,
    ...(removed && { removed }),
    checkpoints: reached,
    ...(check.problem && { problem: check.problem }),
    problems: check.problems,
    notes,
  };
}

async function readSegment(
  check: ChainCheck,
  { segment, absent, later }: { segment: Segment; absent: boolean; later: readonly Segment[] },
  { onRead, signal, read: readLines = rawLines }: VerifyChainOptions,
): Promise<{ setAside: number; notes: string[] }> {
  const { file, path } = segment;
  const next = await successorOf(file, later, readLines);
  const aside = next?.setAside;
  const limit = later.length > 0 ? Infinity : segment.bytes;
  const notes: string[] = [];
  let setAside = 0;
  /** Where the last whole line ends, and its number. */
  let end = 0;
  let last = 0;
  let torn: { number: number; bytes: number } | undefined;
  let read = 0;
  reading: for await (const batch of readLines(path, signal ? { signal } : {})) {
    for (const { bytes, number, offset, whole } of batch) {
      const lineEnd = offset + bytes.length + 1;
      if (aside && offset >= aside.fromByte) {
        if (whole) setAside++;
        continue;
      }
      if (torn) check.bad(torn.number, "is too long for a line of a journal");
      if (!whole || lineEnd > limit) {
        torn = { number, bytes: Math.min(limit, whole ? lineEnd : offset + bytes.length) - offset };
        if (lineEnd > limit) break reading;
        continue;
      }
      if (number === 1) check.open(segment, absent);
      check.line(bytes, number);
      torn = undefined;
      end = lineEnd;
      last = number;
    }
    const { offset, bytes } = batch.at(-1) as { offset: number; bytes: Buffer };
    onRead?.(offset + bytes.length - read);
    read = offset + bytes.length;
  }
  if (last === 0) {
    check.open(segment, absent);
    if (!torn || !next) notes.push(`${file} holds no whole line`);
  } else check.endSegment(last);
  if (aside) {
    if (end !== aside.fromByte)
      check.bad(
        last + 1,
        `ends at byte ${end}; the next segment says it was good up to byte ${aside.fromByte}`,
      );
    const fault = await copyFault(aside, segment);
    if (fault !== undefined) check.bad(last + 1, fault);
  } else if (torn && torn.bytes > 0) {
    if (next) check.bad(torn.number, "is no whole line: its end is gone");
    else if (check.isClosed) check.bad(torn.number, "stands behind the end of its segment");
    else {
      const bytes = torn.bytes.toLocaleString("en-US");
      notes.push(
        `${file} has ${bytes} bytes behind its last line: a writer is at it, or died and recovery will move them aside`,
      );
    }
  }
  return { setAside, notes };
}

/** Checkpoints of the journal that vouch for a line far before them. */
async function farFaults(
  { segments }: Chain,
  unresolved: CheckpointCheck["unresolved"],
  signal: AbortSignal | undefined,
) {
  const wanted = new Set(unresolved.map(({ seq }) => seq));
  const found = new Map<number, string>();
  for (const { path } of wanted.size > 0 ? segments : []) {
    for await (const batch of rawLines(path, signal ? { signal } : {}))
      for (const { bytes } of batch) {
        const seq = headOf(bytes)?.seq ?? 0;
        const link = wanted.has(seq) ? linkOf(bytes) : "";
        if (typeof link !== "string") found.set(seq, link.hash);
      }
  }
  // A line that retention removed cannot be asked.
  return unresolved.flatMap(({ seq, head, problem }) => ((found.get(seq) ?? head) === head ? [] : [problem]));
}
