import { open } from "node:fs/promises";

/**
 * Appends a line to a file and syncs it. A line that a crash or a full disk has cut short ends where it is: the next one
 * begins behind a line break.
 *
 * @throws the system's error
 */
export async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, "a+", 0o640);
  try {
    const { size } = await file.stat();
    const last = size > 0 ? (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] : 0x0a;
    await file.appendFile(last === 0x0a ? `${line}\n` : `\n${line}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
}
