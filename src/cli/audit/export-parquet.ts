import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Io, UsageError } from "../io.js";
import { withTables } from "./journal-query.js";
import { type ExportFlags, refuseExisting, type Written } from "./written.js";

/** The last one last: a backend may be writing, and so every row of the others has its call. */
const TABLES = [
  { table: "attempts", began: "call_started_at" },
  { table: "skips", began: "call_started_at" },
  { table: "breakers", began: "call_started_at" },
  { table: "calls", began: "coalesce(started_at, ended_at)" },
] as const;

/** Writes a file per table into a folder. All of them are there when they are whole, or none is touched. */
export async function exportParquet(to: string, flags: ExportFlags, io: Io): Promise<Written[]> {
  const { dir, since, until, force } = flags;
  const files = TABLES.map(({ table, began }) => {
    const file = join(to, `${table}.parquet`);
    return { table, began, file, unfinished: join(to, `.${table}.parquet.${process.pid}.tmp`) };
  });
  await refuseExisting(
    files.map(({ file }) => file),
    force,
  );
  await mkdir(to, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UsageError(`--parquet ${to} cannot be made (${code})`);
  });
  const unfinished = files.map((each) => each.unfinished);
  try {
    return await withTables(
      dir,
      io,
      async (database) => {
        const written: Written[] = [];
        for (const { table, began, file, unfinished } of files) {
          const sql = `SELECT * FROM ${table}${whereBegan(began, since, until)}`;
          written.push({ file, rows: await database.copyTo(unfinished, sql) });
        }
        for (const { file, unfinished } of files) await rename(unfinished, file);
        return written.reverse();
      },
      unfinished,
    );
  } finally {
    for (const path of unfinished) await rm(path, { force: true });
  }
}

function whereBegan(began: string, since: number | undefined, until: number | undefined): string {
  const conditions = [
    ...(since === undefined ? [] : [`${began} >= make_timestamp_ms(${since})`]),
    ...(until === undefined ? [] : [`${began} < make_timestamp_ms(${until})`]),
  ];
  return conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
}
