import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { segmentFile } from "../../src/journal/segment.js";
import { loadDuckDb } from "../../src/query/duckdb.js";
import { play, playOn } from "../support/cli.js";
import { CHAIN_ID, writeJournal } from "../support/journal-fixture.js";
import { Screen } from "../support/screen.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

const root = mkdtempSync(join(tmpdir(), "query-"));
const dir = join(root, 'it\'s [a] "journal"');
const calls = [...syntheticCalls(2_000, { everyMs: 3_000 })];
const records = calls.map(({ record }) => record);

beforeAll(() => writeJournal(dir, calls, { segmentCalls: 900, running: true }));
afterAll(() => rmSync(root, { recursive: true }));

async function rows(sql: string, from = dir): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await play(["audit", "query", sql, "--dir", from, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  return (JSON.parse(stdout) as { rows: Record<string, unknown>[] }).rows;
}

describe("audit query", () => {
  it("has every call, attempt and skip, with what the record says", async () => {
    const told =
      await rows(`SELECT call_id, started_at, duration_ms, outcome, labels, user_id, answered_target, attempts,
      failed_attempts, targets_asked, skips, cost_usd, error_class FROM calls ORDER BY seq`);
    expect(told).toEqual(
      records.map((record) => ({
        call_id: record.callId,
        started_at: record.startedAt,
        duration_ms: record.durationMs,
        outcome: record.outcome,
        labels: record.labels,
        user_id: record.caller.userId,
        answered_target: record.answeredBy?.target ?? null,
        attempts: record.attempts.length,
        failed_attempts: record.attempts.filter(({ outcome }) => outcome === "failed").length,
        targets_asked: record.attempts.length,
        skips: record.skipped.length,
        cost_usd: record.cost?.usd,
        error_class: record.error?.class ?? null,
      })),
    );
    const attempts =
      await rows(`SELECT call_id, n, target, why, started_at, first_content_ms, outcome, failure_class,
      failure_status, output_tokens, cost_usd, cost_estimated FROM attempts`);
    expect(new Set(attempts.map((each) => JSON.stringify(each)))).toEqual(
      new Set(
        records.flatMap(({ callId, attempts }) =>
          attempts.map((each) =>
            JSON.stringify({
              call_id: callId,
              n: each.n,
              target: each.target,
              why: each.why,
              started_at: each.startedAt,
              first_content_ms: each.firstContentMs ?? null,
              outcome: each.outcome,
              failure_class: each.failure?.class ?? null,
              failure_status: each.failure?.status ?? null,
              output_tokens: each.usage?.outputTokens ?? null,
              cost_usd: each.cost?.usd ?? null,
              cost_estimated: each.cost?.estimated ?? null,
            }),
          ),
        ),
      ),
    );
    const skips = await rows("SELECT target, reason, detail, count(*) AS n FROM skips GROUP BY ALL");
    const skipped = records.flatMap((record) => record.skipped);
    expect(skips).toEqual([
      { target: "openai/gpt-4o", reason: "breaker_open", detail: { forMs: 4_000 }, n: skipped.length },
    ]);
    const [line] = await rows("SELECT * FROM entries WHERE event = 'request.end' ORDER BY seq LIMIT 1");
    expect(line).toMatchObject({ call_id: records[0]!.callId, line: { record: records[0] } });
  });

  it("lists its tables and columns when nothing is asked", async () => {
    const { code, stdout } = await play(["audit", "query", "--dir", dir]);
    expect(code).toBe(0);
    for (const name of ["calls", "attempts", "skips", "breakers", "entries"])
      expect(stdout).toMatch(new RegExp(`^${name}  one row per`, "m"));
    expect(stdout).toContain("labels MAP(VARCHAR, VARCHAR), ");
    const { stdout: json } = await play(["audit", "query", "--dir", dir, "--json"]);
    expect((JSON.parse(json) as { name: string }[]).map(({ name }) => name)).toContain("calls");
  });

  it("shows a table: whole in a pipe, as wide as a terminal on one", async () => {
    const sql =
      "SELECT 'x' || chr(10) || repeat('long ', 30) AS text, 1/3 AS n, TIMESTAMP '2026-01-02 03:04:05' AS at, NULL AS no";
    const { stdout } = await play(["audit", "query", sql, "--dir", dir]);
    expect(stdout.split("\n")[1]).toBe(`x ${"long ".repeat(30).trim()}  0.333333  2026-01-02 03:04:05`);
    const screen = new Screen({ columns: 60 });
    await playOn(screen, ["audit", "query", sql, "--dir", dir]);
    expect(screen.text[1]).toMatch(/^x long.*… {2}0\.333333 {2}2026-01-02 03:04:05$/);
    const many = await play(["audit", "query", "FROM range(1001)", "--dir", dir]);
    expect(many.stdout.split("\n")).toHaveLength(1_000 + 3);
    expect(many.stdout).toContain("1,000 rows, and there are more");
  });

  it("gives every type as JSON and CSV have it", async () => {
    const sql = `SELECT 9007199254740993 AS big, 12::HUGEINT AS whole, 1.50::DECIMAL(5,2) AS money,
      1234567890.12345678::DECIMAL(20,8) AS exact, 'NaN'::DOUBLE AS nan, TIMESTAMP '1969-12-31 23:59:59.500001' AS at,
      TIMESTAMP '2026-01-01 00:00:00.000001' AS micros, MAP {'a': 1} AS m, {'x': [1, NULL]} AS s, 'a,"b"' AS text, 1 AS text`;
    expect(await rows(sql)).toEqual([
      {
        big: "9007199254740993",
        whole: 12,
        money: 1.5,
        exact: "1234567890.12345678",
        nan: null,
        at: "1969-12-31T23:59:59.500001Z",
        micros: "2026-01-01T00:00:00.000001Z",
        m: { a: 1 },
        s: { x: [1, null] },
        text: 'a,"b"',
        "text:1": 1,
      },
    ]);
    const { stdout } = await play(["audit", "query", sql, "--dir", dir, "--csv"]);
    expect(stdout).toBe(
      "big,whole,money,exact,nan,at,micros,m,s,text,text:1\n" +
        '9007199254740993,12,1.5,1234567890.12345678,,1969-12-31T23:59:59.500001Z,2026-01-01T00:00:00.000001Z,"{""a"":1}","{""x"":[1,null]}","a,""b""",1\n',
    );
  });

  it.each([
    ["selec 1", "syntax error"],
    ["SELECT nope FROM calls", '"nope" not found'],
    ["SELECT 1; SELECT 2", "one query at a time"],
    [" ", "empty"],
    ["SELECT error('on its way')", "on its way"],
    ["CREATE TABLE t (a INT)", "only read"],
    ["EXPLAIN SELECT 1", "only read"],
    ["SET threads = 1", "only read"],
    ["FROM read_text('/etc/hostname')", "Permission Error"],
    ["FROM glob('/*')", "Permission Error"],
    ["FROM 'https://example.com/x.parquet'", "Error"],
  ])("refuses %j", async (sql, says) => {
    const { code, stdout, stderr } = await play(["audit", "query", sql, "--dir", dir, "--csv"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(says)]);
    expect(stdout).not.toMatch(/\d/);
  });

  it("reads no more of the folder than its segments, and writes nothing into it", async () => {
    writeFileSync(join(dir, "secret.txt"), "secret");
    const read = `FROM read_text('${join(dir, "secret.txt").replaceAll("'", "''")}')`;
    expect((await play(["audit", "query", read, "--dir", dir])).stderr).toContain("Permission Error");
    const segment = join(dir, segmentFile(CHAIN_ID, 1));
    const before = readFileSync(segment);
    const write = `COPY (SELECT 1) TO '${segment.replaceAll("'", "''")}'`;
    for (const sql of [write, `EXPLAIN ANALYZE ${write}`]) {
      const { code, stderr } = await play(["audit", "query", sql, "--dir", dir]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("only read")]);
    }
    expect(readFileSync(segment).equals(before)).toBe(true);
  });

  it("has the same columns for an empty journal, and takes odd and torn lines", async () => {
    const odd = join(root, "odd");
    mkdirSync(odd);
    const path = join(odd, segmentFile(CHAIN_ID, 1));
    writeFileSync(path, "");
    expect(
      await rows("SELECT count(*) AS n, max(started_at) AS at, sum(cost_usd) AS usd FROM calls", odd),
    ).toEqual([{ n: 0, at: null, usd: null }]);
    const lines = [
      '{"seq":1,"ts":"2026-11-25T09:00:00.000Z","event":"request.end","callId":"dead","outcome":"unknown"}',
      '{"seq":2,"ts":"x","event":"request.end","callId":"odd","outcome":"ok","record":{"durationMs":"x","attempts":7,"labels":[]}}',
      '{"seq":3,"event":"request.end","callId":"worse","record":[]}',
      "no JSON",
      "[1]",
      '{"seq":4,"ts":"2026-11-25T09:00:00.000Z","event":"request.end","callId":"torn","outc',
    ];
    appendFileSync(path, lines.join("\n"));
    const told = await rows(
      "SELECT call_id, outcome, ended_at, duration_ms, attempts FROM calls ORDER BY seq",
      odd,
    );
    const none = { ended_at: null, duration_ms: null, attempts: null };
    expect(told).toEqual([
      { ...none, call_id: "dead", outcome: "unknown", ended_at: "2026-11-25T09:00:00.000Z" },
      { ...none, call_id: "odd", outcome: "ok" },
      { ...none, call_id: "worse", outcome: null },
    ]);
    expect(await rows("SELECT count(*) AS n FROM attempts", odd)).toEqual([{ n: 0 }]);
  });

  it("counts once what was written again in the next segment", async () => {
    const twice = join(root, "twice");
    writeJournal(twice, [...calls.slice(0, 6), ...calls.slice(3, 6)], { segmentCalls: 6 });
    expect(await rows("SELECT count(*) AS n FROM calls", twice)).toEqual([{ n: 6 }]);
  });

  it("refuses a folder that DuckDB would take for a pattern", async () => {
    const wild = join(root, "a*b");
    writeJournal(wild, calls.slice(0, 1));
    const { code, stderr } = await play(["audit", "query", "FROM calls", "--dir", wild]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("wildcards")]);
  });

  it("takes no part of a path for something else", async () => {
    for (const name of ["[b]", "b", "outcome=lost"]) {
      const count = name === "b" ? 5 : 3;
      writeJournal(join(root, name), calls.slice(0, count), { segmentCalls: 1 });
    }
    const sql = "SELECT count(*) AS n FROM calls WHERE outcome IN ('ok', 'failed', 'aborted')";
    for (const name of ["[b]", "outcome=lost"]) expect(await rows(sql, join(root, name))).toEqual([{ n: 3 }]);
    const file = segmentFile(CHAIN_ID, 1);
    expect(await rows("SELECT DISTINCT file FROM entries ORDER BY file LIMIT 1", join(root, "[b]"))).toEqual([
      { file },
    ]);
  });

  it("says how to get DuckDB where there is none", async () => {
    const missing = () => Promise.reject(new Error("Cannot find package '@duckdb/node-api'\nmore"));
    await expect(loadDuckDb(missing)).rejects.toThrow(
      /package '@duckdb\/node-api'\): npm install @duckdb\/node-api$/,
    );
  });
});

describe("docs/report.md", () => {
  const page = readFileSync(new URL("../../docs/report.md", import.meta.url), "utf8");
  const queries = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = ""]) => sql);

  it("has five queries", () => expect(queries).toHaveLength(5));

  it.each(queries)("has a query that gives rows: %s", async (sql) => {
    const told = await rows(sql, await withFailures());
    expect(told.length).toBeGreaterThan(0);
  });

  it.each(["report", "export"])("has the flags of %s, and no others", async (command) => {
    const { stdout } = await play(["audit", command, "--help"]);
    const known = [...stdout.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, flag]) => flag);
    const section = page.split(/^## /m).find((part) => part.startsWith(`open-router audit ${command}`)) ?? "";
    const table = section.split("\n").filter((line) => line.startsWith("| `--"));
    const told = table.flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/--[a-z]+/g)].map(([flag]) => flag),
    );
    expect(new Set([...told, "--dir"])).toEqual(new Set(known));
  });
});

/** Synthetic calls hardly ever fail. */
async function withFailures(): Promise<string> {
  const failing = join(root, "failing");
  const [call] = calls.filter(({ record }) => record.attempts.length > 1);
  const { answeredBy: _, ...record } = call!.record;
  const error = { code: "exhausted", class: "overloaded" };
  rmSync(failing, { recursive: true, force: true });
  writeJournal(failing, [
    ...calls.slice(0, 50),
    { ...call!, record: { ...record, outcome: "failed", error } },
  ]);
  return failing;
}
