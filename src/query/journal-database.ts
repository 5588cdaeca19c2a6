import { resolve } from "node:path";
import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from "@duckdb/node-api";
import { type DuckDb, openDuckDb, quoted } from "./duckdb.js";
import { schemaOf, VIEWS } from "./schema.js";

/** The user can put it right: the query is not one, or the folder cannot be queried. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

export interface TableInfo {
  name: string;
  rows: string;
  columns: { name: string; type: string }[];
}

/** The segments of a journal as tables. Nothing else can be read through it, and nothing be written but what `writable` holds. */
export class JournalDatabase {
  readonly duckdb: DuckDb;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(duckdb: DuckDb, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.duckdb = duckdb;
    this.#instance = instance;
    this.#connection = connection;
  }

  /** @throws QueryError when a path means something else to DuckDB, or a file is not there */
  static async open(
    duckdb: DuckDb,
    files: readonly string[],
    writable: readonly string[] = [],
  ): Promise<JournalDatabase> {
    const whole = files.map((file) => resolve(file));
    const wild = [...whole, ...writable].find((path) => /[*?]/.test(path));
    if (wild !== undefined) {
      throw new QueryError(
        `${wild}: DuckDB takes * and ? in a path for wildcards; rename the folder, or link to it`,
      );
    }
    // `[a]` would find the folder named `a`, where there is one.
    const paths = whole.map((path) => path.replaceAll("[", "[[]"));
    const instance = await openDuckDb(duckdb);
    const connection = await instance.connect();
    const allowed = [...whole, ...paths, ...writable.map((path) => resolve(path))].map(quoted).join(", ");
    const setUp = [
      // Moments of a journal are UTC, and now() is to be compared with them.
      "SET TimeZone = 'UTC'",
      ...schemaOf(paths),
      `SET allowed_paths = [${allowed}]`,
      "SET enable_external_access = false",
      "SET lock_configuration = true",
    ];
    const database = new JournalDatabase(duckdb, instance, connection);
    try {
      for (const statement of setUp) await connection.run(statement);
    } catch (error) {
      database.close();
      // A segment that is gone: retention was quicker.
      throw asQueryError(error);
    }
    return database;
  }

  /**
   * One query that reads, its rows still to be fetched.
   *
   * @throws QueryError with what DuckDB says is wrong with it
   */
  async query(sql: string): Promise<DuckDBResult> {
    try {
      if (sql.trim() === "") throw new QueryError("the query is empty: leave it out to see the tables");
      const statements = await this.#connection.extractStatements(sql);
      if (statements.count !== 1) throw new QueryError("give one query at a time");
      const statement = await statements.prepare(0);
      const { SELECT } = this.duckdb.StatementType;
      if (statement.statementType !== SELECT) {
        throw new QueryError(
          "a journal is only read: the query must be a SELECT, FROM, DESCRIBE, SUMMARIZE or SHOW",
        );
      }
      return await statement.stream();
    } catch (error) {
      throw asQueryError(error);
    }
  }

  /** Writes what a query of ours gives; returns the number of rows. */
  async copyTo(path: string, sql: string): Promise<number> {
    const to = `COPY (${sql}) TO ${quoted(resolve(path))} (FORMAT parquet, COMPRESSION zstd)`;
    const { rowsChanged } = await this.#connection.run(to);
    return rowsChanged;
  }

  async tables(): Promise<TableInfo[]> {
    const reader = await this.#connection.runAndReadAll(
      "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY column_index",
    );
    const columns = reader
      .getRows()
      .map(([table, name, type]) => [String(table), String(name), String(type)]);
    return Object.entries(VIEWS).map(([name, { rows }]) => ({
      name,
      rows,
      columns: columns
        .filter(([table]) => table === name)
        .map(([, name = "", type = ""]) => ({ name, type })),
    }));
  }

  /** Ends the query that runs, if any: it then throws. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** What DuckDB says, on one paragraph; of our own errors, as they are. */
export function asQueryError(error: unknown): QueryError {
  if (error instanceof QueryError) return error;
  const { message } = error as Error;
  return new QueryError(message.replace(/^Failed to extract statements: /, "").replace(/\n{2,}/g, "\n"), {
    cause: error,
  });
}
