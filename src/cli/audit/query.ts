import type { DuckDBResult } from "@duckdb/node-api";
import type { DuckDb } from "../../query/duckdb.js";
import { asQueryError, type JournalDatabase, type TableInfo } from "../../query/journal-database.js";
import { type Plain, plain } from "../../query/plain.js";
import { EXIT, type Io, interruptedExit, printJson, UsageError } from "../io.js";
import { tableLines } from "../table.js";
import { Terminal } from "../terminal.js";
import { withTables } from "./journal-query.js";

export interface QueryFlags {
  dir: string;
  json?: boolean;
  csv?: boolean;
}

/** Rows of a table that is for a person; `--json` and `--csv` have all. */
const MOST_ROWS = 1_000;

/** Answers a query over a journal, or without one says what can be asked for. Returns the exit code. */
export async function query(sql: string | undefined, flags: QueryFlags, io: Io): Promise<number> {
  const { dir, json = false, csv = false } = flags;
  if (json && csv) throw new UsageError("--json and --csv: give one of them");
  try {
    return await withTables(dir, io, async (database) => {
      if (sql === undefined) showTables(await database.tables(), io, json);
      else await answer(database, sql, { json, csv, io });
      return EXIT.ok;
    });
  } catch (error) {
    if (io.interrupt.aborted) return interruptedExit(io.interrupt);
    throw error;
  }
}

interface Answer {
  columns: Column[];
  rows: AsyncIterable<Plain[]>;
}

interface Column {
  name: string;
  type: string;
}

async function answer(
  database: JournalDatabase,
  sql: string,
  { json, csv, io }: { json: boolean; csv: boolean; io: Io },
): Promise<void> {
  const result = await database.query(sql);
  const names = result.deduplicatedColumnNames();
  const types = result.columnTypes();
  const columns = names.map((name, i) => ({ name, type: types[i]?.alias ?? String(types[i]) }));
  const told: Answer = { columns, rows: rowsOf(result, columns, database.duckdb) };
  if (json) await printDocument(told, io);
  else if (csv) await printCsv(told, io);
  else await printTable(told, new Terminal(io), io);
}

async function* rowsOf(result: DuckDBResult, columns: Column[], duckdb: DuckDb): AsyncGenerator<Plain[]> {
  const isJson = columns.map(({ type }) => type === "JSON");
  try {
    for await (const rows of result.yieldRows())
      for (const row of rows) yield row.map((value, i) => plain(value, duckdb, { json: isJson[i] ?? false }));
  } catch (error) {
    // A query that is streamed may fail on its way.
    throw asQueryError(error);
  }
}

/** Row by row, so that the result may be larger than memory. */
async function printDocument({ columns, rows }: Answer, { stdout }: Io): Promise<void> {
  stdout.write(`{"columns":${JSON.stringify(columns)},"rows":[`);
  let separator = "";
  for await (const row of rows) {
    const object = Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null]));
    stdout.write(separator + JSON.stringify(object));
    separator = ",";
  }
  stdout.write("]}\n");
}

async function printCsv({ columns, rows }: Answer, { stdout }: Io): Promise<void> {
  const line = (fields: string[]) =>
    `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\n`;
  stdout.write(line(columns.map(({ name }) => name)));
  for await (const row of rows) stdout.write(line(row.map((value) => textOf(value))));
}

async function printTable({ columns, rows }: Answer, terminal: Terminal, io: Io): Promise<void> {
  const shown: Plain[][] = [];
  let more = false;
  for await (const row of rows) {
    more = shown.length === MOST_ROWS;
    if (more) break;
    shown.push(row);
  }
  const numeric = columns.map((_, i) => shown.every((row) => row[i] === null || typeof row[i] === "number"));
  const [head = "", ...lines] = tableLines(
    columns.map(({ name }, i) => ({
      title: name,
      of: (row: Plain[]) => cellOf(row[i] ?? null),
      align: numeric[i] ? ("right" as const) : ("left" as const),
      flexible: !numeric[i],
    })),
    shown,
    // What goes into a pipe is for a program, which wants it whole.
    { width: io.stdout.isTTY ? terminal.columns : Infinity, indent: 0 },
  );
  terminal.line(terminal.colors.bold(head));
  for (const line of lines) terminal.line(line);
  const count = `${shown.length.toLocaleString("en-US")} ${shown.length === 1 ? "row" : "rows"}`;
  terminal.line(
    terminal.colors.dim(more ? `${count}, and there are more: --json and --csv have all` : count),
  );
}

function textOf(value: Plain): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** For a person: no more than six decimals, no T and Z in a moment. */
function cellOf(value: Plain): string {
  if (typeof value === "number") return String(Number(value.toFixed(6)));
  const text = textOf(value);
  return text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.000(?=Z))?(\.\d+)?Z$/, "$1 $2$3");
}

function showTables(tables: readonly TableInfo[], io: Io, json: boolean): void {
  if (json) {
    printJson(io, tables);
    return;
  }
  const terminal = new Terminal(io);
  const { colors } = terminal;
  for (const { name, rows, columns } of tables) {
    terminal.line(`${colors.bold(name)}  ${colors.dim(rows)}`);
    const pieces = columns.map(({ name, type }) => `${name} ${type}`);
    for (const line of packed(pieces, terminal.columns - 2)) terminal.line(`  ${line}`);
    terminal.line();
  }
  const example = "SELECT answered_target, count(*) FROM calls GROUP BY ALL ORDER BY 2 DESC";
  terminal.line(colors.dim(`${io.command} audit query "${example}" --dir DIR`));
}

/** Lines of whole pieces. */
function packed(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [i, piece] of pieces.entries()) {
    const text = i < pieces.length - 1 ? `${piece},` : piece;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width)
      lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  return lines;
}
