import type { AuditAttempt, AuditRecord } from "../record.js";
import type { Strings } from "./strings.js";

/**
 * What list and charts need of a record, in half of the memory; the whole one stays in its file. Each key is named: what
 * `...rest` makes is a dictionary, twice the size of an object of a known shape.
 */
export function slimRecord(record: AuditRecord, strings: Strings): AuditRecord {
  const { v, callId, startedAt, streamed, durationMs, outcome, answeredBy, cost, recovery, error } = record;
  const slim: AuditRecord = {
    v,
    callId,
    startedAt,
    strategy: strings.one(record.strategy),
    streamed,
    labels: strings.same(record.labels),
    caller: NOBODY,
    requestDigest: "",
    durationMs,
    outcome,
    attempts: record.attempts.map((attempt) => slimAttempt(attempt, strings)),
    skipped: record.skipped.map(({ target, reason }) => ({ target: strings.one(target), model: "", reason })),
  };
  if (answeredBy) {
    const { target, model, requestedModel, provider, attempt } = answeredBy;
    slim.answeredBy = {
      target: strings.one(target),
      model: strings.one(model),
      requestedModel: strings.one(requestedModel),
      provider: strings.one(provider),
      attempt,
    };
  }
  if (cost) slim.cost = cost;
  if (recovery) slim.recovery = recovery;
  if (error) slim.error = error;
  if (record.breakers) slim.breakers = record.breakers;
  return slim;
}

export function slimAttempt(attempt: AuditAttempt, strings: Strings): AuditAttempt {
  const { n, why, startedAt, durationMs, outcome, firstContentMs, failure, usage, cost } = attempt;
  const slim: AuditAttempt = {
    n,
    target: strings.one(attempt.target),
    model: strings.one(attempt.model),
    provider: strings.one(attempt.provider),
    why,
    startedAt,
    durationMs,
    outcome,
  };
  if (firstContentMs !== undefined) slim.firstContentMs = firstContentMs;
  if (usage) slim.usage = usage;
  if (cost) slim.cost = cost;
  if (failure) slim.failure = strings.same({ class: failure.class, scope: failure.scope, message: "" });
  return slim;
}

/** Who called is kept beside the record. */
const NOBODY = {};
