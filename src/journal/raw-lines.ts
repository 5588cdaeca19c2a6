import { open } from "node:fs/promises";

/** A line as it stands in a file. */
export interface RawLine {
  /** Without its line break. Valid until the next batch is asked for. */
  bytes: Buffer;
  /** From 1. */
  number: number;
  /** Of its first byte in the file. */
  offset: number;
  /** False for what stands behind the file's last line break. */
  whole: boolean;
}

export interface RawLinesOptions {
  /** Where to begin: the offset of a line, and its number. */
  from?: { offset: number; number: number };
  signal?: AbortSignal;
}

const READ_BYTES = 1 << 20;
/** A line that is longer is no line of a journal, and is handed out in pieces that are not whole. */
const MAX_LINE_BYTES = 64 << 20;

/** The same; none of a file that is gone: retention was quicker. */
export async function* rawLinesIfThere(
  path: string,
  options: RawLinesOptions = {},
): AsyncGenerator<RawLine[]> {
  try {
    yield* rawLines(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * The lines of a file, a batch per read, in memory that does not grow with the file.
 *
 * @throws the system's error when the file cannot be read, and the signal's reason
 */
export async function* rawLines(
  path: string,
  { from = { offset: 0, number: 1 }, signal }: RawLinesOptions = {},
): AsyncGenerator<RawLine[]> {
  const file = await open(path, "r");
  try {
    let { offset: position, number } = from;
    let offset = position;
    let rest: Buffer = Buffer.alloc(0);
    while (true) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const read = buffer.subarray(0, bytesRead);
      const bytes = rest.length > 0 ? Buffer.concat([rest, read]) : read;
      const lines: RawLine[] = [];
      let start = 0;
      // What is left of earlier reads has no line break in it.
      for (let end = bytes.indexOf(0x0a, rest.length); end >= 0; end = bytes.indexOf(0x0a, start)) {
        lines.push({
          bytes: bytes.subarray(start, end),
          number: number++,
          offset: offset + start,
          whole: true,
        });
        start = end + 1;
      }
      offset += start;
      rest = bytes.subarray(start);
      if (rest.length > MAX_LINE_BYTES) {
        lines.push({ bytes: rest, number, offset, whole: false });
        offset += rest.length;
        rest = Buffer.alloc(0);
      }
      if (lines.length > 0) yield lines;
    }
    if (rest.length > 0) yield [{ bytes: rest, number, offset, whole: false }];
  } finally {
    await file.close();
  }
}
