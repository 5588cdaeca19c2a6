import type { DuckDBInstance } from "@duckdb/node-api";

export type DuckDb = typeof import("@duckdb/node-api");

/** The user can put it right by installing it, which is for whoever wants to query only. */
export class DuckDbMissing extends Error {
  override readonly name = "DuckDbMissing";
}

/** @throws DuckDbMissing */
export async function loadDuckDb(
  load: () => Promise<DuckDb> = () => import("@duckdb/node-api"),
): Promise<DuckDb> {
  try {
    return await load();
  } catch (cause) {
    throw new DuckDbMissing(
      `this needs DuckDB, which is not installed (${(cause as Error).message.split("\n")[0]}): npm install @duckdb/node-api`,
      { cause },
    );
  }
}

/** A database in memory that never looks for extensions: there may be no network, and nobody asked for code from it. */
export function openDuckDb({ DuckDBInstance }: DuckDb): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
}

/** A text as SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
