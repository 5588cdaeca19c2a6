import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { AuditSink } from "../record.js";

/**
 * Appends each record as one line of JSON to a file, whose folder is made when missing. Lines written while another
 * write is under way go together in the next one. Rejects `write` when the disk does.
 */
export function jsonlAudit(path: string): AuditSink {
  let file: Promise<FileHandle> | undefined;
  let lines: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  const append = async () => {
    file ??= openAppend(path);
    const handle = await file.catch((error: unknown) => {
      file = undefined;
      throw error;
    });
    next = undefined;
    const text = lines.join("");
    lines = [];
    await handle.appendFile(text);
  };

  return {
    write(record) {
      lines.push(`${JSON.stringify(record)}\n`);
      // A failed write must not fail the ones after it.
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
  return open(path, "a");
}
