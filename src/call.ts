import { randomUUID } from "node:crypto";
import { Attempt } from "./attempt.js";
import type { Dispatch } from "./audit/dispatch.js";
import { type CallPlan, needsTools, startOf, targetsOf } from "./call-plan.js";
import { errorText } from "./error-text.js";
import { AttemptError, FallbackChainError, type FallbackChainErrorCode, OptionsError } from "./errors.js";
import type { ChainEvent, Untimed } from "./events.js";
import { Evidence } from "./evidence.js";
import { type Explain, explainer, withoutSecrets } from "./explanation.js";
import { classify } from "./failure.js";
import { LagMeter } from "./lag.js";
import { type Committed, Lane, type LaneContext, LaneFailed } from "./lane.js";
import type { ChainConfig } from "./options.js";
import { type RaceContext, race, type Start } from "./race.js";
import type { AuditAttempt, AuditRecord } from "./record.js";
import { continuable, continuation } from "./recovery.js";
import { wireRequest } from "./request.js";
import { judge, MIN_ATTEMPT_MS } from "./retry.js";
import { TargetQueue } from "./target-queue.js";
import type { Failure, FailureClass, Part, Signal, Verdict } from "./types.js";

/** A failure of these kinds says that the text may not be continued, rather than that the target is bad. */
const REFUSES_PREFIX: ReadonlySet<FailureClass> = new Set([
  "invalid_request",
  "unsupported",
  "empty_response",
]);

type Finished = Extract<ChainEvent, { type: "call.finished" }>;

/** The state of one call: which targets are left, what was shown, how it ended. Nothing of it outlives the call. */
export class Call implements RaceContext, LaneContext {
  readonly id = randomUUID();
  readonly running = new Set<Lane>();
  /** Text the consumer has been given, of the answer as it stands. */
  shown = "";
  /** Why there is no answer, once that is so. */
  error: unknown;
  settled = false;

  readonly #plan: CallPlan;
  readonly #config: ChainConfig;
  readonly #evidence: Evidence;
  readonly #deadlineAt: number;
  readonly #queue: TargetQueue;
  readonly #explain: Explain;
  readonly #onSettled: () => void;
  readonly #onAbort: () => void;
  #deadline: unknown;
  #lane: Lane | undefined;
  #attempts = 0;
  #prefix = "";

  constructor(plan: CallPlan, config: ChainConfig, dispatch: Dispatch, onSettled: () => void) {
    const { clock, strategy, random } = config;
    this.#plan = plan;
    this.#config = config;
    this.#explain = explainer(plan.request, clock);
    this.#onSettled = onSettled;
    this.#onAbort = () => this.abort({ kind: "aborted", message: "the caller's signal fired" });
    const startedAt = clock.now();
    this.#deadlineAt = config.totalMs === false ? Number.POSITIVE_INFINITY : startedAt + config.totalMs;
    const order = strategy.order(targetsOf(plan, config.targets), { random, call: { id: this.id } });
    const start = startOf(plan, config, this.id, order);
    this.#evidence = new Evidence(start, startedAt, { logger: config.logger, dispatch });
    const view = { clock, deadlineAt: this.#deadlineAt, needsTools: needsTools(plan.request) };
    this.#queue = new TargetQueue(order, view, (skip) => this.#tell({ type: "target.skipped", skip }));
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
    for (const { provider } of this.#config.targets) provider.ready?.();
    const { signals } = this.#plan;
    for (const signal of signals) signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signals.some(({ aborted }) => aborted)) this.#onAbort();
    const { totalMs } = this.#config;
    if (totalMs !== false && !this.settled) {
      this.#deadline = this.clock.setTimeout(() => this.abort({ kind: "deadline", ms: totalMs }), totalMs);
    }
    const noted = this.settled ? undefined : this.#evidence.announce();
    if (noted) await noted;
    if (this.settled) throw this.error;
    return this.#race({ lane: this.nextLane(), why: "first" });
  }

  nextLane(): Lane | undefined {
    const target = this.#queue.next();
    return target && new Lane(target, this);
  }

  hedgeDelay(view: { inFlight: number; started: number; elapsedMs: number }): number {
    return this.#config.strategy.hedgeDelay({ ...view, remainingMs: this.#remainingMs() });
  }

  commit(lane: Lane): void {
    this.#lane = lane;
  }

  startAttempt(lane: Lane, why: AuditAttempt["why"]): Attempt {
    const { target } = lane;
    const plan = this.#plan;
    const { request, omitted } = wireRequest(target, this.#config.body, plan);
    const continues = this.#prefix !== "" && target.provider.supports.prefill && !lane.prefixRefused;
    const n = ++this.#attempts;
    return new Attempt({
      id: `${this.id}-${n}`,
      n,
      target,
      why,
      request: continues ? continuation(request, this.#prefix) : request,
      omitted,
      timeouts: this.#queue.hasNext()
        ? target.timeouts
        : { ...target.timeouts, firstTokenMs: target.lastFirstTokenMs },
      gate: plan.gate,
      check: plan.check,
      continues,
      clock: this.clock,
      lag: new LagMeter(this.clock),
      emit: (event) => this.#evidence.emit(event),
      explain: (signal) => this.#explain(signal, target.provider),
      redact: (text) => withoutSecrets(text, target.provider),
      onContent: () => lane.onContent(),
    });
  }

  judge(lane: Lane, attempt: Attempt, failure: Failure): Verdict {
    const verdict = this.#verdict(lane, attempt, failure);
    if (verdict.do !== "retry") this.#queue.blame(lane.target, failure);
    this.#tell({ type: "attempt.failed", n: attempt.n, failure, verdict });
    return verdict;
  }

  /** A committed attempt has died: another one takes over, or the call ends. */
  async recover({ lane, attempt }: Committed, error: unknown): Promise<Committed> {
    if (this.settled || !(error instanceof AttemptError)) throw error;
    const { failure } = error;
    const { recovery } = this.#config;
    if (recovery === "fail") {
      this.#tell({ type: "attempt.failed", n: attempt.n, failure, verdict: { do: "stop" } });
      throw this.#end("interrupted", failure);
    }
    const verdict = this.judge(lane, attempt, failure);
    if (verdict.do === "stop") throw new LaneFailed(failure, verdict);
    this.#prefix = recovery === "continue" && continuable(this.#plan.request) ? this.shown : "";
    return verdict.do === "retry"
      ? this.#race({ lane, why: "recovery", waitMs: verdict.waitMs })
      : this.#race({ lane: this.nextLane(), why: "recovery" }, new LaneFailed(failure, verdict));
  }

  /** A recovery has shown its first content. */
  recovered(n: number, mode: "restart" | "continue", failure: Failure): void {
    this.#tell({ type: "recovery", n, mode, failure });
  }

  /** Notes what the consumer is given, for recovery and for the error. */
  show(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.type === "text") this.shown += part.text;
      else if (part.type === "restart") this.shown = "";
    }
  }

  /** The answer is whole: closes the record, and returns the last parts. */
  won({ n, target, model, usage, finishReason: reason = "" }: Attempt): readonly Part[] {
    if (this.settled) throw this.error;
    // Before anybody hears of it: a sink or a logger that aborts now must not end the call a second time.
    this.settled = true;
    this.#tell({ type: "attempt.won", n, finishReason: reason });
    this.#settle({ type: "call.finished", outcome: "ok" });
    const finish: Part = { type: "finish", reason, model: model ?? target.model };
    return usage ? [{ type: "usage", usage }, finish] : [finish];
  }

  /** Ends the call from outside, at once. Of no effect on a call that has ended. */
  abort(signal: Extract<Signal, { kind: "aborted" | "deadline" }>): void {
    if (this.settled) return;
    for (const lane of this.running) lane.cancel(signal.kind);
    this.#lane?.cancel(signal.kind);
    this.#end(signal.kind, classify(signal));
  }

  /** Ends the call with what a race or a recovery rejected with; returns what its caller is to get. */
  fail(error: unknown): unknown {
    if (this.settled) return this.error ?? error;
    if (error instanceof LaneFailed) {
      return this.#end(error.verdict.do === "stop" ? "stopped" : "exhausted", error.failure);
    }
    if (error instanceof NothingAdmitted) {
      return this.#end(this.#remainingMs() < MIN_ATTEMPT_MS ? "deadline" : "exhausted");
    }
    if (error instanceof OptionsError) {
      this.error = error;
      this.#settle({ type: "call.finished", outcome: "failed", code: "stopped" });
      return error;
    }
    return this.#end("stopped", classify({ kind: "thrown", error, afterContent: false }));
  }

  async #race(
    start: { lane: Lane | undefined } & Omit<Start, "lane">,
    none: Error = new NothingAdmitted(),
  ): Promise<Committed> {
    const { lane } = start;
    if (!lane) throw none;
    return race(this, { ...start, lane });
  }

  #verdict(lane: Lane, attempt: Attempt, failure: Failure): Verdict {
    // An empty continuation says nothing against the target either: it may have had nothing to add.
    if (attempt.continues && REFUSES_PREFIX.has(failure.class)) {
      lane.prefixRefused = true;
      return { do: "retry", waitMs: 0 };
    }
    const verdict = judge(failure, {
      policy: lane.target.retry,
      retries: lane.retries,
      waitedMs: lane.waitedMs,
      maxRetryAfterMs: this.#config.maxRetryAfterMs,
      remainingMs: this.#remainingMs(),
      last: !this.#queue.hasNext({ target: lane.target, failure }),
      random: this.#config.random,
    });
    if (verdict.do === "retry") {
      lane.retries++;
      if (failure.retryAfterMs !== undefined) lane.waitedMs += verdict.waitMs;
    }
    return verdict;
  }

  #remainingMs(): number {
    return this.#deadlineAt - this.clock.now();
  }

  #end(code: FallbackChainErrorCode, failure?: Failure): unknown {
    if (this.settled) return this.error;
    for (const lane of this.running) lane.cancel("aborted");
    this.#queue.close();
    const outcome = code === "aborted" ? "aborted" : "failed";
    const record = this.#settle({ type: "call.finished", outcome, code, ...(failure && { failure }) });
    const retryAfterMs = this.#queue.retryAfterMs();
    const about = {
      attempts: record.attempts.length,
      skipped: record.skipped,
      ...(failure && { failure }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
    this.error = new FallbackChainError({
      code,
      message: errorText(code, about),
      record,
      ...about,
      ...(this.shown !== "" && { partial: this.shown }),
    });
    return this.error;
  }

  #settle(event: Untimed<Finished>): AuditRecord {
    this.settled = true;
    this.clock.clearTimeout(this.#deadline);
    for (const signal of this.#plan.signals) signal.removeEventListener("abort", this.#onAbort);
    const record = this.#evidence.close({ ...event, at: this.clock.now() });
    this.#onSettled();
    return record;
  }

  #tell(event: Untimed<ChainEvent>): void {
    this.#evidence.emit({ ...event, at: this.clock.now() } as ChainEvent);
  }
}

/** Every target was refused before a request was spent. */
class NothingAdmitted extends Error {}
