import { writeFile } from "node:fs/promises";
import { pageHtml } from "../../page-file.js";
import { ReportFold } from "../../report/fold.js";
import { readCalls } from "../../report/journal-calls.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "../io.js";
import { Terminal } from "../terminal.js";
import { checkJournal, unreadableNote } from "./journal-dir.js";
import { ReadProgress } from "./read-progress.js";
import { showReport } from "./report-view.js";

export interface ReportFlags {
  dir: string;
  /** Wall-clock ms. */
  since?: number;
  until?: number;
  /** Name of a label. */
  by?: string;
  json?: boolean;
  html?: string;
}

/** Says in numbers what a journal holds. Returns the exit code. */
export async function report(flags: ReportFlags, io: Io): Promise<number> {
  const { dir, since, until, by, json = false, html } = flags;
  await checkJournal(dir);
  // Before the journal is read, which may take a while.
  if (html !== undefined) page(() => pageHtml());
  const fold = new ReportFold({ label: by });
  const progress = new ReadProgress(io);
  try {
    const { unreadable } = await readCalls(dir, fold, {
      sinceMs: since,
      untilMs: until,
      signal: io.interrupt,
      onProgress: progress.show,
    });
    progress.end();
    if (unreadable > 0) io.stderr.write(unreadableNote(unreadable, dir, io));
  } catch (error) {
    progress.end();
    if (io.interrupt.aborted) return interruptedExit(io.interrupt);
    throw error;
  }
  const told = fold.report();
  if (html !== undefined)
    await save(
      html,
      page(() => pageHtml({ report: told })),
    );
  const terminal = new Terminal(io);
  if (json) printJson(io, told);
  else if (html === undefined) showReport(told, terminal, dir);
  else terminal.line(`The report of ${told.calls.total.toLocaleString("en-US")} calls is in ${html}.`);
  return EXIT.ok;
}

/** A page that is missing is for the user to put right. */
function page(read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`--html: ${(error as Error).message}`);
  }
}

async function save(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--html ${path} cannot be written (${error.code})`);
  });
}
