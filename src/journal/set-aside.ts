import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SegmentOpen, SetAside } from "./entry.js";
import { entryOf } from "./line.js";
import type { rawLines } from "./raw-lines.js";
import type { Segment } from "./segment.js";

/** What the first line of a segment says was moved out of the one before. That line itself is checked in its turn. */
export async function setAsideBy(
  next: Segment | undefined,
  file: string,
  read: typeof rawLines,
): Promise<SetAside | undefined> {
  if (!next) return undefined;
  for await (const [first] of read(next.path)) {
    try {
      const { event, setAside } = entryOf((first as { bytes: Buffer }).bytes) as Partial<SegmentOpen>;
      const fits = event === "segment.open" && setAside?.file === file && Number.isInteger(setAside.fromByte);
      return fits ? setAside : undefined;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** What is wrong with the copy of bytes that were set aside; undefined when nothing is, or nobody can tell. */
export async function copyFault({ to, sha256 }: SetAside, segment: Segment): Promise<string | undefined> {
  if (typeof to !== "string" || basename(to) === segment.file) return undefined;
  const path = join(dirname(segment.path), basename(to));
  const digest = createHash("sha256");
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    // Bytes that no good line follows prove nothing, and may be thrown away.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (digest.digest("hex") === sha256) return undefined;
  return `has bytes set aside in ${basename(to)}, which are not what they were`;
}
