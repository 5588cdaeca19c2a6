import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { Telemetry } from "../../src/observer.js";
import { DIAGNOSTICS_CHANNELS, openTelemetry } from "../../src/telemetry/index.js";

export interface TelemetryTexts {
  telemetry: Telemetry;
  /** Everything that has left by spans, metrics and diagnostics channels, as text; ends the listening. */
  texts(): Promise<[string, string][]>;
}

export function telemetryTexts(): TelemetryTexts {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: metrics })],
  });
  const messages: string[] = [];
  const hear = (message: unknown) => void messages.push(JSON.stringify(message));
  for (const name of DIAGNOSTICS_CHANNELS) subscribe(name, hear);
  return {
    telemetry: openTelemetry({ tracerProvider, meterProvider }),
    async texts() {
      for (const name of DIAGNOSTICS_CHANNELS) unsubscribe(name, hear);
      await meterProvider.forceFlush();
      const seen = spans
        .getFinishedSpans()
        .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
      const texts: [string, string][] = [
        ["the spans", inspect(seen, { depth: null })],
        ["the metrics", inspect(metrics.getMetrics(), { depth: null })],
        ["the diagnostics channels", messages.join("\n")],
      ];
      await meterProvider.shutdown();
      return texts;
    },
  };
}
