import { type Answer, AnswerFold } from "./answer.js";
import { AnswerStream, type ChainStream } from "./answer-stream.js";
import { Dispatch } from "./audit/dispatch.js";
import { Call } from "./call.js";
import { type CallOptions, planOf } from "./call-plan.js";
import { OptionsError } from "./errors.js";
import { reportOf, type TargetReport } from "./health/report.js";
import type { TargetPath } from "./option-error.js";
import { type ChainConfig, type FallbackChainOptions, parseOptions } from "./options.js";
import { explain, type Plan } from "./plan.js";
import type { AuditRecord } from "./record.js";
import { checkRequest } from "./request.js";
import { Roster } from "./roster.js";
import type { ChatRequest } from "./types.js";

export interface CompleteAnswer extends Answer {
  record: AuditRecord;
}

/**
 * Asks targets in order until one gives a full answer. A call ends in exactly one of that, or a FallbackChainError
 * that lists every attempt. An instance is meant to be kept and shared: calls do not touch each other.
 *
 * @throws OptionsError at construction, naming the option and its value.
 */
export class FallbackChain {
  readonly #config: ChainConfig;
  readonly #dispatch: Dispatch;
  readonly #calls = new Roster<Call>();
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: FallbackChainOptions, { targetPath }: { targetPath?: TargetPath } = {}) {
    this.#config = parseOptions(options, targetPath);
    const { sinks, logger, clock, words } = this.#config;
    this.#dispatch = new Dispatch(sinks, logger, clock, words);
  }

  /**
   * Starts a call at once. Iterating throws FallbackChainError when it ends without an answer.
   *
   * @throws OptionsError when the request cannot be sent to anyone, or the chain is closed.
   */
  stream(request: ChatRequest, options: CallOptions = {}): ChainStream {
    return this.#start(request, { streamed: true, ...options });
  }

  /** Resolves with a whole answer. Rejects with FallbackChainError or OptionsError. */
  async complete(request: ChatRequest, options: CallOptions = {}): Promise<CompleteAnswer> {
    const stream = this.#start(request, { gate: "complete", streamed: false, ...options });
    const fold = new AnswerFold();
    for await (const batch of stream.batches()) fold.add(batch);
    return Object.assign(fold.answer, { record: await stream.record });
  }

  /**
   * What a call would do, without sending anything: targets in order, who would be skipped and why, and the worst case.
   *
   * @throws OptionsError when the request cannot be sent to anyone
   */
  explain(request: ChatRequest, options: CallOptions = {}): Plan {
    checkRequest(request);
    return explain(planOf(request, options), this.#config);
  }

  /** How every target is doing, by target id. */
  health(): Record<string, TargetReport> {
    return Object.fromEntries(
      this.#config.targets.map((target) => [target.id, reportOf(target, this.#config)]),
    );
  }

  /**
   * Resolves when the providers' lists of models (windows, prices, capabilities) have been loaded, or have failed to be.
   * Calls never wait for them; a plan that is to be complete may.
   */
  catalogueLoaded(): Promise<void> {
    return this.#config.catalogues.loaded();
  }

  /** Errors that audit sinks have thrown so far. */
  get sinkErrors(): number {
    return this.#dispatch.errors;
  }

  /** Refuses new calls, lets running ones end within `timeoutMs` (default 5 000) and aborts the rest; flushes and closes the sinks. */
  close({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock, providers, catalogues } = this.#config;
    // Whoever is told that a call has begun may close the chain by it, before the call is among those that are waited for.
    await Promise.resolve();
    if (this.#calls.size > 0) {
      let timer: unknown;
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
        timer = clock.setTimeout(resolve, timeoutMs);
      });
      clock.clearTimeout(timer);
      for (const call of this.#calls) call.abort({ kind: "aborted", message: "the chain was closed" });
    }
    catalogues.release();
    await this.#dispatch.close(providers, timeoutMs);
  }

  #start(request: ChatRequest, options: CallOptions): AnswerStream {
    if (this.#closing) throw new OptionsError("the chain is closed: calls must be made before close()");
    checkRequest(request);
    const call: Call = new Call(planOf(request, options), this.#config, this.#dispatch, () => {
      leave();
      if (this.#calls.size === 0) this.#whenIdle?.();
    });
    const leave = this.#calls.join(call);
    return new AnswerStream(call, this.#config.consumerMs);
  }
}
