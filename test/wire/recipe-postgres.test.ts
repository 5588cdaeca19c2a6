import { readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { postgresAudit } from "../../docs/examples/postgres.js";
import { type AuditSink, memoryAudit } from "../../src/chain.js";
import { answer } from "../../src/providers/scripted.js";
import { ask, bench, story } from "../support/chain.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

let database: PGlite;
beforeAll(async () => {
  database = await PGlite.create();
  const schema = await read("docs/examples/postgres.sql");
  await database.exec(schema);
  // As the next deployment does.
  await database.exec(schema);
}, 60_000);
beforeEach(() => database.exec("TRUNCATE model_calls"));
afterAll(() => database.close());

const rows = async (sql: string) => (await database.query<Record<string, unknown>>(sql)).rows;

/** A query of the recipe's page, by the words of its first line. */
async function recipe(title: string): Promise<string> {
  const page = await read("docs/recipes.md");
  const [, query] = page.split(`-- ${title}\n`);
  expect(query).toBeDefined();
  return String(query).split(/;\n/)[0] as string;
}

const unavailable = { kind: "http" as const, status: 503, headers: {}, body: "{}" };

/** Three calls over two models of which the first is down, with the sink under test. */
async function threeCalls(sink: AuditSink) {
  const memory = memoryAudit();
  const { chain } = bench(
    { "a/one": [[unavailable]], "b/two": [answer("Hello.")] },
    { audit: [memory, sink], retry: { overloaded: { retries: 0 } }, breaker: false },
  );
  const answers = [await chain.complete(ask), await chain.complete(ask), await chain.complete(ask)];
  return { chain, answers, records: memory.records };
}

describe("the Postgres recipe", () => {
  it("keeps each call as a row, and each request as one of the view", async () => {
    const { chain, records } = await threeCalls(postgresAudit(database));
    await chain.close();
    expect(chain.sinkErrors).toBe(0);
    const kept = await rows("SELECT * FROM model_calls ORDER BY started_at, call_id");
    const byId = (a: { callId: string }, b: { callId: string }) => (a.callId < b.callId ? -1 : 1);
    const whole = kept.map((row) => row.record as { callId: string });
    expect(whole.sort(byId)).toEqual(JSON.parse(JSON.stringify([...records].sort(byId))));
    for (const row of kept)
      expect(row).toMatchObject({ outcome: "ok", target: "b/two", requested_model: "b/two", model: "b/two" });
    const [sums] = await rows(
      "SELECT sum(input_tokens)::int AS input, sum(output_tokens)::int AS output FROM model_calls",
    );
    expect(sums).toEqual({ input: 3, output: 3 });
    const attempts = await rows(
      "SELECT target, why, outcome, failure FROM model_attempts ORDER BY call_id, n",
    );
    expect(attempts.map((each) => Object.values(each).filter(Boolean).join(" "))).toEqual(
      records.flatMap(story).map((line) => line.replace(/ next$/, "")),
    );
  });

  it("takes a record twice, and what Postgres cannot store, without losing others", async () => {
    const sink = postgresAudit(database);
    const records = [...syntheticCalls(30)].map(({ record }) => record);
    await Promise.all([...records, ...records].map((record) => sink.write(record)));
    await sink.write(records[0]!);
    const [odd] = [...syntheticCalls(1, { seed: 2 })].map(({ record }) => record);
    await sink.write({ ...odd!, labels: { nul: "a\0b", half: "c\ud800d", backslash: "\\u0000" } });
    const kept = await rows("SELECT count(*)::int AS n FROM model_calls");
    expect(kept).toEqual([{ n: 31 }]);
    const [{ labels } = {}] = await rows("SELECT labels FROM model_calls WHERE labels ? 'nul'");
    expect(labels).toEqual({ nul: "a\ufffdb", half: "c\ufffdd", backslash: "\\u0000" });
    const [money] = await rows(
      "SELECT sum(cost_usd)::float AS usd FROM model_calls WHERE NOT labels ? 'nul'",
    );
    expect(money?.usd).toBeCloseTo(
      records.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0),
      9,
    );
  });

  it("puts records that wait into one statement, and leaves out those beyond 1,000", async () => {
    let go = () => {};
    const statements: number[] = [];
    const busy = new Promise<void>((resolve) => {
      go = resolve;
    });
    const sink = postgresAudit({
      async query(_text, [records]) {
        statements.push(JSON.parse(String(records)).length);
        await busy;
      },
    });
    const { record } = [...syntheticCalls(1)][0]!;
    const first = sink.write(record);
    await new Promise(setImmediate);
    const more = Promise.allSettled(Array.from({ length: 1_005 }, () => sink.write(record)));
    go();
    await first;
    const refused = (await more).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(5);
    expect(statements).toEqual([1, 1_000]);
  });

  it("changes no call when the database fails, and goes on when it is back", async () => {
    let down = true;
    const query = (text: string, values: unknown[]) =>
      down ? Promise.reject(new Error("connection refused")) : database.query(text, values);
    const { chain, answers } = await threeCalls(postgresAudit({ query }));
    expect(answers.map(({ text }) => text)).toEqual(["Hello.", "Hello.", "Hello."]);
    expect(await rows("SELECT 1 FROM model_calls")).toEqual([]);
    expect(chain.sinkErrors).toBe(3);
    down = false;
    await chain.complete(ask);
    await chain.close();
    expect(await rows("SELECT outcome FROM model_calls")).toEqual([{ outcome: "ok" }]);
  });

  it("changes no call when the database hangs, and holds up no closing beyond its bound", async () => {
    const { chain, answers } = await threeCalls(postgresAudit({ query: () => new Promise(() => {}) }));
    expect(answers.map(({ text }) => text)).toEqual(["Hello.", "Hello.", "Hello."]);
    expect(chain.sinkErrors).toBe(0);
    await chain.close({ timeoutMs: 20 });
    expect(chain.sinkErrors).toBeGreaterThan(0);
  });

  it("answers the queries of its page", async () => {
    const sink = postgresAudit(database);
    const records = [...syntheticCalls(400, { everyMs: 20_000 })].map(({ record }) => record);
    await Promise.all(records.map((record) => sink.write(record)));

    const shares = await rows(await recipe("Who answered, by day"));
    const answered = records.filter(({ answeredBy }) => answeredBy);
    expect(shares.reduce((sum, { calls }) => sum + Number(calls), 0)).toBe(answered.length);
    for (const { target, calls, share } of shares) {
      const own = answered.filter(({ answeredBy }) => answeredBy?.target === target).length;
      expect(Number(calls)).toBe(own);
      expect(Number(share)).toBeCloseTo(own / answered.length, 3);
    }

    const failures = await rows(await recipe("What failed where, and what that cost"));
    const failed = records.flatMap(({ attempts }) => attempts).filter(({ failure }) => failure);
    expect(failures.length).toBeGreaterThan(5);
    for (const { target, failure, attempts, usd } of failures) {
      const own = failed.filter((each) => each.target === target && each.failure?.class === failure);
      expect(Number(attempts)).toBe(own.length);
      expect(Number(usd)).toBeCloseTo(
        own.reduce((sum, { cost }) => sum + (cost?.usd ?? 0), 0),
        9,
      );
    }
    expect(failures.reduce((sum, { attempts }) => sum + Number(attempts), 0)).toBe(failed.length);
  });
});
