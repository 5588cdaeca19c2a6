import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { ChainEvent } from "../events.js";
import type { CallStart, Cost } from "../record.js";
import { AttemptSpan, costAttributes } from "./attempt-span.js";
import { given } from "./attributes.js";
import { ATTRIBUTE, CHAIN_ATTRIBUTE, CHAIN_EVENT } from "./gen-ai-names.js";

const ENDS: ReadonlySet<ChainEvent["type"]> = new Set(["attempt.failed", "attempt.won", "attempt.cancelled"]);

type Finished = Extract<ChainEvent, { type: "call.finished" }>;

/** The spans of one call: its own, below whatever was active when it began, and one per attempt below that. */
export class CallSpans {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #conversation: string | undefined;
  /** Attempts that have not ended. */
  readonly #running = new Map<number, AttemptSpan>();
  /** Attempts so far, by target id. */
  readonly #asked = new Map<string, number>();
  /** Target ids of all attempts. */
  readonly #targets = new Map<number, string>();
  #cost: Cost | undefined;
  #answeredBy: string | undefined;

  constructor(tracer: Tracer, { callId, strategy, streamed, targets, caller }: CallStart) {
    this.#tracer = tracer;
    this.#conversation = caller.sessionId;
    const parent = context.active();
    const attributes = {
      [CHAIN_ATTRIBUTE.callId]: callId,
      [CHAIN_ATTRIBUTE.strategy]: strategy,
      [CHAIN_ATTRIBUTE.streamed]: streamed,
      [CHAIN_ATTRIBUTE.targets]: targets,
      ...given(ATTRIBUTE.conversation, this.#conversation),
    };
    const name = targets.length > 0 ? `fallback_chain ${targets[0]}` : "fallback_chain";
    this.#span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  /** Runs what sends attempt `n`'s request inside its span. */
  attempt<T>(n: number, open: () => T): T {
    const attempt = this.#running.get(n);
    return attempt ? context.with(trace.setSpan(this.#context, attempt.span), open) : open();
  }

  event(event: ChainEvent): void {
    switch (event.type) {
      case "call.started":
        return;
      case "target.skipped": {
        const { target, reason, detail } = event.skip;
        this.#note(CHAIN_EVENT.skipped, {
          ...details(detail),
          [CHAIN_ATTRIBUTE.target]: target,
          [CHAIN_ATTRIBUTE.reason]: reason,
        });
        return;
      }
      case "breaker.changed":
        this.#note(CHAIN_EVENT.breaker, {
          [CHAIN_ATTRIBUTE.target]: event.target.id,
          [CHAIN_ATTRIBUTE.phase]: event.phase,
        });
        return;
      case "recovery":
        this.#note(CHAIN_EVENT.recovery, {
          [CHAIN_ATTRIBUTE.attempt]: event.n,
          [CHAIN_ATTRIBUTE.mode]: event.mode,
          [ATTRIBUTE.errorType]: event.failure.class,
        });
        return;
      case "attempt.started":
        this.#begin(event);
        return;
      case "call.finished":
        this.#finish(event);
        return;
      case "attempt.cost":
        this.#spend(event.cost);
        break;
      case "attempt.won":
        this.#answeredBy = this.#targets.get(event.n);
        break;
    }
    const attempt = this.#running.get(event.n);
    // First, since a span processor may throw: a span is ended once.
    if (ENDS.has(event.type)) this.#running.delete(event.n);
    attempt?.apply(event);
  }

  #note(name: string, attributes: Record<string, string | number>): void {
    this.#span.addEvent(name, attributes);
  }

  #begin(event: Extract<ChainEvent, { type: "attempt.started" }>): void {
    const { n, target } = event;
    const resends = this.#asked.get(target.id) ?? 0;
    this.#asked.set(target.id, resends + 1);
    this.#targets.set(n, target.id);
    const init = { context: this.#context, resends, conversation: this.#conversation };
    this.#running.set(n, new AttemptSpan(this.#tracer, event, init));
  }

  #spend({ usd, estimated }: Cost): void {
    this.#cost = {
      usd: (this.#cost?.usd ?? 0) + usd,
      estimated: estimated || this.#cost?.estimated === true,
    };
  }

  #finish({ outcome, code, failure }: Finished): void {
    // What has not told its end ends with the call.
    for (const attempt of this.#running.values()) attempt.cancelled(outcome === "ok" ? "lost" : "aborted");
    this.#running.clear();
    this.#span.setAttributes({
      [CHAIN_ATTRIBUTE.outcome]: outcome,
      [CHAIN_ATTRIBUTE.attempts]: this.#targets.size,
      ...given(CHAIN_ATTRIBUTE.answeredBy, outcome === "ok" ? this.#answeredBy : undefined),
      ...given(CHAIN_ATTRIBUTE.errorCode, code),
      ...(this.#cost && costAttributes(this.#cost)),
    });
    if (outcome === "failed") {
      this.#span.setAttribute(ATTRIBUTE.errorType, failure?.class ?? code ?? "unknown");
      const message = failure ? `${code}: ${failure.message}` : code;
      this.#span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
    }
    this.#span.end();
  }
}

/** The numbers behind a skip, under names of ours. */
function details(detail: Readonly<Record<string, number | string>> = {}): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(detail).map(([key, value]) => [`${CHAIN_ATTRIBUTE.detail}.${key}`, value]),
  );
}
