import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type AuditAttempt,
  type AuditRecord,
  jsonlAudit,
  memoryAudit,
  pinoAudit,
} from "../../../src/chain.js";
import { answer } from "../../../src/providers/scripted.js";
import { ask, bench, drain } from "../../support/chain.js";

const record = (callId: string) => ({ v: 1, callId }) as AuditRecord;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "audit-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("jsonlAudit", () => {
  it("appends one line of JSON per record, in order, making the folder", async () => {
    const path = join(folder, "deep", "audit.jsonl");
    const sink = jsonlAudit(path);
    const writes = Array.from({ length: 1_000 }, (_, i) => sink.write(record(`call-${i}`)));
    await Promise.all(writes);
    await sink.close!();
    const again = jsonlAudit(path);
    await again.write(record("last"));
    await again.close!();
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => JSON.parse(line).callId)).toEqual([
      ...writes.map((_, i) => `call-${i}`),
      "last",
    ]);
  });

  it("rejects a write that the disk refuses, and goes on when it can", async () => {
    const sink = jsonlAudit("/dev/full");
    await expect(sink.write(record("a"))).rejects.toThrow("ENOSPC");
    await expect(sink.write(record("b"))).rejects.toThrow("ENOSPC");
  });

  it("begins a line of its own behind one that a crash or a full disk cut short", async () => {
    const path = join(folder, "audit.jsonl");
    await writeFile(path, '{"v":1,"callId":"cut sh');
    const sink = jsonlAudit(path);
    await sink.write(record("a"));
    await sink.write(record("b"));
    await sink.close!();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines.slice(1).map((line) => JSON.parse(line).callId)).toEqual(["a", "b"]);
  });

  it("goes on when its file can be opened at last", async () => {
    const path = join(folder, "later", "audit.jsonl");
    await writeFile(join(folder, "later"), "in the way");
    const sink = jsonlAudit(path);
    await expect(sink.write(record("a"))).rejects.toThrow();
    await rm(join(folder, "later"));
    await Promise.all([sink.write(record("b")), sink.write(record("c"))]);
    await sink.close!();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).callId)).toEqual(["b", "c"]);
  });

  it("has everything on disk once the chain is closed", async () => {
    const path = join(folder, "audit.jsonl");
    const { chain } = bench({ "a/one": [answer("Hi.")] }, { audit: jsonlAudit(path) });
    const done = await Promise.all(Array.from({ length: 20 }, () => drain(chain.stream(ask))));
    await chain.close();
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    expect(new Set(lines)).toEqual(new Set(done.map((call) => JSON.stringify(call.record))));
  });
});

describe("a sink of one's own", () => {
  it("hears of a whole answer that nobody takes as of any other attempt, once", async () => {
    const heard: string[] = [];
    const audit = { attempt: (entry: AuditAttempt) => void heard.push(entry.outcome), write: () => {} };
    const { chain, provider } = bench({ "a/one": [answer("Hi.")] }, { audit });
    const stream = chain.stream(ask, { gate: "complete" });
    await vi.waitFor(() => expect(provider.closed).toBe(1));
    stream.cancel();
    const { attempts } = await stream.record;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["cancelled"]);
    expect(heard).toEqual(["cancelled"]);
  });

  it("may return what begins to write only when it is awaited, as query builders do", async () => {
    const written: string[] = [];
    const lazy = ({ callId }: AuditRecord) => ({
      then(resolve: () => void) {
        written.push(callId);
        resolve();
      },
    });
    const { chain } = bench({ "a/one": [answer("Hi.")] }, { audit: { write: lazy as never } });
    const { record } = await drain(chain.stream(ask));
    await chain.close();
    expect(written).toEqual([record.callId]);
  });
});

describe("memoryAudit", () => {
  it("keeps the last records up to its limit", () => {
    const sink = memoryAudit({ limit: 2 });
    for (const id of ["a", "b", "c"]) sink.write(record(id));
    expect(sink.records.map(({ callId }) => callId)).toEqual(["b", "c"]);
  });
});

describe("pinoAudit", () => {
  it("writes the record as one info line", () => {
    const out = new PassThrough();
    void pinoAudit(pino(out)).write(record("a"));
    expect(JSON.parse(out.read().toString())).toMatchObject({
      level: 30,
      msg: "audit",
      audit: { v: 1, callId: "a" },
    });
  });
});
