import { type FileHandle, open } from "node:fs/promises";

const READ_BYTES = 1 << 18;
const BREAK = 0x0a;

/** Where the last whole line ends within the first `size` bytes of a file: behind its line break. 0 when there is none. */
export async function lastBreak(path: string, size: number): Promise<number> {
  for await (const { bytes, offset } of blocksBack(path, size)) {
    const at = bytes.lastIndexOf(BREAK);
    if (at >= 0) return offset + at + 1;
  }
  return 0;
}

/**
 * The whole lines within the first `end` bytes of a file, without their line breaks: the last one first, a batch per read.
 *
 * @throws the system's error when the file cannot be read
 */
export async function* rawLinesBack(path: string, end: number): AsyncGenerator<Buffer[]> {
  /** The bytes of a line whose beginning is not read yet. */
  let rest: Buffer = Buffer.alloc(0);
  for await (const { bytes, offset } of blocksBack(path, await lastBreak(path, end))) {
    const joined = Buffer.concat([bytes, rest]);
    const lines: Buffer[] = [];
    let to = joined.length;
    // What a break ends begins behind the break before.
    while (to > 1) {
      const at = joined.lastIndexOf(BREAK, to - 2);
      if (at < 0) break;
      lines.push(joined.subarray(at + 1, to - 1));
      to = at + 1;
    }
    rest = joined.subarray(0, to);
    if (offset === 0 && rest.length > 0) lines.push(rest.subarray(0, -1));
    if (lines.length > 0) yield lines;
  }
}

/** The same; none of a file that is gone: retention was quicker. */
export async function* rawLinesBackIfThere(path: string, end: number): AsyncGenerator<Buffer[]> {
  try {
    yield* rawLinesBack(path, end);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

async function* blocksBack(path: string, end: number): AsyncGenerator<{ bytes: Buffer; offset: number }> {
  const file = await open(path, "r");
  try {
    let at = end;
    while (at > 0) {
      const offset = Math.max(0, at - READ_BYTES);
      yield { bytes: await readFully(file, offset, at - offset), offset };
      at = offset;
    }
  } finally {
    await file.close();
  }
}

/** Fewer bytes when the file has become shorter. */
async function readFully(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(buffer, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}
