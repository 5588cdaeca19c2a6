/**
 * What can be asked without a promise: a read that brings one event would pass one at each layer on its way from the
 * socket to the reader, which takes longer than all that is done to the event.
 */
export interface Arrivals<T> {
  /** Calls `wake` once: from then on `arrived` or `next` has something to say. False: only `next` can wait. */
  wait(wake: () => void): boolean;
  /** What has come; undefined: `next` has to tell. Whoever waits is the only one who asks. */
  arrived(): T | undefined;
}

/** Resolves when it is worth to ask `arrived`; undefined: only `next` can wait. */
export function soonOf(arrivals: Arrivals<unknown>): Promise<void> | undefined {
  let wake!: () => void;
  const soon = new Promise<void>((resolve) => {
    wake = resolve;
  });
  return arrivals.wait(wake) ? soon : undefined;
}

/** An iterator of ours that can be asked so. */
export abstract class ArrivalIterator<T> implements Arrivals<T>, AsyncIterableIterator<T> {
  /** In objects that a constructor of ours has made, and in no Proxy of one and no object that inherits from one. */
  readonly #made = true;

  abstract next(): Promise<IteratorResult<T>>;
  abstract return(): Promise<IteratorResult<T>>;
  abstract wait(wake: () => void): boolean;
  abstract arrived(): T | undefined;

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Undefined for an iterator of somebody else's, and for one of ours that somebody has put a `next` of their own into. */
  static of<T>(iterator: AsyncIterator<T>): ArrivalIterator<T> | undefined {
    const isOurs = typeof iterator === "object" && #made in iterator && !Object.hasOwn(iterator, "next");
    return isOurs ? (iterator as ArrivalIterator<T>) : undefined;
  }
}
