import { type AuditAttempt, FallbackChainError } from "../../../src/chain.js";
import type { SimulatedRequest } from "../../../src/testing/index.js";
import { type Called, LEFT } from "./callers.js";
import { HARMLESS, textOf } from "./models.js";

/** Two clocks are compared: one of whole milliseconds by the wall, one that never goes back. */
const CLOCK_MS = 3;

type Say = (what: string) => void;

/**
 * What in the attempts of a call is not what the provider's own log says. Takes what it finds out of the log, and adds
 * to `missed` the attempts that are not there: their requests may be in a queue still.
 */
export function compareAttempts(
  called: Called,
  log: Map<string, SimulatedRequest>,
  missed: Set<string>,
  say: Say,
): void {
  const { record, prompt, rig } = called;
  const seen: { attempt: AuditAttempt; entry: SimulatedRequest }[] = [];
  for (const [index, attempt] of record.attempts.entries()) {
    const id = `${record.callId}-${attempt.n}`;
    const tell: Say = (what) => say(`attempt ${attempt.n} at ${attempt.target}: ${what}`);
    if (attempt.n !== index + 1) tell(`is number ${index + 1}`);
    const entry = log.get(id);
    log.delete(id);
    if (!entry) {
      missed.add(id);
      unseen(attempt, tell);
      continue;
    }
    seen.push({ attempt, entry });
    const { messages } = entry.body as { messages: { content: string }[] };
    if (messages[0]?.content !== prompt) tell(`asked ${messages[0]?.content}`);
    if (entry.model !== attempt.model) tell(`went to ${entry.model}`);
    if (entry.key !== rig.keys.get(attempt.target)) tell(`used the key ${entry.key}`);
    compareTimes(attempt, entry, tell);
    compareNames(attempt, entry, tell);
    compareTokens(attempt, entry, tell);
    compareOutcome(attempt, entry, tell);
  }
  compareOrder(seen, say);
}

/** One that was called off, or failed, before its request reached the provider. */
function unseen(attempt: AuditAttempt, tell: Say): void {
  const { outcome, failure, headersMs, servedModel, usage } = attempt;
  const early = outcome === "cancelled" || failure?.class === "network" || failure?.class === "timeout";
  if (!early || headersMs !== undefined || servedModel !== undefined || usage !== undefined)
    tell("is not in the provider's log");
}

function compareTimes(attempt: AuditAttempt, entry: SimulatedRequest, tell: Say): void {
  const start = Date.parse(attempt.startedAt);
  const since = (at: number | undefined) => (at ?? Number.POSITIVE_INFINITY) - start - CLOCK_MS;
  const { headersMs, firstContentMs, durationMs, outcome } = attempt;
  if (entry.at < start - CLOCK_MS) tell(`arrived ${start - entry.at} ms before it began`);
  if (headersMs !== undefined && headersMs < since(entry.headersAt))
    tell("had headers before they were sent");
  if (firstContentMs !== undefined && firstContentMs < since(entry.firstTokenAt))
    tell("had content before it was sent");
  if (durationMs < Math.max(headersMs ?? 0, firstContentMs ?? 0)) tell("ended before its content");
  if (outcome === "won" && durationMs < since(entry.finishSentAt)) tell("won before the answer was sent");
}

function compareNames(attempt: AuditAttempt, entry: SimulatedRequest, tell: Say): void {
  const { servedModel, servedBy, generationId, firstContentMs, failure } = attempt;
  const told = firstContentMs !== undefined;
  const same = (what: string, recorded: string | undefined, served: string | undefined) => {
    if ((told || recorded !== undefined) && recorded !== served)
      tell(`${what} is ${recorded}, not ${served}`);
  };
  same("served model", servedModel, entry.servedModel);
  same("upstream", servedBy, entry.provider);
  same("generation", generationId, entry.generationId);
  const { requestId } = failure ?? {};
  if (requestId?.startsWith("gen-") && requestId !== entry.generationId) tell(`request id is ${requestId}`);
}

function compareTokens(attempt: AuditAttempt, entry: SimulatedRequest, tell: Say): void {
  const { usage, cost, outcome, failure, headersMs, firstContentMs } = attempt;
  const stated = JSON.stringify([entry.promptTokens, entry.completionTokens, entry.cost]);
  const billed = usage && JSON.stringify([usage.inputTokens, usage.outputTokens, usage.costUsd]);
  if (usage && entry.finishSentAt === undefined) tell("has usage that was never sent");
  if (usage && billed !== stated) tell(`has usage ${billed}, and the provider said ${stated}`);
  if (outcome === "won" && !usage && entry.usageSentAt !== undefined) tell("has no usage");
  if (!cost) {
    tell("has no cost");
    return;
  }
  const told = usage !== undefined;
  if (cost.estimated === told) tell(`has a cost that is ${told ? "" : "not "}estimated`);
  if (told && cost.usd !== entry.cost) tell(`cost ${cost.usd}, and the provider said ${entry.cost}`);
  const accepted = headersMs !== undefined && (entry.status ?? 0) < 300;
  const free = !accepted || (failure !== undefined && firstContentMs === undefined);
  if (!told && (cost.usd === 0) !== free) tell(`is reckoned at ${cost.usd} USD`);
}

function compareOutcome(attempt: AuditAttempt, entry: SimulatedRequest, tell: Say): void {
  const { outcome, failure } = attempt;
  const fault = entry.script?.fault;
  const rejected = (entry.status ?? 0) >= 300;
  if (outcome === "won" && (rejected || !HARMLESS.has(fault))) tell(`won in spite of ${fault}`);
  if (outcome !== "failed" || !failure) return;
  // A clock may strike while the answer waits in a busy machine.
  if (failure.class === "timeout" || failure.inner === "timeout") return;
  if (rejected && failure.status !== entry.status) tell(`has status ${failure.status}, not ${entry.status}`);
  if (!rejected && HARMLESS.has(fault))
    tell(`failed (${failure.class}: ${failure.message}) in spite of ${fault ?? "a healthy answer"}`);
}

/** One attempt after another at the provider, where it had dealt with the one before the other began. */
function compareOrder(seen: { attempt: AuditAttempt; entry: SimulatedRequest }[], say: Say): void {
  for (const a of seen) {
    for (const b of seen) {
      const ended = Date.parse(a.attempt.startedAt) + a.attempt.durationMs;
      if (a.attempt.n >= b.attempt.n) continue;
      // What a client gave up may wait in the provider's queue, and be seen there after what it sent next.
      const answered = a.attempt.headersMs !== undefined || a.attempt.failure?.class === "network";
      if (a.attempt.startedAt > b.attempt.startedAt)
        say(`attempt ${b.attempt.n} began before ${a.attempt.n}`);
      if (answered && ended + CLOCK_MS < Date.parse(b.attempt.startedAt) && a.entry.n > b.entry.n)
        say(`attempt ${b.attempt.n} came to the provider before ${a.attempt.n}`);
    }
  }
}

/** What in the record itself is not what the caller got, or does not add up. */
export function compareRecord(
  { n, rig, streamed, record, text, model, restarts, error }: Called,
  say: Say,
): void {
  const { attempts, answeredBy, usage, cost } = record;
  if (record.labels.call !== `${n}` || record.labels.chain !== rig.name) say("has the labels of another");
  if (record.caller.userId !== `user ${n}`) say(`has the caller ${record.caller.userId}`);
  if (record.streamed !== streamed) say("says how it was asked wrongly");
  const usd = attempts.reduce((sum, attempt) => sum + (attempt.cost?.usd ?? 0), 0);
  if (attempts.length > 0 && Math.abs((cost?.usd ?? Number.NaN) - usd) > 1e-12)
    say(`cost ${cost?.usd}, not ${usd}`);
  if (cost && cost.estimated !== attempts.some((attempt) => attempt.cost?.estimated))
    say("is estimated wrongly");
  if (restarts > (record.recovery?.count ?? 0)) say(`restarted ${restarts} times, by the record less often`);
  const winners = attempts.filter(({ outcome }) => outcome === "won");
  if (text === undefined) {
    compareError({ record, error, winners: winners.length }, say);
    return;
  }
  const [winner] = winners;
  if (record.outcome !== "ok" || record.error) say(`ended well, and is recorded as ${record.outcome}`);
  if (winners.length !== 1 || !winner || !answeredBy) {
    say(`has ${winners.length} winners`);
    return;
  }
  const { attempt, target, provider, requestedModel, servedBy, generationId } = answeredBy;
  if (attempt !== winner.n || target !== winner.target || requestedModel !== winner.model)
    say("names another winner");
  if (provider !== winner.provider || servedBy !== winner.servedBy) say("names another provider");
  if (generationId !== winner.generationId || answeredBy.model !== winner.servedModel)
    say("names another answer");
  if (JSON.stringify(usage) !== JSON.stringify(winner.usage)) say("has the usage of another attempt");
  if (model !== answeredBy.model) say(`told its caller of ${model}, and the record of ${answeredBy.model}`);
  const whole = textOf(winner.model);
  if (text !== whole && !(whole.startsWith(text) && text.length >= whole.length / 3)) say(`answered ${text}`);
}

function compareError(
  { record, error, winners }: Pick<Called, "record" | "error"> & { winners: number },
  say: Say,
): void {
  // Whoever leaves may do so when the answer is whole, and only its last part is not read.
  if (error === LEFT && record.outcome === "ok") return;
  if (winners > 0 || record.answeredBy || record.outcome === "ok")
    say("has no answer, and is recorded with one");
  if (!FallbackChainError.is(error)) return;
  if (error.record !== record || error.callId !== record.callId) say("is another than the error's");
  if (error.code !== record.error?.code) say(`ended with ${error.code}, recorded as ${record.error?.code}`);
  if ((record.outcome === "aborted") !== (error.code === "aborted"))
    say(`is ${record.outcome} by ${error.code}`);
}
