import { ArrivalIterator } from "../../src/arrivals.js";

/** The same iterator, for whoever waits without a promise, and strict with them; `slow` values are left to `next`. */
export function arriving<T>(
  iterator: AsyncIterator<T>,
  slow: (value: T) => boolean = () => false,
): ArrivalIterator<T> {
  return new Arriving(iterator, slow);
}

class Arriving<T> extends ArrivalIterator<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #slow: (value: T) => boolean;
  #pending: Promise<IteratorResult<T>> | undefined;
  #come: T | undefined;
  #waits = false;

  constructor(iterator: AsyncIterator<T>, slow: (value: T) => boolean) {
    super();
    this.#iterator = iterator;
    this.#slow = slow;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#waits) throw new Error("whoever waits must be the only one who asks");
    const next = this.#pending ?? this.#iterator.next();
    this.#pending = undefined;
    this.#come = undefined;
    return next;
  }

  wait(wake: () => void): boolean {
    if (this.#waits) throw new Error("whoever waits must be the only one who waits");
    this.#waits = true;
    this.#pending ??= this.#iterator.next();
    const came = ({ done, value }: IteratorResult<T>) => {
      if (!done && !this.#slow(value)) this.#come = value;
    };
    this.#pending
      .then(came, () => {})
      .then(() => {
        this.#waits = false;
        wake();
      });
    return true;
  }

  arrived(): T | undefined {
    const come = this.#come;
    if (come !== undefined) {
      this.#come = undefined;
      this.#pending = undefined;
    }
    return come;
  }

  return(): Promise<IteratorResult<T>> {
    return this.#iterator.return?.() as Promise<IteratorResult<T>>;
  }
}

/** Reads as the model does: without promises wherever that is possible. */
export async function* byArrivals<T>(iterator: AsyncIterator<T>): AsyncGenerator<T> {
  const arrivals = ArrivalIterator.of(iterator);
  try {
    for (;;) {
      let wake = () => {};
      const soon = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (arrivals?.wait(wake)) {
        await soon;
        const come = arrivals.arrived();
        if (come !== undefined) {
          yield come;
          continue;
        }
      }
      const { done, value } = await iterator.next();
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
