import { EXIT, type Io, interruptedExit, printJson, UsageError } from "../io.js";
import { Terminal } from "../terminal.js";
import { exportJsonl } from "./export-jsonl.js";
import { exportParquet } from "./export-parquet.js";
import type { ExportFlags, Written } from "./written.js";

/** Writes a journal's calls into files. Returns the exit code. */
export async function exportCalls(flags: ExportFlags, io: Io): Promise<number> {
  const { parquet, jsonl, json = false } = flags;
  if ((parquet === undefined) === (jsonl === undefined)) {
    throw new UsageError("give --parquet DIR or --jsonl FILE, and one of them only");
  }
  let written: Written[];
  try {
    written = await (parquet === undefined
      ? exportJsonl(jsonl as string, flags, io)
      : exportParquet(parquet, flags, io));
  } catch (error) {
    if (io.interrupt.aborted) return interruptedExit(io.interrupt);
    throw error;
  }
  // Standard output is taken by the records themselves.
  if (jsonl === "-") return EXIT.ok;
  if (json) printJson(io, written);
  else {
    const terminal = new Terminal(io);
    for (const { file, rows } of written) terminal.line(`${file}: ${rows.toLocaleString("en-US")} rows`);
  }
  return EXIT.ok;
}
