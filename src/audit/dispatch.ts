import pTimeout from "p-timeout";
import { patientTimersOf } from "../clock.js";
import { AuditRefusal } from "../errors.js";
import type { Logger } from "../logger.js";
import type { AuditAttempt, AuditRecord, AuditSink, CallContent, CallStart } from "../record.js";
import { Roster } from "../roster.js";
import type { Clock } from "../types.js";

/** How long a call waits for sinks to note its start before the first request leaves. */
export const START_WAIT_MS = 250;

/** A write that takes longer is counted as failed, so that a sink that hangs does not hold records for ever. */
export const WRITE_WAIT_MS = 30_000;

/** Hands evidence to every sink; what a sink throws is logged, counted and goes no further. */
export class Dispatch {
  readonly #sinks: readonly AuditSink[];
  /** Those that want to know of a call's start. */
  readonly #noting: readonly AuditSink[];
  readonly #logger: Logger;
  readonly #timers: ReturnType<typeof patientTimersOf>;
  readonly #words: (error: unknown) => string;
  readonly #pending = new Roster<Promise<void>>();
  #errors = 0;

  /** `words`: what may be said of an error in the log. */
  constructor(
    sinks: readonly AuditSink[],
    logger: Logger,
    clock: Clock,
    words: (error: unknown) => string = String,
  ) {
    this.#sinks = sinks;
    this.#noting = sinks.filter((sink) => sink.start);
    this.#logger = logger;
    this.#timers = patientTimersOf(clock);
    this.#words = words;
  }

  /** Errors of sinks so far. */
  get errors(): number {
    return this.#errors;
  }

  /**
   * Resolves when every sink has noted the start, or after START_WAIT_MS; with what one of them refuses the call for.
   * Undefined when none wants to know.
   */
  start(call: CallStart, content: CallContent): Promise<AuditRefusal | undefined> | undefined {
    return this.#noting.length === 0 ? undefined : this.#noted(call, content);
  }

  /** Every call waits here, and p-timeout makes an error with its stack beforehand, each time. */
  #noted(call: CallStart, content: CallContent): Promise<AuditRefusal | undefined> {
    return new Promise((resolve) => {
      let refusal: AuditRefusal | undefined;
      let left = this.#noting.length;
      let timer: NodeJS.Timeout | undefined;
      const done = () => {
        if (--left > 0) return;
        if (timer !== undefined) this.#timers.clearTimeout(timer);
        resolve(refusal);
      };
      const failed = (error: unknown) => {
        if (AuditRefusal.is(error)) refusal ??= error;
        this.#failed("start", error);
        done();
      };
      for (const sink of this.#noting) {
        try {
          const noting = sink.start?.(call, content);
          if (typeof noting?.then === "function") Promise.resolve(noting).then(done, failed);
          else done();
        } catch (error) {
          failed(error);
        }
      }
      if (left === 0) return;
      // After theirs, so that a sink which waits as long may still refuse.
      timer = this.#timers.setTimeout(() => {
        this.#failed("start", new Error(`not done within ${START_WAIT_MS} ms`));
        resolve(refusal);
      }, START_WAIT_MS);
    });
  }

  attempt(entry: AuditAttempt, callId: string): void {
    for (const sink of this.#sinks) {
      if (!sink.attempt) continue;
      try {
        const noting = sink.attempt(Object.assign({}, entry, { callId })) as void | Promise<void>;
        if (typeof noting?.then === "function")
          Promise.resolve(noting).catch((error) => this.#failed("attempt", error));
      } catch (error) {
        this.#failed("attempt", error);
      }
    }
  }

  write(record: AuditRecord, content: CallContent): void {
    for (const sink of this.#sinks) {
      const writing = this.#write(sink, record, content);
      if (!writing) continue;
      void writing.then(this.#pending.join(writing));
    }
  }

  /** Waits for records under way, then flushes and closes every sink, and closes what else is given, within `timeoutMs`. */
  async close(others: Iterable<{ close?(): Promise<void> }>, timeoutMs: number): Promise<void> {
    await this.#bounded("close", this.#close([...others]), timeoutMs);
  }

  /** Undefined: written already. */
  #write(sink: AuditSink, record: AuditRecord, content: CallContent): Promise<void> | undefined {
    try {
      const writing = sink.write(record, content);
      // Not only a Promise: what query builders return does nothing before somebody awaits it.
      if (typeof writing?.then !== "function") return undefined;
      return this.#bounded("write", Promise.resolve(writing), WRITE_WAIT_MS);
    } catch (error) {
      this.#failed("write", error);
      return undefined;
    }
  }

  async #close(others: { close?(): Promise<void> }[]): Promise<void> {
    await Promise.all(this.#pending);
    await Promise.all(this.#sinks.map((sink) => this.#guard("flush", () => sink.flush?.())));
    await Promise.all([...this.#sinks, ...others].map((each) => this.#guard("close", () => each.close?.())));
  }

  async #guard(method: string, action: () => void | Promise<void> | undefined): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#failed(method, error);
    }
  }

  async #bounded(method: string, work: Promise<unknown>, ms: number): Promise<void> {
    try {
      await pTimeout(work, { milliseconds: Math.max(1, ms), customTimers: this.#timers });
    } catch (error) {
      this.#failed(method, error);
    }
  }

  #failed(method: string, error: unknown): void {
    this.#errors++;
    try {
      this.#logger.error(
        { method, sinkErrors: this.#errors, error: this.#words(error) },
        "audit sink failed",
      );
    } catch {
      // A logger that throws is nobody's reason to lose a call.
    }
  }
}
