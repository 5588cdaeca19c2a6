import { existsSync } from "node:fs";
import { DuckDbMissing, loadDuckDb } from "../../query/duckdb.js";
import { JournalDatabase, QueryError } from "../../query/journal-database.js";
import { type Io, UsageError } from "../io.js";
import { checkJournal } from "./journal-dir.js";

const ATTEMPTS = 5;

/**
 * Opens a journal as tables, until `use` has ended; Ctrl-C ends what runs.
 *
 * @throws UsageError for what the user can put right
 */
export async function withTables<T>(
  dir: string,
  io: Io,
  use: (database: JournalDatabase) => Promise<T>,
  writable: readonly string[] = [],
): Promise<T> {
  let database: JournalDatabase | undefined;
  const interrupt = () => database?.interrupt();
  try {
    database = await open(dir, writable);
    io.interrupt.addEventListener("abort", interrupt);
    return await use(database);
  } catch (error) {
    if (error instanceof QueryError || error instanceof DuckDbMissing) throw new UsageError(error.message);
    throw error;
  } finally {
    io.interrupt.removeEventListener("abort", interrupt);
    database?.close();
  }
}

/** Again, with the files that are there then: retention may be quicker. */
async function open(dir: string, writable: readonly string[]): Promise<JournalDatabase> {
  const duckdb = await loadDuckDb();
  for (let attempt = 1; ; attempt++) {
    const chains = await checkJournal(dir);
    const files = chains.flatMap(({ segments }) => segments.map(({ path }) => path));
    try {
      return await JournalDatabase.open(duckdb, files, writable);
    } catch (error) {
      if (attempt === ATTEMPTS || files.every((file) => existsSync(file))) throw error;
    }
  }
}
