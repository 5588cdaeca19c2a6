import { join } from "node:path";
import { entryOf, safeJson } from "../journal/line.js";
import { rawLines } from "../journal/raw-lines.js";
import type { KeptCall } from "./kept-call.js";
import type { CallReply } from "./wire.js";

/** A call has few; the bound is for a journal that somebody made up. */
const MOST_LINES = 1_000;

/**
 * The lines of a call as they stand in the journal. Fewer, when retention was quicker.
 *
 * @throws the system's error when a file is there and cannot be read, and the signal's reason
 */
export async function linesOf(
  dir: string,
  files: readonly string[],
  { callId, firstSeq, lastSeq, state }: KeptCall,
  signal: AbortSignal,
): Promise<CallReply["lines"]> {
  const found: CallReply["lines"] = [];
  const needle = Buffer.from(`"callId":${safeJson(callId)}`);
  for (const file of files) {
    try {
      for await (const batch of rawLines(join(dir, file), { signal })) {
        for (const { bytes, number, whole } of batch) {
          const seq = seqOf(bytes);
          if (!whole || seq < firstSeq) continue;
          if (state !== "running" && seq > lastSeq) return found;
          if (!bytes.includes(needle)) continue;
          const entry = entryOf(bytes);
          if (!("callId" in entry) || entry.callId !== callId) continue;
          found.push({ file, line: number, entry });
          if (found.length >= MOST_LINES) return found;
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return found;
}

const SEQ_AT = '{"seq":'.length;

/** Of a line's first number; most lines of a segment are passed over by it alone. */
function seqOf(line: Buffer): number {
  let seq = 0;
  for (let at = SEQ_AT; at < line.length; at++) {
    const digit = (line[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    seq = seq * 10 + digit;
  }
  return seq;
}
