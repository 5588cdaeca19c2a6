import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { readCalls } from "../../report/journal-calls.js";
import { type Io, UsageError } from "../io.js";
import { checkJournal, unreadableNote } from "./journal-dir.js";
import { ReadProgress } from "./read-progress.js";
import { type ExportFlags, refuseExisting, type Written } from "./written.js";

/** Writes the records, one per line. A file is there when it is whole, or not at all. */
export async function exportJsonl(path: string, flags: ExportFlags, io: Io): Promise<Written[]> {
  await checkJournal(flags.dir);
  if (path === "-") {
    return [{ file: path, rows: await copyRecords(flags, io, async (text) => void io.stdout.write(text)) }];
  }
  await refuseExisting([path], flags.force);
  const unfinished = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    file = await open(unfinished, "w").catch(({ code }: NodeJS.ErrnoException) => {
      throw new UsageError(`--jsonl ${path} cannot be written (${code})`);
    });
    const to = file;
    const rows = await copyRecords(flags, io, async (text) => void (await to.appendFile(text)));
    await file.close();
    await rename(unfinished, path);
    return [{ file: path, rows }];
  } catch (error) {
    await file?.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function copyRecords(
  { dir, since, until }: ExportFlags,
  io: Io,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const progress = new ReadProgress(io);
  let rows = 0;
  let without = 0;
  let lines: string[] = [];
  const visitor = {
    add(record: object) {
      rows++;
      lines.push(`${JSON.stringify(record)}\n`);
    },
    addUnknown: () => void without++,
    addOpen: () => void without++,
  };
  try {
    const { unreadable } = await readCalls(dir, visitor, {
      sinceMs: since,
      untilMs: until,
      signal: io.interrupt,
      onProgress: progress.show,
      async drained() {
        if (lines.length > 0) await write(lines.join(""));
        lines = [];
      },
    });
    progress.end();
    if (unreadable > 0) io.stderr.write(unreadableNote(unreadable, dir, io));
    if (without > 0) io.stderr.write(`calls without a record, since they have not ended: ${without}\n`);
  } finally {
    progress.end();
  }
  return rows;
}
