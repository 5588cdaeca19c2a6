import type { ReadLine } from "../../journal/by-time.js";
import { endOf, followLines } from "../../journal/follow.js";
import { eventOf } from "../../journal/line.js";
import { recentLines } from "../../journal/recent-lines.js";
import { EXIT, type Io, interruptedExit } from "../io.js";
import { Terminal } from "../terminal.js";
import { type CallRow, callRow } from "./call-row.js";
import { checkDir } from "./folder.js";
import { localDay, localOffset } from "./instant.js";

export interface TailFlags {
  dir: string;
  follow?: boolean;
  lines: number;
  json?: boolean;
}

const SHOWN = new Set(["request.end", "gap", "recovery"]);

/** Shows the last calls of a journal, and those that end from now on. Returns the exit code. */
export async function tail({ dir, follow = false, lines, json = false }: TailFlags, io: Io): Promise<number> {
  await checkDir(dir);
  const { interrupt } = io;
  const print = json ? rawOn(io) : rowsOn(new Terminal(io));
  const from = await endOf(dir);
  const wanted = (line: Buffer) => json || SHOWN.has(eventOf(line));
  print(await recentLines(dir, from, { count: lines, wanted }));
  if (!follow) return interrupt.aborted ? interruptedExit(interrupt) : EXIT.ok;
  for await (const batch of followLines(dir, { from, signal: interrupt })) print(batch);
  // That is how it is ended.
  return EXIT.ok;
}

function rawOn({ stdout }: Io): (lines: readonly ReadLine[]) => void {
  return (lines) => {
    if (lines.length > 0) stdout.write(lines.map(({ text }) => `${text}\n`).join(""));
  };
}

function rowsOn(terminal: Terminal): (lines: readonly ReadLine[]) => void {
  const { colors } = terminal;
  const styles: Record<CallRow["tone"], (text: string) => string> = {
    good: (text) => text,
    bad: colors.red,
    quiet: colors.dim,
    note: colors.yellow,
  };
  let day = "";
  return (lines) => {
    for (const { entry } of lines) {
      const row = callRow(entry, terminal.columns);
      if (!row) continue;
      const at = new Date(entry.ts);
      const today = `${localDay(at)}, ${localOffset(at)}`;
      if (today !== day) terminal.line(colors.dim(today));
      day = today;
      terminal.line(styles[row.tone](row.text));
    }
  };
}
