import { defaultMaxListeners, getMaxListeners, setMaxListeners } from "node:events";

/** The signals by which a caller may leave. */
export class CallerSignals {
  readonly #signals: readonly AbortSignal[];
  readonly #onAbort: () => void;

  constructor(signals: readonly AbortSignal[], onAbort: () => void) {
    this.#signals = signals;
    this.#onAbort = onAbort;
  }

  /** Calls back at once for one that has fired already. */
  listen(): void {
    for (const signal of this.#signals) {
      expectMany(signal);
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    if (this.#signals.some(({ aborted }) => aborted)) this.#onAbort();
  }

  leave(): void {
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#onAbort);
  }
}

/** One for all calls of a service is usual, and Node takes the eleventh listener for a leak. */
function expectMany(signal: AbortSignal): void {
  try {
    if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(Number.POSITIVE_INFINITY, signal);
  } catch {
    // Node 20 cannot tell of a signal whose limit somebody has taken away.
  }
}
