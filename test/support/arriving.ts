import type { Arrivals, MaybeArrivals } from "../../src/arrivals.js";

/** The same iterator, for whoever waits without a promise; `slow` values are left to `next`. */
export function arriving<T>(
  iterator: AsyncIterator<T>,
  slow: (value: T) => boolean = () => false,
): AsyncIterableIterator<T> & Arrivals<T> {
  let pending: Promise<IteratorResult<T>> | undefined;
  let come: T | undefined;
  let waits = false;
  const self = {
    next() {
      if (waits) throw new Error("whoever waits must be the only one who asks");
      const next = pending ?? iterator.next();
      pending = undefined;
      come = undefined;
      return next;
    },
    wait(wake: () => void) {
      if (waits) throw new Error("whoever waits must be the only one who waits");
      waits = true;
      pending ??= iterator.next();
      pending
        .then(
          ({ done, value }) => {
            if (!done && !slow(value)) come = value;
          },
          () => {},
        )
        .then(() => {
          waits = false;
          wake();
        });
      return true;
    },
    arrived() {
      const value = come;
      if (value !== undefined) {
        come = undefined;
        pending = undefined;
      }
      return value;
    },
    return: (value?: unknown) => iterator.return?.(value) as Promise<IteratorResult<T>>,
    [Symbol.asyncIterator]: () => self,
  };
  return self;
}

/** Reads as the model does: without promises wherever that is possible. */
export async function* byArrivals<T>(iterator: MaybeArrivals<T>): AsyncGenerator<T> {
  try {
    for (;;) {
      let wake = () => {};
      const soon = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (iterator.wait?.(wake)) {
        await soon;
        const come = iterator.arrived?.();
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
