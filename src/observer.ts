import type { ChainEvent } from "./events.js";
import type { CallStart } from "./record.js";

/**
 * Sees the events of every call as they happen. What it throws is logged once and goes no further. It runs inside the
 * call, in the asynchronous context that the call was made in, so it must be quick.
 */
export interface Telemetry {
  call(start: CallStart): CallTelemetry;
}

/** The telemetry of one call. */
export interface CallTelemetry {
  /** `call.started` comes first, `call.finished` last; an attempt whose end was not told by then was cancelled. */
  event(event: ChainEvent): void;
  /** Runs what sends attempt `n`'s request, so that it happens inside the attempt's span. Must return what `open` does. */
  attempt?<T>(n: number, open: () => T): T;
}
