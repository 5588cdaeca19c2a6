import { ArrivalIterator, type Arrivals } from "./arrivals.js";
import type { OpenContext, Provider, ProviderPart, WireRequest } from "./types.js";

/** One request to a provider, whose reader can be called away from any wait. */
export class Upstream implements Arrivals<readonly ProviderPart[]> {
  readonly #controller = new AbortController();
  #iterator: AsyncIterator<readonly ProviderPart[]> | undefined;
  #arrivals: ArrivalIterator<readonly ProviderPart[]> | undefined;
  #interrupt: ((reason: unknown) => void) | undefined;
  #interrupted: unknown;
  #left = false;

  /** What the reader was called away with; undefined: it was not. */
  get interrupted(): unknown {
    return this.#interrupted;
  }

  /** Resolves when the answer may begin. `around` runs what sends the request. */
  async open(
    provider: Provider,
    request: WireRequest,
    context: Omit<OpenContext, "signal">,
    around: <T>(open: () => T) => T,
  ): Promise<void> {
    const { signal } = this.#controller;
    const opening = around(() => provider.open(request, Object.assign({}, context, { signal })));
    // A provider may resolve although it was told to stop.
    opening.then(
      (late) => {
        if (this.#left) void discard(() => late[Symbol.asyncIterator]());
      },
      () => {},
    );
    const stream = await this.#interruptible(opening);
    if (this.#interrupted !== undefined) throw this.#interrupted;
    this.#iterator = stream[Symbol.asyncIterator]();
    this.#arrivals = ArrivalIterator.of(this.#iterator);
  }

  async next(): Promise<IteratorResult<readonly ProviderPart[]>> {
    const waits = await new Promise<boolean>((resolve) => {
      if (!this.wait(() => resolve(true))) resolve(false);
    });
    const value = waits ? this.arrived() : undefined;
    if (value) return { done: false, value };
    if (this.#interrupted !== undefined) throw this.#interrupted;
    return this.#interruptible(this.#iterator!.next());
  }

  /** An interrupt wakes, too. */
  wait(wake: () => void): boolean {
    if (this.#interrupted !== undefined || !this.#arrivals) return false;
    this.#interrupt = wake;
    return this.#arrivals.wait(wake);
  }

  arrived(): readonly ProviderPart[] | undefined {
    return this.#interrupted === undefined ? this.#arrivals?.arrived() : undefined;
  }

  /** Calls the reader away: the wait that is pending, and each one after it, rejects with `reason`. */
  interrupt(reason: unknown): void {
    this.#interrupted = reason;
    this.#interrupt?.(reason);
  }

  /** Closes the connection. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Nobody will read on. */
  leave(): void {
    this.#left = true;
    const iterator = this.#iterator;
    if (iterator) void discard(() => iterator);
  }

  /** A plain promise race would leave a reaction behind on a long-lived promise at every read. */
  #interruptible<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#interrupted !== undefined) reject(this.#interrupted);
      this.#interrupt = reject;
      promise.then(resolve, reject);
    });
  }
}

/** Lets a provider close a stream that nobody will read on; what it throws then concerns nobody. */
async function discard(iterator: () => AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator().return?.();
  } catch {}
}
