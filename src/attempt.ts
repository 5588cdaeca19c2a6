import type { Arrivals } from "./arrivals.js";
import type { AttemptInit } from "./attempt-init.js";
import { AttemptError, Cancelled, OptionsError, SignalError } from "./errors.js";
import { type ChainEvent, stamped, type Untimed } from "./events.js";
import { type Meta, PendingAnswer } from "./pending-answer.js";
import { textTokens } from "./tokens.js";
import type { ContentPart, ProviderPart, Signal, Target, Usage, WireRequest } from "./types.js";
import { Upstream } from "./upstream.js";
import { Watchdog } from "./watchdog.js";

/** After so many reads without content the event loop gets its turn. */
const BREATH = 256;

/** Thrown into the pending read when the answer is complete and only its trailer is missing. */
const TRAILER = Symbol("trailer");

/** One try: a request, its clocks, the gate, and the evidence that its answer is whole. */
export class Attempt implements Arrivals<readonly ContentPart[]> {
  readonly n: number;
  readonly target: Target;
  readonly continues: boolean;
  /** The server has taken the request: headers of a 2xx came, or content. */
  accepted = false;
  /** The answer is complete, checked, and handed out. */
  done = false;
  /** The model as it named itself. */
  model: string | undefined;

  readonly #init: AttemptInit;
  readonly #upstream = new Upstream();
  readonly #watchdog: Watchdog;
  readonly #lostBefore: number;
  #lostAtEnd: number | undefined;
  #ended = false;
  #contentSeen = false;
  /** Reads in a row that brought no content. */
  #barren = 0;
  /** What `next` is to throw. */
  #thrown: { error: unknown } | undefined;
  readonly #answer: PendingAnswer;

  constructor(init: AttemptInit) {
    const { n, target, why, omitted, maxTokens, timeouts, clock, lag, emit } = init;
    this.#init = init;
    this.#answer = new PendingAnswer(init.coalesce);
    this.n = n;
    this.target = target;
    this.continues = init.continues;
    emit({
      type: "attempt.started",
      at: clock.now(),
      wall: clock.wall(),
      n,
      target,
      why,
      omitted,
      ...(maxTokens && { maxTokens }),
    });
    lag.begin();
    this.#lostBefore = lag.lostMs();
    const { minTokensPerSecond } = target;
    this.#watchdog = new Watchdog(
      clock,
      lag,
      Object.assign({}, timeouts, { minTokensPerSecond }),
      ({ phase, ...more }) =>
        this.#stop(phase === "trailer" ? TRAILER : new SignalError({ kind: "timeout", phase, ...more })),
    );
  }

  /** Milliseconds for which our own event loop was blocked during the attempt, as far as it has come. */
  get lostMs(): number {
    return (this.#lostAtEnd ?? this.#init.lag.lostMs()) - this.#lostBefore;
  }

  get finishReason(): string | undefined {
    return this.#answer.finishReason;
  }

  get usage(): Usage | undefined {
    return this.#answer.usage;
  }

  get request(): WireRequest {
    return this.#init.request;
  }

  /** Tokens of output so far, estimated; what was meant for a person and for tools alike. */
  get outputTokens(): number {
    return textTokens(this.#answer.said);
  }

  /** Resolves at the gate, with what may be shown by then. Rejects with AttemptError or Cancelled. */
  async open(): Promise<readonly ContentPart[]> {
    const { target, request, id, gate, n, around } = this.#init;
    const onHeaders = ({ status }: { status: number }) => {
      if (this.#ended) return;
      this.accepted ||= status >= 200 && status < 300;
      this.#watchdog.headers();
      this.#emit({ type: "attempt.headers", n, status });
    };
    try {
      await this.#upstream.open(target.provider, request, { attemptId: id, onHeaders }, around);
    } catch (error) {
      throw this.#fail(error);
    }
    if (gate === "content") {
      while (!this.done) {
        const shown = await this.next();
        if (shown.length > 0) return shown;
      }
      return [];
    }
    const head: ContentPart[] = [];
    while (!this.done) for (const part of await this.next()) head.push(part);
    return head;
  }

  /** The next parts after the gate; `done` says when these were the last. Rejects as `open` does. */
  async next(): Promise<readonly ContentPart[]> {
    try {
      if (this.#thrown) throw this.#thrown.error;
      this.#watchdog.reading();
      let batch: IteratorResult<readonly ProviderPart[]>;
      try {
        batch = await this.#upstream.next();
      } catch (error) {
        if (this.finishReason === undefined || !this.#trailing(error)) throw error;
        return this.#complete();
      }
      this.#watchdog.paused();
      if (batch.done) return this.#complete();
      const shown = this.#absorb(batch.value);
      // A provider that never waits for anything would keep every timer from firing.
      if (this.#barren > 0 && this.#barren % BREATH === 0) await this.#breathe();
      return shown;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  wait(wake: () => void): boolean {
    if (this.#ended) return false;
    this.#watchdog.reading();
    try {
      return this.#upstream.wait(wake);
    } catch (error) {
      this.#thrown = { error };
      return false;
    }
  }

  arrived(): readonly ContentPart[] | undefined {
    if (this.#ended) return undefined;
    try {
      const batch = this.#upstream.arrived();
      if (!batch) return undefined;
      this.#watchdog.paused();
      return this.#absorb(batch);
    } catch (error) {
      this.#thrown = { error };
      return undefined;
    }
  }

  /** Closes the upstream. Of no effect once the attempt has failed; a whole answer was then not taken. */
  cancel(reason: "lost" | "aborted" | "deadline"): void {
    if ((this.#ended && !this.done) || this.#upstream.interrupted instanceof Cancelled) return;
    this.#end();
    this.#stop(new Cancelled(reason));
    this.#emit({ type: "attempt.cancelled", n: this.n, reason });
  }

  /** Stops the attempt from outside the read that may be pending. */
  #stop(reason: unknown): void {
    this.#upstream.interrupt(reason);
    if (reason !== TRAILER) this.#upstream.abort(reason);
  }

  #breathe(): Promise<void> {
    return new Promise((resolve) => void this.#init.clock.setTimeout(resolve, 0));
  }

  /** A connection that ends or breaks after the finish reason leaves the answer whole; what it says does not. */
  #trailing(error: unknown): boolean {
    if (error === TRAILER) return true;
    if (this.#upstream.interrupted !== undefined || this.#answer.resumed) return false;
    return !(error instanceof SignalError) || error.signal.kind === "eof" || error.signal.kind === "thrown";
  }

  #absorb(batch: readonly ProviderPart[]): readonly ContentPart[] {
    const { shown, content, usage, meta } = this.#answer.add(batch);
    if (usage) this.#emit({ type: "attempt.usage", n: this.n, usage });
    if (meta) this.#meta(meta);
    this.#barren = content ? 0 : this.#barren + 1;
    if (content) this.#sawContent(batch);
    if (this.finishReason !== undefined && !this.#answer.resumed) this.#watchdog.finished();
    return shown;
  }

  #meta({ model, generationId, servedBy }: Meta): void {
    const { redact } = this.#init;
    const named = model === undefined ? undefined : redact(model);
    if (named !== undefined) this.model = named;
    this.#emit({
      type: "attempt.meta",
      n: this.n,
      ...(named !== undefined && { model: named }),
      ...(generationId !== undefined && { generationId: redact(generationId) }),
      ...(servedBy !== undefined && { servedBy: redact(servedBy) }),
    });
  }

  #sawContent(batch: readonly ProviderPart[]): void {
    this.#watchdog.content(batch);
    if (this.#contentSeen) return;
    this.#contentSeen = true;
    this.accepted = true;
    this.#emit({ type: "attempt.first_content", n: this.n });
    this.#init.onContent();
  }

  /** The stream has ended: is there a whole answer? Returns the held tool calls. */
  #complete(): ContentPart[] {
    const doubt = this.#answer.doubt(this.#init.check, this.model ?? this.target.model);
    if (doubt) throw new SignalError(doubt);
    this.done = true;
    this.#end();
    // A provider that still waits for the trailer hears of the end only by its signal.
    if (this.#upstream.interrupted === TRAILER) this.#upstream.abort(TRAILER);
    return this.#answer.toolCallParts();
  }

  #fail(error: unknown): unknown {
    if (error instanceof Cancelled || error instanceof OptionsError) {
      this.#end();
      // The one who cancels tells of it; a provider that cannot send does not.
      if (error instanceof OptionsError)
        this.#emit({ type: "attempt.cancelled", n: this.n, reason: "aborted" });
      return error;
    }
    const signal: Signal =
      error instanceof SignalError
        ? error.signal
        : { kind: "thrown", error, afterContent: this.#contentSeen };
    const failure = this.#init.explain(
      "afterContent" in signal
        ? { ...signal, afterContent: signal.afterContent || this.#contentSeen }
        : signal,
    );
    this.#end();
    this.#upstream.abort(error);
    return new AttemptError(failure);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watchdog.stop();
    const { lag } = this.#init;
    this.#lostAtEnd = lag.lostMs();
    lag.end();
    this.#upstream.leave();
  }

  #emit(event: Untimed<ChainEvent>): void {
    this.#init.emit(stamped(event, this.#init.clock.now()));
  }
}
