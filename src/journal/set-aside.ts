import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SegmentOpen, SetAside } from "./entry.js";
import { entryOf } from "./line.js";
import type { rawLines } from "./raw-lines.js";
import type { Segment } from "./segment.js";

/** What comes after a segment: a file without a line comes to nothing, its writer died over it. */
export interface Successor {
  /** Its first line says what was moved out of the segment before. That line itself is checked in its turn. */
  setAside: SetAside | undefined;
}

/** The first of `later` that has a line, as `file` is concerned; undefined when none has, and `file` is the last. */
export async function successorOf(
  file: string,
  later: readonly Segment[],
  read: typeof rawLines,
): Promise<Successor | undefined> {
  for (const { path } of later) {
    for await (const [first] of read(path)) {
      if (first?.whole) return { setAside: setAsideBy(first.bytes, file) };
      break;
    }
  }
  return undefined;
}

function setAsideBy(line: Buffer, file: string): SetAside | undefined {
  try {
    const { event, setAside } = entryOf(line) as Partial<SegmentOpen>;
    const fits = event === "segment.open" && setAside?.file === file && Number.isInteger(setAside.fromByte);
    return fits ? setAside : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with the copy of bytes that were set aside; undefined when nothing is, or nobody can tell. */
export async function copyFault({ to, sha256 }: SetAside, segment: Segment): Promise<string | undefined> {
  if (typeof to !== "string" || basename(to) === segment.file) return undefined;
  const path = join(dirname(segment.path), basename(to));
  const digest = createHash("sha256");
  try {
    // A pipe could be read without end.
    if (!(await stat(path)).isFile()) return `has bytes set aside in ${basename(to)}, which is no file`;
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    // Bytes that no good line follows prove nothing, and may be thrown away.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (digest.digest("hex") === sha256) return undefined;
  return `has bytes set aside in ${basename(to)}, which are not what they were`;
}
