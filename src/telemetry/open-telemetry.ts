import {
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { OptionsError } from "../errors.js";
import type { ChainEvent } from "../events.js";
import type { CallTelemetry, Telemetry } from "../observer.js";
import { CallMetrics } from "./call-metrics.js";
import { CallSpans } from "./call-spans.js";
import { SCOPE } from "./gen-ai-names.js";
import { type Instruments, instrumentsOf } from "./instruments.js";

export interface OpenTelemetryOptions {
  /** Default: the one registered with `@opentelemetry/api`, looked up at each call. */
  tracerProvider?: TracerProvider;
  meterProvider?: MeterProvider;
  /** In place of one that the provider gives. */
  tracer?: Tracer;
  meter?: Meter;
}

/**
 * Telemetry for OpenTelemetry: a span per call, a client span per attempt, and metrics, named after the GenAI conventions
 * (see docs/telemetry.md). Of no effect while no SDK is registered. Neither prompts nor answers are in it.
 *
 * @throws OptionsError naming the wrong option
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  check(options);
  const { tracer, tracerProvider, meter, meterProvider } = options;
  let made: { meter: Meter; instruments: Instruments } | undefined;
  const instruments = () => {
    // An SDK may be registered after the chain was built, or replaced: the meter then is another one.
    const current = meter ?? (meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE);
    if (made?.meter !== current) made = { meter: current, instruments: instrumentsOf(current) };
    return made.instruments;
  };
  return {
    call: (start) =>
      new OpenTelemetryCall(
        new CallSpans(tracer ?? (tracerProvider ?? trace).getTracer(SCOPE), start),
        new CallMetrics(instruments()),
      ),
  };
}

class OpenTelemetryCall implements CallTelemetry {
  readonly #spans: CallSpans;
  readonly #metrics: CallMetrics;

  constructor(spans: CallSpans, metrics: CallMetrics) {
    this.#spans = spans;
    this.#metrics = metrics;
  }

  event(event: ChainEvent): void {
    try {
      this.#spans.event(event);
    } finally {
      // A span processor that throws is no reason to measure something else than what happened.
      this.#metrics.event(event);
    }
  }

  attempt<T>(n: number, open: () => T): T {
    return this.#spans.attempt(n, open);
  }
}

const METHODS = {
  tracerProvider: "getTracer",
  meterProvider: "getMeter",
  tracer: "startSpan",
  meter: "createHistogram",
} as const satisfies Record<keyof OpenTelemetryOptions, string>;

function check(options: OpenTelemetryOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name as keyof typeof METHODS] : undefined;
    if (!method) throw new OptionsError(`openTelemetry: ${name} is not an option`);
    if (value === undefined) continue;
    const found = typeof value === "object" && value !== null && method in value;
    if (!found) throw new OptionsError(`openTelemetry: ${name} must have ${method}(), got ${typeof value}`);
  }
}
