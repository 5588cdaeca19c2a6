import type { AuditAttempt, AuditRecord } from "../record.js";
import type { CallRow, CallState } from "./wire.js";

const TRAIL = 12;

/** A call as the index keeps it. */
export interface KeptCall {
  callId: string;
  /** Ms since 1970. */
  at: number;
  /** Counts the calls as they were read; tells apart those of one moment. */
  n: number;
  state: CallState;
  labels: Record<string, string>;
  userId?: string;
  /** So far, while it runs. */
  attempts: AuditAttempt[];
  /** Slim. */
  record?: AuditRecord;
  /** Where its lines are. */
  chainId: string;
  firstSeq: number;
  lastSeq: number;
}

export function attemptsOf({ record, attempts }: KeptCall): readonly AuditAttempt[] {
  return record?.attempts ?? attempts;
}

export function failureOf(call: KeptCall): string | undefined {
  return call.record?.error?.class ?? attemptsOf(call).find(({ failure }) => failure)?.failure?.class;
}

export function targetOf(call: KeptCall): string | undefined {
  return call.record?.answeredBy?.target ?? attemptsOf(call).at(-1)?.target;
}

/** More than one target was asked. */
export function isFailover(call: KeptCall): boolean {
  const attempts = attemptsOf(call);
  return attempts.some(({ target }) => target !== attempts[0]?.target);
}

export function rowOf(call: KeptCall): CallRow {
  const { callId, at, state, labels, userId, record } = call;
  const attempts = attemptsOf(call);
  const target = targetOf(call);
  const failure = failureOf(call);
  const won = attempts.find(({ n }) => n === record?.answeredBy?.attempt);
  return {
    callId,
    at,
    state,
    attempts: attempts.length,
    trail: attempts
      .slice(0, TRAIL)
      .map(({ outcome }) => outcome.charAt(0))
      .join(""),
    failover: isFailover(call),
    hedged: attempts.some(({ why }) => why === "hedge"),
    recovered: record?.recovery !== undefined || attempts.some(({ why }) => why === "recovery"),
    labels,
    ...(record && { durationMs: record.durationMs }),
    ...(target !== undefined && { target }),
    ...(record?.answeredBy && { model: record.answeredBy.model }),
    ...(failure !== undefined && { failure }),
    ...(won?.firstContentMs !== undefined && {
      firstContentMs: Math.max(0, Date.parse(won.startedAt) - at) + won.firstContentMs,
    }),
    ...(record?.cost && { costUsd: record.cost.usd }),
    ...(userId !== undefined && { userId }),
  };
}
