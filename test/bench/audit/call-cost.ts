import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Dispatch } from "../../../src/audit/dispatch.js";
import { journalAudit } from "../../../src/audit/journal.js";
import { systemClock } from "../../../src/clock.js";
import type { AuditSink } from "../../../src/record.js";
import { type SyntheticCall, syntheticCalls } from "../../support/synthetic-calls.js";
import { threadTimeUs } from "../thread-time.js";

const CALLS = 20_000;
const ROUNDS = 5;
/** Calls under way at once. */
const AT_ONCE = 100;

const content = { request: { messages: [] }, text: "" };
const logger = { error() {}, warn() {}, info() {}, debug() {} } as never;

/** Records tell times to the microsecond. */
function rounded(call: SyntheticCall): SyntheticCall {
  const json = JSON.stringify(call, (_, value) =>
    typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value,
  );
  return JSON.parse(json);
}

async function run(
  calls: readonly SyntheticCall[],
  dispatch: Dispatch,
  flush: () => Promise<void> | undefined,
): Promise<number> {
  const before = threadTimeUs();
  let next = 0;
  const lane = async () => {
    for (let call = calls[next++]; call; call = calls[next++]) {
      const { start, record } = call;
      await dispatch.start(start, content);
      for (const attempt of record.attempts) dispatch.attempt(attempt, start.callId);
      dispatch.write(record, content);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await flush();
  return threadTimeUs() - before;
}

export interface CallCost {
  /** Event-loop time per call: start, attempts and end, over that of a chain without sinks; the median round. */
  us: number;
  bytes: number;
  attempts: number;
}

/** What a call costs through Dispatch and journalAudit. */
export async function callCost(dir: string, durability: "memory" | "os" | "fsync"): Promise<CallCost> {
  const calls = [...syntheticCalls(CALLS)].map(rounded);
  const dispatchTo = (sinks: AuditSink[]) => new Dispatch(sinks, logger, systemClock);
  const rounds: number[] = [];
  const sink = journalAudit({ dir, durability, maxQueueBytes: 64 << 20 });
  const none = dispatchTo([]);
  const journal = dispatchTo([sink]);
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    const kept = await run(calls, journal, () => sink.flush?.());
    const plain = await run(calls, none, () => undefined);
    if (round > 0) rounds.push((kept - plain) / CALLS);
  }
  if (sink.lost > 0 || journal.errors > 0)
    throw new Error(`${sink.lost} lines lost, ${journal.errors} errors`);
  await sink.close?.();
  const sizes = (await readdir(dir))
    .filter((file) => file.endsWith(".jsonl"))
    .map((file) => statSync(join(dir, file)).size);
  return {
    us: rounds.sort((a, b) => a - b)[ROUNDS >> 1] as number,
    bytes: sizes.reduce((sum, size) => sum + size, 0) / (CALLS * (ROUNDS + 1)),
    attempts: calls.reduce((sum, { record }) => sum + record.attempts.length, 0) / CALLS,
  };
}
