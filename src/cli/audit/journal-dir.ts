import { type Chain, chainsIn } from "../../journal/segment.js";
import { type Io, UsageError } from "../io.js";

const WANTED = "give the folder that journalAudit writes to";

/**
 * The chains in a folder that is to be a journal's.
 *
 * @throws UsageError when it cannot be read, or holds none
 */
export async function checkJournal(dir: string): Promise<Chain[]> {
  const chains = await chainsIn(dir).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(`--dir ${dir} cannot be read (${code}): ${WANTED}`);
  });
  if (chains.length === 0) throw new UsageError(`--dir ${dir} holds no journal: ${WANTED}`);
  return chains;
}

export function unreadableNote(lines: number, dir: string, { command }: Io): string {
  const many = lines === 1 ? "1 line" : `${lines.toLocaleString("en-US")} lines`;
  return `${many} could not be read and ${lines === 1 ? "is" : "are"} left out: ${command} audit verify --dir ${dir} says which\n`;
}
