import {
  type Clock,
  type OpenContext,
  type Provider,
  type ProviderPart,
  SignalError,
  type WireRequest,
} from "../../../src/chain.js";
import type { Trace } from "./trace.js";

/** How one request is answered. Milliseconds, from the start of the request. */
export type Behaviour =
  /** Headers after `headersMs` (default: with the first token), then one token each `gapMs`. */
  | { kind: "answer"; firstMs: number; headersMs?: number; tokens?: number; gapMs?: number }
  /** An error response of this HTTP status. */
  | { kind: "status"; status: number; afterMs: number }
  /** Nothing comes, ever. */
  | { kind: "stall" };

/** Says how a request is answered: at once, or, when it has to wait for its turn, later. */
export type Model = (reply: (behaviour: Behaviour) => void) => void;

/** A model whose every answer is known when the request arrives. */
export function drawn(behave: () => Behaviour): Model {
  return (reply) => reply(behave());
}

export interface SimulatedProviderInit {
  clock: Clock;
  trace: Trace;
  models: Readonly<Record<string, Model>>;
}

/** An endpoint without a network, in virtual time; what is not said by a model answers 404. */
export class SimulatedProvider implements Provider {
  readonly name = "simulated";
  readonly account = "simulated";
  readonly supports = {
    usageInStream: true,
    tools: true,
    jsonSchema: true,
    prefill: true,
    openRouterKeys: true,
  };
  /** Requests per model. */
  readonly requests = new Map<string, number>();
  readonly #init: SimulatedProviderInit;
  #open = 0;

  constructor(init: SimulatedProviderInit) {
    this.#init = init;
    for (const model of Object.keys(init.models)) this.requests.set(model, 0);
  }

  /** Requests that have neither ended nor been given up. */
  get pending(): number {
    return this.#open;
  }

  get total(): number {
    return [...this.requests.values()].reduce((sum, count) => sum + count, 0);
  }

  open(request: WireRequest, { signal, onHeaders }: OpenContext): Promise<Exchange> {
    const { clock, trace, models } = this.#init;
    const { model } = request;
    const n = (this.requests.get(model) ?? 0) + 1;
    this.requests.set(model, n);
    this.#open++;
    trace.note(`> ${model} ${n} ${clock.now()}`);
    const exchange = new Exchange(clock, signal, onHeaders, (how) => {
      this.#open--;
      trace.note(`< ${model} ${n} ${how} ${clock.now()}`);
    });
    const serve = models[model];
    if (serve) serve((behaviour) => exchange.play(behaviour));
    else exchange.play({ kind: "status", status: 404, afterMs: 0 });
    return exchange.opened;
  }
}

type Read = IteratorResult<readonly ProviderPart[]>;

/** One request under way: its headers, then its parts. */
class Exchange implements AsyncIterableIterator<readonly ProviderPart[]> {
  readonly opened: Promise<this>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onHeaders: OpenContext["onHeaders"];
  readonly #onEnd: (how: string) => void;
  readonly #onAbort = () => {
    const error = new SignalError({ kind: "aborted" });
    this.#end("aborted");
    this.#refuse(error);
    this.#wake?.reject(error);
  };
  #accept!: (exchange: this) => void;
  #refuse!: (error: Error) => void;
  #timer: unknown;
  #ended = false;
  readonly #ready: (readonly ProviderPart[])[] = [];
  #whole = false;
  #wake: { resolve(read: Read): void; reject(error: Error): void } | undefined;

  constructor(
    clock: Clock,
    signal: AbortSignal,
    onHeaders: OpenContext["onHeaders"],
    onEnd: (how: string) => void,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onHeaders = onHeaders;
    this.#onEnd = onEnd;
    this.opened = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  play(behaviour: Behaviour): void {
    if (this.#ended || behaviour.kind === "stall") return;
    if (behaviour.kind === "status") {
      const { status, afterMs } = behaviour;
      this.#after(afterMs, () => {
        this.#onHeaders({ status });
        this.#end(String(status));
        this.#refuse(new SignalError({ kind: "http", status, headers: {}, body: "" }));
      });
      return;
    }
    const { firstMs, headersMs = firstMs, tokens = 1, gapMs = 0 } = behaviour;
    this.#after(headersMs, () => {
      this.#onHeaders({ status: 200 });
      this.#accept(this);
      this.#after(firstMs - headersMs, () => this.#give(tokens, gapMs));
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Read> {
    const value = this.#ready.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    if (this.#whole) {
      this.#end("whole");
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#wake = { resolve, reject };
    });
  }

  return(): Promise<Read> {
    this.#end("left");
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(left: number, gapMs: number): void {
    const text: ProviderPart = { type: "text", text: "token " };
    if (left > 1) {
      this.#hand([text]);
      this.#after(gapMs, () => this.#give(left - 1, gapMs));
      return;
    }
    this.#whole = true;
    this.#hand([text, { type: "finish", reason: "stop" }]);
  }

  #hand(parts: readonly ProviderPart[]): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) wake.resolve({ done: false, value: parts });
    else this.#ready.push(parts);
  }

  #after(ms: number, act: () => void): void {
    if (ms <= 0) {
      act();
      return;
    }
    this.#timer = this.#clock.setTimeout(() => {
      if (!this.#ended) act();
    }, ms);
  }

  #end(how: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#clock.clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#onEnd(how);
  }
}
