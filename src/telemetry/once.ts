/** A function that runs at its first call only; each call has the same outcome. */
export interface Once<T> {
  run(): T;
  /** Has it thrown, or rejected with, this? */
  threw(error: unknown): boolean;
}

export function once<T>(action: () => T): Once<T> {
  const thrown: unknown[] = [];
  let outcome: (() => T) | undefined;
  const first = (): (() => T) => {
    try {
      const value = action();
      // Before anybody else can hear of it.
      if (value instanceof Promise) value.catch((error: unknown) => void thrown.push(error));
      return () => value;
    } catch (error) {
      thrown.push(error);
      return () => {
        throw error;
      };
    }
  };
  return {
    run() {
      outcome ??= first();
      return outcome();
    },
    threw: (error) => thrown.includes(error),
  };
}
