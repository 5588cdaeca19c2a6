import type { ChainEvent } from "../events.js";
import type { Logger } from "../logger.js";
import type { CallTelemetry, Telemetry } from "../observer.js";
import type { CallStart } from "../record.js";
import { once } from "./once.js";

/** The telemetries of a chain. What one of them throws is logged once, and changes nothing. */
export class Observers {
  readonly #telemetries: readonly Telemetry[];
  readonly #logger: Logger;
  readonly #words: (error: unknown) => string;
  readonly #failed = new Set<Telemetry>();

  /** `words`: what may be said of an error in the log. */
  constructor(telemetries: readonly Telemetry[], logger: Logger, words: (error: unknown) => string = String) {
    this.#telemetries = telemetries;
    this.#logger = logger;
    this.#words = words;
  }

  /** Those who watch one call; undefined: nobody does. */
  call(start: CallStart): CallObservers | undefined {
    if (this.#telemetries.length === 0) return undefined;
    const observers = this.#telemetries.flatMap((telemetry) => {
      const fail = (error: unknown) => this.#fail(telemetry, error);
      const observer = guarded(() => telemetry.call(start), fail);
      return observer ? [new CallObserver(observer, fail)] : [];
    });
    return observers.length > 0 ? new CallObservers(observers) : undefined;
  }

  #fail(telemetry: Telemetry, error: unknown): void {
    if (this.#failed.has(telemetry)) return;
    this.#failed.add(telemetry);
    try {
      this.#logger.error({ error: this.#words(error) }, "telemetry failed; told once");
    } catch {
      // A logger that throws, or an error that cannot be shown, is nobody's reason to lose a call.
    }
  }
}

/** All who watch one call. */
export class CallObservers {
  readonly #observers: readonly CallObserver[];

  constructor(observers: readonly CallObserver[]) {
    this.#observers = observers;
  }

  event(event: ChainEvent): void {
    for (const observer of this.#observers) observer.event(event);
  }

  /** What `open` returns or throws; it is called exactly once, whatever the observers do. */
  attempt<T>(n: number, open: () => T): T {
    return this.#observers.reduceRight<() => T>(
      (inner, observer) => () => observer.attempt(n, inner),
      open,
    )();
  }
}

class CallObserver {
  readonly #telemetry: CallTelemetry;
  readonly #fail: (error: unknown) => void;

  constructor(telemetry: CallTelemetry, fail: (error: unknown) => void) {
    this.#telemetry = telemetry;
    this.#fail = fail;
  }

  event(event: ChainEvent): void {
    guarded(() => this.#telemetry.event(event), this.#fail);
  }

  attempt<T>(n: number, open: () => T): T {
    const opening = once(open);
    const own = (error: unknown) => {
      // What `open` itself throws is the attempt's failure, and told as such.
      if (!opening.threw(error)) this.#fail(error);
    };
    guarded(() => this.#telemetry.attempt?.(n, opening.run), own);
    return opening.run();
  }
}

/** Also what an asynchronous function rejects with: nobody else would catch it. */
function guarded<T>(action: () => T, fail: (error: unknown) => void): T | undefined {
  try {
    const result = action();
    if (result instanceof Promise) result.catch(fail);
    return result;
  } catch (error) {
    fail(error);
    return undefined;
  }
}
