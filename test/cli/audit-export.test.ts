import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, play } from "../support/cli.js";
import { JournalFixture } from "../support/journal-fixture.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

const root = mkdtempSync(join(tmpdir(), "export-"));
const dir = join(root, "journal");
const calls = [...syntheticCalls(300, { everyMs: 60_000 })];
const records = calls.map(({ record }) => record);
const since = records[100]!.startedAt;

beforeAll(() => {
  const fixture = new JournalFixture(dir, { segmentCalls: 100 });
  for (const call of calls) fixture.add(call);
  fixture.event({ event: "request.start", callId: "open", start: { ...calls[299]!.start, callId: "open" } });
  fixture.end();
});
afterAll(() => rmSync(root, { recursive: true }));

const run = (...argv: string[]) => play(["audit", "export", "--dir", dir, ...argv]);

async function read(sql: string) {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

describe("audit export --parquet", () => {
  it("writes tables that DuckDB reads, and nothing else", async () => {
    const to = join(root, "out", "it's");
    const { code, stdout } = await run("--parquet", to, "--json");
    const attempts = records.flatMap((record) => record.attempts).length;
    const skips = records.flatMap((record) => record.skipped).length;
    const file = (table: string) => join(to, `${table}.parquet`);
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      [
        { file: file("calls"), rows: 300 },
        { file: file("breakers"), rows: 0 },
        { file: file("skips"), rows: skips },
        { file: file("attempts"), rows: attempts },
      ],
    ]);
    expect(readdirSync(to)).toHaveLength(4);
    const quoted = (table: string) => `'${file(table).replaceAll("'", "''")}'`;
    const told = await read(`SELECT call_id, labels['service'] FROM ${quoted("calls")} ORDER BY seq`);
    expect(told).toEqual(records.map(({ callId, labels }) => [callId, labels.service]));
    expect(await read(`SELECT count(*), sum(cost_usd) FROM ${quoted("attempts")}`)).toEqual([
      [
        String(attempts),
        expect.closeTo(
          records.reduce((sum, { cost }) => sum + cost!.usd, 0),
          6,
        ),
      ],
    ]);
  });

  it("writes over nothing unless it is told to, and takes the time asked for", async () => {
    const to = join(root, "again");
    mkdirSync(to);
    writeFileSync(join(to, "skips.parquet"), "mine");
    const refused = await run("--parquet", to);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("skips.parquet is there already"),
    ]);
    expect([readdirSync(to), readFileSync(join(to, "skips.parquet"), "utf8")]).toEqual([
      ["skips.parquet"],
      "mine",
    ]);
    const forced = await run("--parquet", to, "--force", "--since", since);
    expect([forced.code, forced.stdout.split("\n")[0]]).toEqual([
      0,
      `${join(to, "calls.parquet")}: 200 rows`,
    ]);
    const late = await read(
      `SELECT count(*) FROM '${to}/attempts.parquet' WHERE call_started_at < '${since}'`,
    );
    expect(late).toEqual([["0"]]);
  });

  it.each([
    ["99999999999999999999d", 0, ""],
    ["2026-02-30", 2, "'2026-02-30' is invalid"],
  ])(
    "takes what was longer ago than anything, and no day that is none: --since %s",
    async (since, code, said) => {
      const to = join(root, `since-${since}`);
      const done = await play(["audit", "export", "--parquet", to, "--dir", dir, "--since", since]);
      expect([done.code, done.stderr]).toEqual([code, expect.stringContaining(said)]);
    },
  );

  it("says when the folder cannot be made", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    const { code, stderr } = await run("--parquet", join(file, "x"));
    expect([code, stderr]).toEqual([2, expect.stringContaining("cannot be made (ENOTDIR)")]);
  });
});

describe("audit export --jsonl", () => {
  it("writes the records, to standard output or to a file", async () => {
    const { code, stdout, stderr } = await run("--jsonl", "-");
    expect([code, jsonLines(stdout)]).toEqual([0, records]);
    expect(stderr).toBe("calls without a record, since they have not ended: 1\n");
    const file = join(root, "records.jsonl");
    expect((await run("--jsonl", file, "--until", since)).stdout).toBe(`${file}: 100 rows\n`);
    expect(jsonLines(readFileSync(file, "utf8"))).toEqual(records.slice(0, 100));
    const again = await run("--jsonl", file);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("is there already: --force")]);
    expect((await run("--jsonl", file, "--force")).code).toBe(0);
    expect(jsonLines(readFileSync(file, "utf8"))).toHaveLength(300);
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const file = join(root, "half.jsonl");
    const interrupt = AbortSignal.abort("SIGTERM");
    expect((await play(["audit", "export", "--dir", dir, "--jsonl", file], { interrupt })).code).toBe(143);
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(root).filter((name) => name.startsWith("half"))).toEqual([]);
  });

  it.each([
    [[], "--parquet DIR or --jsonl FILE"],
    [["--jsonl", "-", "--parquet", "x"], "one of them only"],
    [["--jsonl", join(root, "none", "x")], "cannot be written (ENOENT)"],
  ])("refuses %j", async (argv, says) => {
    const { code, stdout, stderr } = await run(...argv);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(says)]);
  });
});
