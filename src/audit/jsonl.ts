import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { AuditSink } from "../record.js";

/**
 * Appends each record as one line of JSON to a file, whose folder is made when missing. Lines that come while a write is
 * under way go together in the next one. `write` rejects when the disk does; that record is lost, later ones are not.
 */
export function jsonlAudit(path: string): AuditSink {
  let file: Promise<FileHandle> | undefined;
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  const append = async () => {
    const text = lines.join("");
    lines = [];
    next = undefined;
    file ??= openAppend(path);
    try {
      await (await file).appendFile(text);
    } catch (error) {
      // A file that cannot be opened or written now may be so later, under a new handle.
      void file?.then((handle) => handle.close()).catch(() => {});
      file = undefined;
      throw error;
    }
  };

  return {
    write(record) {
      lines.push(`${JSON.stringify(record)}\n`);
      next ??= last.catch(() => {}).then(append);
      last = next;
      return next;
    },
    async flush() {
      await last;
    },
    async close() {
      const handle = await file;
      file = undefined;
      await handle?.close();
    },
  };
}

async function openAppend(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "a");
  // A crash or a full disk may have cut the last line short, and the next record must not be lost with it.
  try {
    if (await endsInMidLine(path)) await file.appendFile("\n");
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function endsInMidLine(path: string): Promise<boolean> {
  const { size } = await stat(path);
  if (size === 0) return false;
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 0x0a;
  } catch {
    // A file that we may write and not read.
    return false;
  } finally {
    await file?.close();
  }
}
