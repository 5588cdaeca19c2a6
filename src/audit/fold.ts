import { isoOf } from "../clock.js";
import type { ChainEvent } from "../events.js";
import type { AuditAttempt, AuditRecord, BreakerChange, CallStart, Cost } from "../record.js";
import type { Target, Usage } from "../types.js";

interface Running {
  entry: AuditAttempt;
  target: Target;
  startedAt: number;
  ended: boolean;
}

/** Folds the events of one call into its audit record. */
export class RecordFold {
  readonly #start: CallStart;
  readonly #startedAt: number;
  /** In order: `n` counts from 1. */
  readonly #attempts: Running[] = [];
  readonly #skipped: AuditRecord["skipped"] = [];
  readonly #breakers: BreakerChange[] = [];
  #answeredBy: AuditRecord["answeredBy"];
  #usage: Usage | undefined;
  #recovery: AuditRecord["recovery"];

  constructor(start: CallStart, startedAt: number) {
    this.#start = start;
    this.#startedAt = startedAt;
  }

  /** Returns the attempt that this event ended. */
  apply(event: ChainEvent): AuditAttempt | undefined {
    switch (event.type) {
      case "target.skipped":
        this.#skipped.push(event.skip);
        return undefined;
      case "attempt.started":
        this.#begin(event);
        return undefined;
      case "recovery":
        this.#recovery = { mode: event.mode, count: (this.#recovery?.count ?? 0) + 1 };
        return undefined;
      case "breaker.changed": {
        const { target, phase, at } = event;
        this.#breakers.push({ target: target.id, phase, atMs: milliseconds(at - this.#startedAt) });
        return undefined;
      }
      case "call.started":
      case "call.finished":
        return undefined;
    }
    const running = this.#attempts[event.n - 1];
    if (!running) return undefined;
    const { entry, startedAt } = running;
    const sinceStart = milliseconds(event.at - startedAt);
    switch (event.type) {
      case "attempt.headers":
        entry.headersMs = sinceStart;
        return undefined;
      case "attempt.first_content":
        entry.firstContentMs = sinceStart;
        return undefined;
      case "attempt.meta":
        if (event.model !== undefined) entry.servedModel = event.model;
        if (event.servedBy !== undefined) entry.servedBy = event.servedBy;
        if (event.generationId !== undefined) entry.generationId = event.generationId;
        return undefined;
      case "attempt.usage":
        // A copy: the record is frozen, and what a provider or a reader does with its own must not be.
        entry.usage = Object.assign({}, event.usage);
        return undefined;
      case "attempt.cost":
        entry.cost = event.cost;
        return undefined;
      case "attempt.failed":
        entry.outcome = "failed";
        entry.failure = event.failure;
        entry.verdict = event.verdict.do;
        if (event.verdict.do === "retry") entry.waitMs = milliseconds(event.verdict.waitMs);
        break;
      case "attempt.won":
        entry.outcome = "won";
        this.#answered(running);
        break;
      case "attempt.cancelled":
        break;
    }
    entry.durationMs = sinceStart;
    running.ended = true;
    return entry;
  }

  /** Ends the attempts that nobody has told the end of, and returns them: the call is over, and they with it. */
  close(at: number): AuditAttempt[] {
    const open = this.#attempts.filter(({ ended }) => !ended);
    for (const running of open) {
      running.entry.durationMs = milliseconds(at - running.startedAt);
      running.ended = true;
    }
    return open.map(({ entry }) => entry);
  }

  /** To be asked after `close`. */
  record(end: Extract<ChainEvent, { type: "call.finished" }>): AuditRecord {
    // One by one: what is left over of a frozen object takes a hundred times as long to copy.
    const { v, callId, startedAt, strategy, streamed, labels, caller, requestDigest } = this.#start;
    const attempts = this.#attempts.map(({ entry }) => entry);
    const cost = total(attempts);
    return {
      v,
      callId,
      startedAt,
      strategy,
      streamed,
      labels,
      caller,
      requestDigest,
      durationMs: milliseconds(end.at - this.#startedAt),
      outcome: end.outcome,
      ...(this.#answeredBy && end.outcome === "ok" && { answeredBy: this.#answeredBy }),
      attempts,
      skipped: this.#skipped,
      ...(this.#usage && { usage: this.#usage }),
      ...(cost && { cost }),
      ...(this.#recovery && { recovery: this.#recovery }),
      ...(this.#breakers.length > 0 && { breakers: this.#breakers }),
      ...(end.code !== undefined && { error: { code: end.code, class: end.failure?.class ?? "unknown" } }),
    };
  }

  #begin({
    n,
    target,
    why,
    at,
    wall,
    omitted,
    maxTokens,
  }: Extract<ChainEvent, { type: "attempt.started" }>): void {
    const entry: AuditAttempt = {
      n,
      target: target.id,
      model: target.model,
      provider: target.provider.name,
      why,
      startedAt: isoOf(wall),
      durationMs: 0,
      // Until told otherwise: an attempt that is neither won nor failed was cancelled.
      outcome: "cancelled",
      ...(omitted.length > 0 && { omitted: [...omitted] }),
      ...(maxTokens && { maxTokens }),
    };
    this.#attempts[n - 1] = { entry, target, startedAt: at, ended: false };
  }

  #answered({ entry, target }: Running): void {
    this.#usage = entry.usage;
    this.#answeredBy = {
      target: target.id,
      model: entry.servedModel ?? target.model,
      requestedModel: target.model,
      provider: target.provider.name,
      ...(entry.servedBy !== undefined && { servedBy: entry.servedBy }),
      ...(entry.generationId !== undefined && { generationId: entry.generationId }),
      attempt: entry.n,
    };
  }
}

/** Microseconds are all that a reader can use, and all that a float should show. */
function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function total(attempts: readonly AuditAttempt[]): Cost | undefined {
  const costs = attempts.flatMap(({ cost }) => cost ?? []);
  if (costs.length === 0) return undefined;
  return {
    usd: costs.reduce((sum, { usd }) => sum + usd, 0),
    estimated: costs.some(({ estimated }) => estimated),
  };
}
