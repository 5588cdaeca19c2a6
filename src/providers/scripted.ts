import { OptionsError, SignalError } from "../errors.js";
import type { OpenContext, Provider, ProviderPart, Signal, Supports, WireRequest } from "../types.js";

/**
 * One step of a script: a text, milliseconds of silence (Infinity: for ever), a part, several parts of one network
 * read, or a failure.
 */
export type ScriptStep = string | number | ProviderPart | readonly ProviderPart[] | Signal;

/**
 * One answer. Steps before the first text or part pass before the response headers: a failure there is thrown by
 * `open`. `{ headersMs }` fixes that moment, so that silence or a failure can follow the headers.
 */
export type Script = readonly ScriptStep[] | { headersMs?: number; steps: readonly ScriptStep[] };

export interface ScriptedOptions {
  /** Default "scripted". */
  name?: string;
  /** Default: the name. */
  account?: string;
  supports?: Partial<Supports>;
  /** Answers per model, one per request; the last one repeats. A model without any answers 404. */
  script: Record<string, readonly Script[]>;
}

export interface ScriptedProvider extends Provider {
  /** Every request so far, in order. */
  readonly requests: readonly { model: string; attemptId: string; request: WireRequest }[];
  readonly opened: number;
  /** Requests that have ended, failed or were given up; equals `opened` when nothing is left open. */
  readonly closed: number;
}

/** A whole answer as a script: its text in the given pieces, a usage and the finish reason. */
export function answer(...pieces: string[]): ScriptStep[] {
  const usage = { inputTokens: 1, outputTokens: pieces.length };
  return [...pieces, { type: "usage", usage }, { type: "finish", reason: "stop" }];
}

/** The provider for tests: no network, and time only through `setTimeout`, so that fake timers drive it. */
export function scripted(options: ScriptedOptions): ScriptedProvider {
  const { name = "scripted", script } = options;
  for (const [model, scripts] of Object.entries(script)) {
    if (!Array.isArray(scripts) || scripts.length === 0) {
      throw new OptionsError(`script["${model}"] must be a non-empty list of scripts`);
    }
  }
  const requests: { model: string; attemptId: string; request: WireRequest }[] = [];
  const used = new Map<string, number>();
  let opened = 0;
  let closed = 0;

  async function open(request: WireRequest, context: OpenContext) {
    if (context.signal.aborted) throw new SignalError({ kind: "aborted" });
    const { model } = request;
    requests.push({ model, attemptId: context.attemptId, request });
    const n = used.get(model) ?? 0;
    used.set(model, n + 1);
    const scripts = Object.hasOwn(script, model) ? script[model] : undefined;
    const { headersMs, steps } = normalize(scripts?.[Math.min(n, scripts.length - 1)] ?? notFound(model));
    opened++;
    const play = new Playback(steps, context.signal, () => closed++);
    await play.head(headersMs, context);
    return play;
  }

  return {
    name,
    account: options.account ?? name,
    supports: {
      usageInStream: true,
      tools: true,
      jsonSchema: true,
      prefill: true,
      openRouterKeys: true,
      ...options.supports,
    },
    open,
    requests,
    get opened() {
      return opened;
    },
    get closed() {
      return closed;
    },
  };
}

function notFound(model: string): Script {
  const body = JSON.stringify({ error: { message: `No endpoints found for ${model}.`, code: 404 } });
  return [{ kind: "http", status: 404, headers: {}, body }];
}

function normalize(script: Script): { headersMs: number | undefined; steps: readonly ScriptStep[] } {
  return "steps" in script
    ? { headersMs: script.headersMs ?? 0, steps: script.steps }
    : { headersMs: undefined, steps: script };
}

class Playback implements AsyncIterableIterator<readonly ProviderPart[]> {
  readonly #steps: ScriptStep[];
  readonly #signal: AbortSignal;
  readonly #onClose: () => void;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onAbort = () => this.#close();

  constructor(steps: readonly ScriptStep[], signal: AbortSignal, onClose: () => void) {
    this.#steps = [...steps];
    this.#signal = signal;
    this.#onClose = onClose;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Waits for the response headers; `headersMs` undefined: the steps before the first part say when. */
  async head(headersMs: number | undefined, context: OpenContext): Promise<void> {
    if (headersMs) await this.#sleep(headersMs);
    while (headersMs === undefined && typeof this.#steps[0] === "number") {
      await this.#sleep(this.#steps.shift() as number);
    }
    const first = this.#steps[0];
    if (headersMs === undefined && isSignal(first)) {
      if (first.kind === "http") context.onHeaders({ status: first.status });
      this.#steps.shift();
      this.#close();
      throw new SignalError(first);
    }
    context.onHeaders({ status: 200 });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<readonly ProviderPart[]>> {
    for (let step = this.#steps.shift(); step !== undefined && !this.#ended; step = this.#steps.shift()) {
      if (typeof step === "number") await this.#sleep(step);
      else if (isSignal(step)) {
        this.#close();
        throw new SignalError(step);
      } else return { done: false, value: partsOf(step) };
    }
    if (this.#signal.aborted) throw new SignalError({ kind: "aborted" });
    this.#close();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<readonly ProviderPart[]>> {
    this.#close();
    return { done: true, value: undefined };
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
    this.#onClose();
  }

  async #sleep(ms: number): Promise<void> {
    if (!this.#ended) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#signal.aborted) throw new SignalError({ kind: "aborted" });
  }
}

function isSignal(step: ScriptStep | undefined): step is Signal {
  return typeof step === "object" && "kind" in step;
}

function partsOf(step: string | ProviderPart | readonly ProviderPart[]): readonly ProviderPart[] {
  if (typeof step === "string") return [{ type: "text", text: step }];
  return Array.isArray(step) ? step : [step as ProviderPart];
}
