import type { Attributes } from "@opentelemetry/api";
import type { ChainEvent } from "../events.js";
import type { Cost } from "../record.js";
import type { Target, Usage } from "../types.js";
import { targetAttributes } from "./attributes.js";
import { ATTRIBUTE, BREAKER_STATE, CHAIN_ATTRIBUTE, UNKNOWN_MODALITY } from "./gen-ai-names.js";
import type { Instruments } from "./instruments.js";

type Started = Extract<ChainEvent, { type: "attempt.started" }>;

interface Running {
  labels: Attributes;
  started: Started;
  usage?: Usage;
}

/**
 * The measures of one call. Labels are configured names, reasons, outcomes and failure classes only: a name that a
 * server may choose would let it make as many series as it likes.
 */
export class CallMetrics {
  readonly #instruments: Instruments;
  readonly #running = new Map<number, Running>();
  #startedAt = 0;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  event(event: ChainEvent): void {
    const { skipped, breakerState, callDuration } = this.#instruments;
    switch (event.type) {
      case "call.started":
        this.#startedAt = event.at;
        return;
      case "target.skipped": {
        const { target, model, reason } = event.skip;
        skipped.add(1, {
          [CHAIN_ATTRIBUTE.target]: target,
          [ATTRIBUTE.requestModel]: model,
          [CHAIN_ATTRIBUTE.reason]: reason,
        });
        return;
      }
      case "breaker.changed":
        breakerState.record(BREAKER_STATE[event.phase], breakerLabels(event.target));
        return;
      case "recovery":
        return;
      case "attempt.started":
        this.#begin(event);
        return;
      case "call.finished": {
        const { at, outcome, failure, code } = event;
        for (const running of this.#running.values()) this.#end(running, at, "cancelled");
        this.#running.clear();
        callDuration.record((at - this.#startedAt) / 1_000, {
          [CHAIN_ATTRIBUTE.outcome]: outcome,
          ...(outcome === "failed" && { [ATTRIBUTE.errorType]: failure?.class ?? code ?? "unknown" }),
        });
        return;
      }
    }
    const running = this.#running.get(event.n);
    if (running) this.#attempt(event, running);
  }

  #attempt(event: Exclude<Extract<ChainEvent, { n: number }>, Started>, running: Running): void {
    switch (event.type) {
      case "attempt.first_content":
        this.#instruments.timeToFirstChunk.record((event.at - running.started.at) / 1_000, running.labels);
        return;
      case "attempt.usage":
        running.usage = event.usage;
        return;
      case "attempt.cost":
        this.#spend(event.cost, running.labels);
        return;
      case "attempt.won":
        this.#end(running, event.at, "won");
        return;
      case "attempt.cancelled":
        this.#end(running, event.at, "cancelled");
        return;
      case "attempt.failed":
        this.#end(running, event.at, "failed", event.failure.class);
    }
  }

  #begin(started: Started): void {
    const labels = targetAttributes(started.target);
    this.#running.set(started.n, { labels, started });
    if (started.why === "failover") this.#instruments.failovers.add(1, labels);
  }

  #spend({ usd, estimated }: Cost, labels: Attributes): void {
    this.#instruments.cost.add(usd, { ...labels, [CHAIN_ATTRIBUTE.costEstimated]: estimated });
  }

  #end({ labels, started, usage }: Running, at: number, outcome: string, errorType?: string): void {
    this.#running.delete(started.n);
    const { inferenceDuration, attempts } = this.#instruments;
    const ended = {
      ...labels,
      [CHAIN_ATTRIBUTE.outcome]: outcome,
      ...(errorType !== undefined && { [ATTRIBUTE.errorType]: errorType }),
    };
    inferenceDuration.record((at - started.at) / 1_000, ended);
    attempts.add(1, { ...ended, [CHAIN_ATTRIBUTE.why]: started.why });
    this.#count(usage, labels);
  }

  /** An attempt without usage counts as 0, as the convention asks. */
  #count(usage: Usage | undefined, labels: Attributes): void {
    const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } =
      this.#instruments;
    const counted = { ...labels, [ATTRIBUTE.modality]: UNKNOWN_MODALITY };
    inputTokens.add(usage?.inputTokens ?? 0, counted);
    outputTokens.add(usage?.outputTokens ?? 0, counted);
    if (usage?.cacheReadInputTokens) cacheReadTokens.add(usage.cacheReadInputTokens, counted);
    if (usage?.cacheCreationInputTokens) cacheWriteTokens.add(usage.cacheCreationInputTokens, counted);
    if (usage?.reasoningTokens) reasoningTokens.add(usage.reasoningTokens, counted);
  }
}

function breakerLabels({ id, model, provider }: Target): Attributes {
  return {
    [CHAIN_ATTRIBUTE.target]: id,
    [ATTRIBUTE.requestModel]: model,
    [ATTRIBUTE.provider]: provider.name,
  };
}
