import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Logger, silentLogger } from "../../src/logger.js";
import { seeded } from "../../src/seeded.js";
import { type SimulatedRequest, type Simulator, startSimulator } from "../../src/testing/index.js";
import { type Called, call } from "../support/evidence/callers.js";
import { KEYS, type Opened, type Rig, rigs } from "../support/evidence/chains.js";
import { compareAttempts, compareRecord } from "../support/evidence/compare.js";
import {
  journalLedger,
  jsonlLedger,
  type Ledger,
  memoryLedger,
  orderLedger,
} from "../support/evidence/ledgers.js";
import { MODELS, MUTE } from "../support/evidence/models.js";

/** 10⁵ in `npm run test:deep`. */
const CALLS = Number(process.env.EVIDENCE_CALLS ?? 2_000);
const SEED = Number(process.env.SIM_SEED ?? 1);
const IN_FLIGHT = 1_000;
/** Of the mismatches of a round. */
const SHOWN = 5;
/** What the provider has logged is compared, and forgotten, after so many calls. */
const ROUND = 10_000;
/** What chance has withheld from the calls until then is waited for through so many more rounds, as small as this. */
const MORE = { rounds: 20, calls: 500 };
/** A start that takes longer to be noted is not waited for. */
const START_WAIT_MS = 250;

let folder: string;
let simulator: Simulator;
const opened: Opened = new Set();
/** Attempts whose request the provider has not seen. */
const missed = new Set<string>();
const order = orderLedger();
/** Errors of sinks. */
const complaints: string[] = [];
let ledgers: Ledger[];
let chains: Rig[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "evidence-"));
  simulator = await startSimulator({ models: MODELS, keys: KEYS, seed: SEED, logLimit: 1_000_000 });
  // Each is told by every chain; one that keeps records must end up with exactly those that the callers have.
  ledgers = [
    memoryLedger(),
    order,
    jsonlLedger(join(folder, "audit.jsonl")),
    journalLedger(join(folder, "journal")),
  ];
  const error = (fields: object, message?: string) => {
    if (message === "audit sink failed") complaints.push(JSON.stringify(fields));
  };
  const logger = { ...silentLogger, error } as Logger;
  chains = rigs(simulator.baseURL, opened, () => ledgers.map(({ sink }) => sink), logger);
});

afterAll(async () => {
  await Promise.all(chains.map(({ chain }) => chain.close({ timeoutMs: 0 })));
  await simulator.close();
  await rm(folder, { recursive: true });
});

/** What the records of a round of calls do not share with the provider's log, and with what sinks were told. */
function mismatches(round: readonly Called[]): string[] {
  const found: string[] = [];
  const log = new Map<string, SimulatedRequest>();
  const nameless: SimulatedRequest[] = [];
  for (const entry of simulator.requests) {
    const { user } = Object(entry.body) as { user?: string };
    // A client that left in the middle of its request has not said who it is.
    if (user === undefined) nameless.push(entry);
    else if (log.has(user)) found.push(`${user} came twice`);
    else log.set(user, entry);
  }
  const requests = log.size;
  let attempts = 0;
  for (const called of round) {
    const { record, n, rig, habit } = called;
    const wrong: string[] = [];
    const say = (what: string) => wrong.push(what);
    const first = log.get(`${record.callId}-1`);
    const noted = order.notedAt(record.callId);
    if (
      first &&
      !(noted !== undefined && noted <= first.at) &&
      first.at - Date.parse(record.startedAt) < START_WAIT_MS
    )
      say("sent a request before its start was noted");
    for (const attempt of record.attempts) {
      attempts++;
      if (!opened.delete(`${record.callId}-${attempt.n}`)) say(`attempt ${attempt.n} was never made`);
    }
    compareRecord(called, say);
    compareAttempts(called, log, missed, say);
    if (wrong.length > 0)
      found.push(`call ${n} (${rig.name}, ${habit}): ${wrong.join("; ")}\n${JSON.stringify(record)}`);
  }
  // Given up in an earlier round, and seen by the provider only now.
  const unknown = [...log.keys()].filter((id) => !missed.delete(id));
  found.push(...unknown.map((id) => `the request of attempt ${id} is in no record`));
  found.push(...[...opened].map((id) => `attempt ${id} was made and is in no record`));
  if (nameless.length > missed.size || nameless.some(({ closedBy }) => closedBy !== "client"))
    found.push(`${nameless.length} requests without a name, ${missed.size} attempts without a request`);
  const records = round.map(({ record }) => record);
  for (const ledger of ledgers) found.push(...ledger.settle(records));
  tally(round, { attempts, requests });
  simulator.clear();
  opened.clear();
  return found;
}

const EVERYTHING = [
  "ok aborted deadline interrupted exhausted first retry failover hedge recovery restart continue",
  "won failed cancelled rate_limit overloaded server_error network timeout stream_interrupted",
  "empty_response invalid_response context_length auth content_filter",
].flatMap((line) => line.split(" "));

/** On a busy machine the short clocks may leave the mute one no answer. */
const ANSWERS = Object.keys(MODELS).flatMap((model) => (model === MUTE ? [] : `by ${model}`));

const withheld = () => [...EVERYTHING, ...ANSWERS].filter((what) => !reached.by.has(what));

const reached = { calls: 0, attempts: 0, requests: 0, most: 0, by: new Map<string, number>() };

function tally(
  round: readonly Called[],
  { attempts, requests }: { attempts: number; requests: number },
): void {
  reached.calls += round.length;
  reached.attempts += attempts;
  reached.requests += requests;
  const count = (what: string) => reached.by.set(what, (reached.by.get(what) ?? 0) + 1);
  for (const { record } of round) {
    count(record.error?.code ?? record.outcome);
    if (record.answeredBy) count(`by ${record.answeredBy.requestedModel}`);
    if (record.recovery) count(record.recovery.mode);
    for (const { why, outcome, failure } of record.attempts) {
      count(why);
      count(outcome);
      if (failure) count(failure.class);
    }
  }
}

describe("under load, records equal the provider's own log", () => {
  test(
    `${CALLS} calls, ${IN_FLIGHT} at a time, a quarter of their attempts faulty`,
    async () => {
      const random = seeded(SEED);
      let next = 0;
      let inFlight = 0;
      const callUntil = async (end: number) => {
        const round: Called[] = [];
        const work = async () => {
          while (next < end) {
            const n = next++;
            reached.most = Math.max(reached.most, ++inFlight);
            round.push(await call(n, chains[n % chains.length] as Rig, random));
            inFlight--;
          }
        };
        await Promise.all(Array.from({ length: IN_FLIGHT }, work));
        await simulator.waitForIdle({ timeoutMs: 10_000 });
        expect(mismatches(round).slice(0, SHOWN)).toEqual([]);
      };
      while (next < CALLS) await callUntil(Math.min(next + ROUND, CALLS));
      for (let more = 0; more < MORE.rounds && withheld().length > 0; more++)
        await callUntil(next + MORE.calls);
      for (const { chain } of chains) await chain.close();
      expect(complaints).toEqual([]);
      for (const ledger of ledgers) expect((await ledger.finish?.()) ?? []).toEqual([]);
    },
    60_000 + CALLS * 10,
  );

  test("these calls have met everything", () => {
    const { calls, attempts, requests, most } = reached;
    expect(calls).toBeGreaterThanOrEqual(CALLS);
    expect(most).toBe(IN_FLIGHT);
    // Attempts that were called off before their request had left.
    expect(attempts - requests).toBeLessThan(attempts * 0.25);
    expect(withheld()).toEqual([]);
  });
});
