import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import {
  type AuditRecord,
  type AuditSink,
  journalAudit,
  jsonlAudit,
  memoryAudit,
} from "../../../src/chain.js";
import type { JournalEntry } from "../../../src/journal/entry.js";

/** A sink that is compared with the records that callers were given. */
export interface Ledger {
  sink: AuditSink;
  /** What is wrong with what was told of these calls, which have all ended; forgets them. */
  settle(records: readonly AuditRecord[]): string[];
  /** What is wrong in the end, when the chain is closed; `records` were settled. */
  finish?(): Promise<string[]>;
}

/** Each call once, and the very object that the caller has. */
export function memoryLedger(): Ledger {
  const sink = memoryAudit({ limit: Number.POSITIVE_INFINITY });
  return {
    sink,
    settle(records) {
      const told = sink.records.splice(0);
      const known = new Set(told);
      if (told.length !== known.size || told.length !== records.length)
        return [`${records.length} calls and ${told.length} records, ${known.size} of them different`];
      return records.filter((record) => !known.has(record)).map(({ callId }) => `no record of ${callId}`);
    },
  };
}

interface Told {
  starts: number;
  notedAt?: number;
  attempts: unknown[];
  writes: number;
}

/** A start, then every attempt of the record as it stands there, then the record, once. */
export function orderLedger(): Ledger & { notedAt(callId: string): number | undefined } {
  let told = new Map<string, Told>();
  const wrong: string[] = [];
  const of = (callId: string): Told => {
    const known = told.get(callId);
    if (known) return known;
    wrong.push(`${callId} was not started`);
    return { starts: 0, attempts: [], writes: 0 };
  };
  return {
    notedAt: (callId) => told.get(callId)?.notedAt,
    sink: {
      async start({ callId }) {
        if (told.has(callId)) wrong.push(`${callId} was started twice`);
        const entry: Told = { starts: 1, attempts: [], writes: 0 };
        told.set(callId, entry);
        await new Promise((resolve) => setImmediate(resolve));
        entry.notedAt = Date.now();
      },
      attempt({ callId, ...entry }) {
        const call = of(callId);
        if (call.writes > 0) wrong.push(`${callId}: attempt ${entry.n} was told of after the record`);
        call.attempts.push(structuredClone(entry));
      },
      write({ callId }) {
        of(callId).writes++;
      },
    },
    settle(records) {
      for (const { callId, attempts } of records) {
        const call = told.get(callId);
        if (call?.writes !== 1) wrong.push(`${callId} was written ${call?.writes ?? 0} times`);
        if (call?.starts !== 1) wrong.push(`${callId} was written and never started`);
        const entries = (call?.attempts ?? []) as { n: number }[];
        if (
          !isDeepStrictEqual(
            entries.toSorted((a, b) => a.n - b.n),
            attempts,
          )
        )
          wrong.push(`${callId}: told of ${JSON.stringify(entries)}, recorded ${JSON.stringify(attempts)}`);
      }
      if (told.size !== records.length) wrong.push(`${told.size} calls were told of, ${records.length} made`);
      told = new Map();
      return wrong.splice(0);
    },
  };
}

const hashOf = (line: string) => createHash("sha256").update(line).digest("base64");

/** Each record one line of the file. */
export function jsonlLedger(path: string): Ledger {
  const hashes = new Map<string, string>();
  return {
    sink: jsonlAudit(path),
    settle(records) {
      for (const record of records) hashes.set(record.callId, hashOf(JSON.stringify(record)));
      return [];
    },
    async finish() {
      const wrong: string[] = [];
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const { callId } = JSON.parse(line) as AuditRecord;
        if (hashes.get(callId) !== hashOf(line)) wrong.push(`the line of ${callId} is not its record`);
        hashes.delete(callId);
      }
      return [...wrong, ...[...hashes.keys()].map((callId) => `no line of ${callId}`)];
    },
  };
}

interface Written {
  record: string;
  attempts: string[];
  starts: number;
}

/** Each call a start, a line for every attempt of its record, and an end with the record; nothing lost, nothing else. */
export function journalLedger(dir: string): Ledger {
  const sink = journalAudit({ dir });
  const calls = new Map<string, Written>();
  const take = (entry: JournalEntry, wrong: string[]) => {
    if (entry.event === "gap") wrong.push(`a gap: ${JSON.stringify(entry)}`);
    if (entry.event !== "request.start" && entry.event !== "attempt" && entry.event !== "request.end") return;
    const call = calls.get(entry.callId);
    if (!call) return void wrong.push(`${entry.event} of ${entry.callId}, which is no call or has ended`);
    if (entry.event === "request.start") call.starts++;
    else if (entry.event === "attempt") {
      const at = call.attempts.indexOf(hashOf(JSON.stringify(entry.attempt)));
      if (at < 0) wrong.push(`${entry.callId}: attempt ${entry.attempt.n} is in no record`);
      else call.attempts.splice(at, 1);
    } else {
      const record = "record" in entry ? hashOf(JSON.stringify(entry.record)) : entry.outcome;
      if (record !== call.record) wrong.push(`${entry.callId}: its end is not its record`);
      if (call.attempts.length > 0)
        wrong.push(`${entry.callId}: ${call.attempts.length} attempts are missing`);
      if (call.starts !== 1) wrong.push(`${entry.callId}: ${call.starts} starts`);
      calls.delete(entry.callId);
    }
  };
  return {
    sink,
    settle(records) {
      for (const record of records) {
        const attempts = record.attempts.map((attempt) => hashOf(JSON.stringify(attempt)));
        calls.set(record.callId, { record: hashOf(JSON.stringify(record)), attempts, starts: 0 });
      }
      return [];
    },
    async finish() {
      const wrong: string[] = [];
      const files = (await readdir(dir)).filter((name) => name.endsWith(".jsonl")).sort();
      for (const file of files) {
        const lines = createInterface({ input: createReadStream(join(dir, file)) });
        for await (const line of lines) take(JSON.parse(line) as JournalEntry, wrong);
      }
      return [...wrong, ...[...calls.keys()].map((callId) => `no end of ${callId}`)];
    },
  };
}
