import { useEffect, useRef, useState } from "preact/hooks";

export interface Refreshed<T> {
  data?: T;
  /** Of which request the data are. */
  key?: string;
  error?: Error;
}

/**
 * Loads at once when `key` changes, and again when `version` does: never two at a time, and not more often than every
 * `everyMs`. What was loaded last stays until there is something newer.
 */
export function useRefreshed<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { key, version, everyMs }: { key: string; version: number; everyMs: number },
): Refreshed<T> {
  const [state, setState] = useState<Refreshed<T>>({});
  const latest = useRef({ load, version });
  latest.current = { load, version };
  const wake = useRef<(() => void) | undefined>(undefined);

  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const run = async () => {
      while (!signal.aborted) {
        const loaded = latest.current.version;
        const began = performance.now();
        try {
          const data = await latest.current.load(signal);
          if (!signal.aborted) setState({ data, key });
        } catch (error) {
          if (!signal.aborted) setState((before) => ({ ...before, error: error as Error }));
        }
        // What takes long to make is not asked for all the time.
        const pauseMs = Math.max(everyMs, 3 * (performance.now() - began));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (latest.current.version === loaded && !signal.aborted)
          await new Promise<void>((resolve) => {
            wake.current = resolve;
          });
      }
    };
    void run();
    return () => {
      stop.abort();
      wake.current?.();
    };
  }, [key, everyMs]);

  useEffect(() => wake.current?.(), [version]);
  return state;
}
