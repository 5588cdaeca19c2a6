import type { Command } from "commander";
import { count, port } from "../arguments.js";
import type { Io } from "../io.js";
import { labelName, moment } from "./arguments.js";
import type { QueryFlags } from "./query.js";
import type { ReportFlags } from "./report.js";
import type { ServeFlags } from "./serve.js";
import type { ShowFlags } from "./show.js";
import type { TailFlags } from "./tail.js";
import type { VerifyFlags } from "./verify.js";
import type { ExportFlags } from "./written.js";

/** Adds one command; `done` takes its exit code. */
export type Register = (audit: Command, io: Io, done: (code: number) => void) => void;

const COMMANDS: readonly Register[] = [addVerify, addTail, addShow, addReport, addQuery, addExport, addServe];

/** `open-router audit …`: what reads a journal. */
export function addAudit(program: Command, io: Io, done: (code: number) => void): void {
  const audit = program.command("audit").description("Read a journal: verify, search, report, watch.");
  for (const register of COMMANDS) register(audit, io, done);
}

/** The option that all of them take. */
export function withDir(command: Command): Command {
  return command.requiredOption("--dir <dir>", "the journal's folder");
}

/** The options of those that can leave calls out. */
function withPeriod(command: Command): Command {
  return command
    .option("--since <time>", "calls that began then or later: ISO 8601, or how long ago: 24h, 7d", moment)
    .option("--until <time>", "calls that began before", moment);
}

function addVerify(audit: Command, io: Io, done: (code: number) => void): void {
  withDir(audit.command("verify"))
    .description("Check every line, link and checkpoint, and say what cannot be seen.")
    .option("--checkpoints <file>", "checkpoints that were kept in a second place: a line of JSON each")
    .option("--public-key <file>", "PEM of the Ed25519 key that checkpoints must be signed with")
    .option("--json", "one JSON document: the report")
    .action(async (flags: VerifyFlags) => done(await (await import("./verify.js")).verify(flags, io)));
}

function addTail(audit: Command, io: Io, done: (code: number) => void): void {
  withDir(audit.command("tail"))
    .description("Show the last calls, a line each, over all chains.")
    .option("-f, --follow", "go on with calls that end from now on, until Ctrl-C")
    .option("-n, --lines <count>", "how many", count, 10)
    .option("--json", "the journal's own lines, of all events")
    .action(async (flags: TailFlags) => done(await (await import("./tail.js")).tail(flags, io)));
}

function addShow(audit: Command, io: Io, done: (code: number) => void): void {
  withDir(audit.command("show"))
    .description("Show the timeline of one call.")
    .argument("<call>", "its id, or how it begins: four characters or more")
    .option("--json", "one JSON document: all lines of the call")
    .action(async (call: string, flags: ShowFlags) =>
      done(await (await import("./show.js")).show(call, flags, io)),
    );
}

function addReport(audit: Command, io: Io, done: (code: number) => void): void {
  withPeriod(withDir(audit.command("report")))
    .description("Say in numbers who answered, what failed, how long it took and what it cost.")
    .option("--by <label:name>", "also by the values of a label", labelName)
    .option("--html <file>", "write one page with charts that needs no network")
    .option("--json", "one JSON document: the report")
    .action(async (flags: ReportFlags) => done(await (await import("./report.js")).report(flags, io)));
}

function addQuery(audit: Command, io: Io, done: (code: number) => void): void {
  withDir(audit.command("query"))
    .description("Ask a journal in SQL. Needs DuckDB: npm install @duckdb/node-api.")
    .argument("[sql]", "one query; without any, the tables and their columns are listed")
    .option("--json", "one JSON document: columns and rows")
    .option("--csv", "a line of names, and a line per row")
    .action(async (sql: string | undefined, flags: QueryFlags) =>
      done(await (await import("./query.js")).query(sql, flags, io)),
    );
}

function addExport(audit: Command, io: Io, done: (code: number) => void): void {
  withPeriod(withDir(audit.command("export")))
    .description("Write a journal's calls into files that other tools read.")
    .option(
      "--parquet <dir>",
      "calls.parquet, attempts.parquet, skips.parquet, breakers.parquet; needs DuckDB",
    )
    .option("--jsonl <file>", "one audit record per line; - is standard output")
    .option("--force", "write over files that are there")
    .option("--json", "one JSON document: what was written")
    .action(async (flags: ExportFlags) => done(await (await import("./export.js")).exportCalls(flags, io)));
}

function addServe(audit: Command, io: Io, done: (code: number) => void): void {
  withDir(audit.command("serve"))
    .description("Show a journal in the browser, on this machine only, live, until Ctrl-C.")
    .option("--port <number>", "port on 127.0.0.1; 0 takes any free one", port, 0)
    .option("--json", "one JSON line when it listens: url, port, token")
    .action(async (flags: ServeFlags) => done(await (await import("./serve.js")).serve(flags, io)));
}
