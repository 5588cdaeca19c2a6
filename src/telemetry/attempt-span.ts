import { type Context, type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import type { ChainEvent } from "../events.js";
import type { Cost } from "../record.js";
import { given, serverAttributes, targetAttributes, usageAttributes } from "./attributes.js";
import { ATTRIBUTE, CHAIN_ATTRIBUTE, CHAT, NO_FINISH } from "./gen-ai-names.js";

type Started = Extract<ChainEvent, { type: "attempt.started" }>;
/** What happens to an attempt after its start. */
export type AttemptEvent = Exclude<Extract<ChainEvent, { n: number }>, Started | { type: "recovery" }>;

export interface AttemptSpanInit {
  /** The call's: its span is the parent. */
  context: Context;
  /** How often the call has asked this target before. */
  resends: number;
  conversation?: string | undefined;
}

/** The client span of one attempt. */
export class AttemptSpan {
  readonly span: Span;
  readonly #startedAt: number;
  #content = false;

  constructor(tracer: Tracer, { target, n, why, at, maxTokens }: Started, init: AttemptSpanInit) {
    this.#startedAt = at;
    const attributes = {
      ...targetAttributes(target),
      ...serverAttributes(target),
      // The wire always is a stream, whatever the caller gets.
      [ATTRIBUTE.requestStream]: true,
      [CHAIN_ATTRIBUTE.attempt]: n,
      [CHAIN_ATTRIBUTE.why]: why,
      ...given(ATTRIBUTE.requestMaxTokens, maxTokens?.sent),
      ...given(ATTRIBUTE.conversation, init.conversation),
      ...(init.resends > 0 && { [ATTRIBUTE.resendCount]: init.resends }),
    };
    this.span = tracer.startSpan(
      `${CHAT} ${target.model}`,
      { kind: SpanKind.CLIENT, attributes },
      init.context,
    );
  }

  /** The span ends with the event that ends the attempt. */
  apply(event: AttemptEvent): void {
    const { span } = this;
    switch (event.type) {
      case "attempt.headers":
        span.setAttribute(ATTRIBUTE.statusCode, event.status);
        return;
      case "attempt.first_content":
        this.#content = true;
        span.setAttribute(ATTRIBUTE.timeToFirstChunk, (event.at - this.#startedAt) / 1_000);
        return;
      case "attempt.meta":
        span.setAttributes({
          ...given(ATTRIBUTE.responseModel, event.model),
          ...given(ATTRIBUTE.responseId, event.generationId),
          ...given(CHAIN_ATTRIBUTE.servedBy, event.servedBy),
        });
        return;
      case "attempt.usage":
        span.setAttributes(usageAttributes(event.usage));
        return;
      case "attempt.cost":
        span.setAttributes(costAttributes(event.cost));
        return;
      case "attempt.failed":
        this.#failed(event);
        return;
      case "attempt.cancelled":
        this.cancelled(event.reason);
        return;
      case "attempt.won":
        span.setAttribute(CHAIN_ATTRIBUTE.outcome, "won");
        span.setAttributes(finishAttributes(event.finishReason));
        span.end();
        return;
    }
  }

  /** Of one that lost, or whose call was given up, nothing is known to be wrong: no error. */
  cancelled(reason: string): void {
    this.span.setAttributes({
      [CHAIN_ATTRIBUTE.outcome]: "cancelled",
      [CHAIN_ATTRIBUTE.cancelled]: reason,
      ...this.#unfinished(),
    });
    this.span.end();
  }

  #failed({ failure, verdict }: Extract<ChainEvent, { type: "attempt.failed" }>): void {
    this.span.setAttributes({
      [CHAIN_ATTRIBUTE.outcome]: "failed",
      [ATTRIBUTE.errorType]: failure.class,
      [CHAIN_ATTRIBUTE.scope]: failure.scope,
      [CHAIN_ATTRIBUTE.verdict]: verdict.do,
      ...(verdict.do === "retry" && { [CHAIN_ATTRIBUTE.waitMs]: verdict.waitMs }),
      ...this.#unfinished(),
    });
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    this.span.end();
  }

  #unfinished() {
    return this.#content ? finishAttributes(NO_FINISH) : {};
  }
}

export function costAttributes({ usd, estimated }: Cost) {
  return { [CHAIN_ATTRIBUTE.costUsd]: usd, [CHAIN_ATTRIBUTE.costEstimated]: estimated };
}

function finishAttributes(reason: string) {
  return { [ATTRIBUTE.finishReasons]: [reason] };
}
