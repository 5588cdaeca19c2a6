/**
 * What an iterator has beside `next` when it can do without a promise: a read that brings one event would pass one at
 * each layer on its way from the socket to the reader, which takes longer than all that is done to the event.
 */
export interface Arrivals<T> {
  /** Calls `wake` once: from then on `arrived` or `next` has something to say. False: only `next` can wait. */
  wait(wake: () => void): boolean;
  /** What has come; undefined: `next` has to tell. Whoever waits is the only one who asks. */
  arrived(): T | undefined;
}

/** An iterator of somebody else's has no more than `next`. */
export type MaybeArrivals<T> = AsyncIterator<T> & Partial<Arrivals<T>>;
