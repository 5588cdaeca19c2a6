import { AsyncResource } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers";
import type { Attempt } from "./attempt.js";
import type { Dispatch } from "./audit/dispatch.js";
import { Content } from "./call-content.js";
import { type CallPlan, startOf } from "./call-plan.js";
import { CallerSignals } from "./caller-signals.js";
import { ClockWithin } from "./clock.js";
import { errorText } from "./error-text.js";
import {
  AttemptError,
  AuditRefusal,
  FallbackChainError,
  type FallbackChainErrorCode,
  OptionsError,
  Refused,
} from "./errors.js";
import type { ChainEvent, Untimed } from "./events.js";
import { Evidence, type Within } from "./evidence.js";
import { explainer } from "./explanation.js";
import { classify } from "./failure.js";
import { type Committed, type Lane, LaneFailed } from "./lane.js";
import { Lanes } from "./lanes.js";
import { LongText } from "./long-text.js";
import type { ChainConfig } from "./options.js";
import { type Prospects, prospectsOf } from "./prospects.js";
import { race, type Start } from "./race.js";
import type { AuditRecord } from "./record.js";
import { continuable } from "./recovery.js";
import { MIN_ATTEMPT_MS } from "./retry.js";
import type { Failure, Part, Signal } from "./types.js";

type Finished = Extract<ChainEvent, { type: "call.finished" }>;

/** The state of one call: which targets are left, what was shown, how it ended. Nothing of it outlives the call. */
export class Call {
  readonly id = randomUUID();
  /** Why there is no answer, once that is so. */
  error: unknown;
  settled = false;
  /** Whoever reads, aborts or closes may do so in a context of their own; what the call does it does in its caller's. */
  readonly within: Within;

  readonly #plan: CallPlan;
  readonly #config: ChainConfig;
  readonly #evidence: Evidence;
  #prospects: Prospects;
  #lanes: Lanes;
  readonly #onSettled: () => void;
  readonly #signals: CallerSignals;
  #shown = new LongText();
  #deadline: unknown;

  constructor(plan: CallPlan, config: ChainConfig, dispatch: Dispatch, onSettled: () => void) {
    const { clock, logger, observers } = config;
    // Not AsyncLocalStorage.snapshot(), which takes 20 µs to make on Node 20; this takes 0.04.
    const caller = new AsyncResource("FallbackChainCall");
    const within: Within = (action) => caller.runInAsyncScope(action);
    this.within = within;
    this.#plan = plan;
    this.#config = config;
    this.#onSettled = onSettled;
    this.#signals = new CallerSignals(plan.signals, () =>
      this.abort({ kind: "aborted", message: "the caller's signal fired" }),
    );
    const startedAt = clock.now();
    const deadlineAt = config.totalMs === false ? Number.POSITIVE_INFINITY : startedAt + config.totalMs;
    this.#prospects = prospectsOf(plan, config, {
      id: this.id,
      dry: false,
      deadlineAt,
      onSkip: (skip) => this.#lanes?.tell({ type: "target.skipped", skip }),
      onBreaker: (target, phase) => this.#lanes?.tell({ type: "breaker.changed", target, phase }),
    });
    const start = startOf(plan, config, this.id, this.#prospects.order);
    const content = new Content(plan.request, this);
    const evidence = new Evidence(start, startedAt, { logger, dispatch, observers, within, content });
    this.#evidence = evidence;
    this.#lanes = new Lanes({
      callId: this.id,
      plan,
      config,
      prospects: this.#prospects,
      deadlineAt,
      explain: explainer(plan.request, clock),
      emit: (event) => evidence.emit(event),
      around: (n, open) => evidence.attempt(n, open),
      clock: new ClockWithin(clock, within),
    });
  }

  /** Text the consumer has been given, of the answer as it stands. */
  get shown(): string {
    return this.#shown.toString();
  }

  /** Resolves however the call ends. */
  get record(): Promise<AuditRecord> {
    return this.#evidence.record;
  }

  get clock() {
    return this.#config.clock;
  }

  /** Runs until the first attempt passes its gate. Rejects with whatever `fail` takes. */
  async begin(): Promise<Committed> {
    const { providers, catalogues } = this.#config;
    for (const provider of providers) provider.ready?.();
    const { bug } = this.#prospects;
    if (bug) throw bug.thrown;
    this.#signals.listen();
    const { totalMs } = this.#config;
    if (totalMs !== false && !this.settled) {
      this.#deadline = this.clock.setTimeout(() => this.abort({ kind: "deadline", ms: totalMs }), totalMs);
    }
    const noted = this.settled ? undefined : this.#evidence.announce();
    // In the turn after the next: the next one hears that a disk is done with what was told before, and hands it the start.
    if (noted) setImmediate(() => setImmediate(() => this.#foresee()));
    else catalogues.refresh();
    const refusal = noted && (await noted);
    if (this.settled) throw this.error;
    if (refusal) throw refusal;
    const lane = this.#lanes.nextLane();
    // Looking for it tells the log, and a logger may be what aborts the call.
    if (this.settled) throw this.error;
    return this.#race({ lane, why: "first" });
  }

  /** What would be asked for behind a start that is noted: of the first target, and whether there is another. */
  #foresee(): void {
    const { catalogues } = this.#config;
    catalogues.refresh();
    if (this.settled) return;
    const { order, demands } = this.#prospects;
    try {
      // What a list is still to tell is not to be settled without it.
      for (const target of order.slice(0, 2)) if (catalogues.isLoaded(target)) demands.of(target);
    } catch {
      // It is thrown again where somebody hears of it.
    }
  }

  /** A committed attempt has died: another one takes over, or the call ends. */
  async recover({ lane, attempt }: Committed, error: unknown): Promise<Committed> {
    if (this.settled || !(error instanceof AttemptError)) throw error;
    const { failure } = error;
    const { recovery } = this.#config;
    if (recovery === "fail") {
      this.#lanes.tell({ type: "attempt.failed", n: attempt.n, failure, verdict: { do: "stop" } });
      throw this.#end("interrupted", failure);
    }
    const verdict = this.#lanes.judge(lane, attempt, failure);
    if (this.#lanes.stopped) throw this.#lanes.stopped;
    if (verdict.do === "stop") throw new LaneFailed(failure, verdict);
    this.#lanes.continueFrom(recovery === "continue" && continuable(this.#plan.request) ? this.shown : "");
    const died = new LaneFailed(failure, verdict);
    return verdict.do === "retry"
      ? this.#race({ lane, why: "recovery", waitMs: verdict.waitMs }, died)
      : this.#race({ lane: this.#lanes.nextLane(), why: "recovery" }, died);
  }

  /** A recovery has shown its first content. */
  recovered(n: number, mode: "restart" | "continue", failure: Failure): void {
    this.#lanes.tell({ type: "recovery", n, mode, failure });
  }

  /** Notes what the consumer is given, for recovery and for the error. */
  show(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.type === "text") this.#shown.add(part.text);
      else if (part.type === "restart") this.#shown = new LongText();
    }
  }

  /** The answer is whole: closes the record, and returns the last parts. */
  won({ n, target, model, usage, finishReason: reason = "" }: Attempt): readonly Part[] {
    if (this.settled) throw this.error;
    // Before anybody hears of it: a sink or a logger that aborts now must not end the call a second time.
    this.settled = true;
    this.#lanes.tell({ type: "attempt.won", n, finishReason: reason });
    this.#settle({ type: "call.finished", outcome: "ok" });
    this.#forget();
    const finish: Part = { type: "finish", reason, model: model ?? target.model };
    return usage ? [{ type: "usage", usage }, finish] : [finish];
  }

  /** Ends the call from outside, at once. Of no effect on a call that has ended. */
  abort(signal: Extract<Signal, { kind: "aborted" | "deadline" }>): void {
    if (this.settled) return;
    this.within(() => {
      this.#lanes.cancel(signal.kind);
      this.#end(signal.kind, classify(signal));
    });
  }

  /** Ends the call with what a race or a recovery rejected with; returns what its caller is to get. */
  fail(error: unknown): unknown {
    if (this.settled) return this.error ?? error;
    if (error instanceof LaneFailed) {
      return this.#end(error.verdict.do === "stop" ? "stopped" : "exhausted", error.failure);
    }
    if (error instanceof Refused) {
      return this.#end(this.#lanes.remainingMs < MIN_ATTEMPT_MS ? "deadline" : "exhausted");
    }
    if (AuditRefusal.is(error)) return this.#end("stopped", undefined, error);
    if (error instanceof OptionsError) {
      this.error = error;
      this.#settle({ type: "call.finished", outcome: "failed", code: "stopped" });
      return error;
    }
    return this.#end("stopped", classify({ kind: "thrown", error, afterContent: false }));
  }

  async #race(
    start: { lane: Lane | undefined } & Omit<Start, "lane">,
    before?: LaneFailed,
  ): Promise<Committed> {
    const { lane } = start;
    if (!lane) throw before ?? new Refused();
    return race(this.#lanes, { ...start, lane }, before);
  }

  #end(code: FallbackChainErrorCode, failure?: Failure, refusal?: AuditRefusal): unknown {
    if (this.settled) return this.error;
    for (const lane of this.#lanes.running) lane.cancel("aborted");
    this.#prospects.admission.close();
    // It tells the log, and a logger may be what aborts the call.
    if (this.settled) return this.error;
    const outcome = code === "aborted" ? "aborted" : "failed";
    const record = this.#settle({ type: "call.finished", outcome, code, ...(failure && { failure }) });
    // What is wrong with the request is so at any time.
    const retryAfterMs = failure?.scope === "request" ? undefined : this.#prospects.admission.retryAfterMs();
    const about = {
      attempts: record.attempts.length,
      skipped: record.skipped,
      ...(failure && { failure }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
    const words = refusal && { refusal: this.#config.words(refusal.message) };
    this.error = new FallbackChainError({
      code,
      message: errorText(code, { ...about, ...words }),
      ...(refusal && { refusal }),
      record,
      ...about,
      ...(this.shown !== "" && { partial: this.shown }),
    });
    return this.error;
  }

  /** A stream or a promise that its reader keeps leads here, and would keep all that the call had in memory. */
  #forget(): void {
    // Nothing asks a call that has been answered for these.
    this.#lanes = undefined as never;
    this.#prospects = undefined as never;
  }

  #settle(event: Untimed<Finished>): AuditRecord {
    this.settled = true;
    this.clock.clearTimeout(this.#deadline);
    this.#signals.leave();
    this.#prospects.guard.close();
    const record = this.#evidence.close(Object.assign({}, event, { at: this.clock.now() }));
    this.#onSettled();
    return record;
  }
}
