import { isDeepStrictEqual } from "node:util";
import { type AuditRecord, FallbackChainError } from "../../../src/chain.js";
import type { Check, Try } from "./check.js";
import {
  checkAccounts,
  checkBudget,
  checkCost,
  checkRetries,
  checkStops,
  checkWindows,
} from "./checks-of-attempts.js";
import { checkText } from "./checks-of-text.js";
import type { Called, Played } from "./play.js";
import type { Scenario } from "./scenario.js";
import { keyOf } from "./script.js";
import { isOpen } from "./stage.js";

/** Everything that must hold of a run and does not, in words. */
export function broken(played: Played): string[] {
  const found = [...played.violations];
  const check: Check = (holds, what) => {
    if (!holds) found.push(what);
  };
  for (const call of played.calls) checkCall(call, played, check);
  checkRun(played, check);
  return found;
}

function checkCall(call: Called, played: Played, check: Check): void {
  const { scenario } = played;
  const { outcome, error, record, endedAt, spec } = call;
  check(outcome !== undefined && endedAt !== undefined, "a call hangs");
  if (outcome === "refused") {
    check(scenario.closeAtMs !== undefined && /closed/.test(String(error)), `refused: ${error}`);
    return;
  }
  check(outcome !== "broken", `a call ends with ${error}`);
  if (!record || endedAt === undefined) return;
  const mine = played.seen.filter(({ callId }) => callId === record.callId);
  check(
    isDeepStrictEqual(
      record.attempts.map(({ n, model, provider }) => [n, model, provider]),
      mine.map(({ n, provider, request }) => [n, request.model, provider]),
    ),
    "the record's attempts are not the requests that left",
  );
  check(call.listeners === 0, `${call.listeners} listeners on the caller's signal`);
  for (const { request } of mine)
    check(request.messages[0]!.content === call.prompt, "a request of another call's prompt");
  const tries = record.attempts.flatMap((entry, i): Try[] => (mine[i] ? [{ entry, seen: mine[i] }] : []));
  checkTime(call, tries, scenario, check);
  checkOutcome(call, record, check);
  checkText(call, tries, scenario, check);
  checkRetries(tries, scenario, check);
  checkStops(tries, scenario, check);
  checkAccounts(tries, check);
  checkWindows(tries, scenario, check);
  checkCost(tries, record, scenario, check);
  checkSecrets(record, error, call.prompt, check);
  check(isDeepStrictEqual(JSON.parse(JSON.stringify(record)), record), "the record is not plain JSON");
  check(spec.asks !== "JSON" || record.recovery === undefined, "an answer in JSON was recovered");
}

function checkTime(
  { startedAt, endedAt, record }: Called,
  tries: readonly Try[],
  { totalMs }: Scenario,
  check: Check,
): void {
  check(
    Math.abs(record!.durationMs - (endedAt! - startedAt)) < 0.01,
    "the record's duration is not the call's",
  );
  if (totalMs === false) return;
  const deadline = startedAt + totalMs;
  check(endedAt! <= deadline, `ended ${endedAt! - deadline} ms behind the deadline`);
  for (const { seen } of tries) {
    check(seen.at <= deadline - 250, `an attempt ${deadline - seen.at} ms before the deadline`);
    check(seen.endedAt !== undefined && seen.endedAt <= endedAt!, "a request outlives its call");
  }
}

function checkOutcome({ outcome, error, parts, spec }: Called, record: AuditRecord, check: Check): void {
  const finishes = parts.filter(({ type }) => type === "finish").length;
  const won = record.attempts.filter((entry) => entry.outcome === "won");
  if (outcome === "answered") {
    check(record.outcome === "ok", `answered, and the record says ${record.outcome}`);
    check(finishes === 1 && parts.at(-1)?.type === "finish", `${finishes} parts finish the answer`);
  } else {
    check(finishes === 0 || outcome === "left", "a call without an answer finishes");
  }
  check((record.outcome === "ok") === (won.length === 1), `${record.outcome} with ${won.length} winners`);
  check((record.answeredBy !== undefined) === (won.length === 1), "answeredBy is not the winner");
  if (won[0]) check(record.answeredBy?.attempt === won[0].n, "answeredBy is not the winner");
  if (won[0]) check(isDeepStrictEqual(record.usage, won[0].usage), "the usage is not the winner's");
  if (FallbackChainError.is(error)) {
    check(record.error?.code === error.code, "record and error disagree");
    check(error.record === record, "the error has another record");
    check(
      (error.code === "aborted") === (record.outcome === "aborted"),
      "the outcome is not that of the code",
    );
    check(error.message.length > 0 && error.message.length < 2_000, "the error says nothing, or too much");
  }
  const restarts = parts.filter(({ type }) => type === "restart").length;
  check(restarts <= (record.recovery?.count ?? 0), `${restarts} restarts, and the record knows of fewer`);
  if (spec.gate === "complete" || spec.reader === "completes" || spec.asks === "JSON")
    check(restarts === 0, "a restart behind a gate that waits for the whole answer");
  for (const part of parts) {
    if (part.type !== "restart") continue;
    check(record.attempts[part.attempt - 1]?.outcome === "failed", "a restart after no failure");
  }
}

function checkSecrets(record: AuditRecord, error: unknown, prompt: string, check: Check): void {
  const said = [
    JSON.stringify(record),
    ...(FallbackChainError.is(error) ? [error.message, JSON.stringify(error), String(error.cause)] : []),
  ].join("\n");
  check(!said.includes(prompt.slice(0, 20)), "the prompt is told");
  for (const account of ["account-0", "account-1"]) check(!said.includes(keyOf(account)), "a key is told");
}

function checkRun({ scenario, calls, seen, chains, timersLeft }: Played, check: Check): void {
  check(calls.length === scenario.calls.length, "not every call was made");
  check(timersLeft === 0, `${timersLeft} timers outlive the last call`);
  const open = seen.filter(isOpen).map(({ tag }) => tag);
  check(open.length === 0, `requests left open: ${open}`);
  const held = seen.filter((each) => each.held).map(({ tag }) => tag);
  check(held.length === 0, `streams neither read to their end nor closed: ${held}`);
  const records = calls.flatMap(({ record }) => record ?? []);
  check(new Set(records.map(({ callId }) => callId)).size === records.length, "two calls with one id");
  const told = chains.flatMap(({ audit }) => audit.records);
  check(
    told.length === records.length && records.every((record) => told.includes(record)),
    `${told.length} records were written of ${records.length} calls`,
  );
  for (const { chain, ids } of chains) {
    const health = chain.health();
    check(isDeepStrictEqual(Object.keys(health), ids), "the chain's targets have changed their order");
    for (const { target, inFlight } of Object.values(health))
      check(inFlight === 0, `${inFlight} attempts in flight at ${target} after all have ended`);
  }
  checkBudget(scenario, records, check);
}
