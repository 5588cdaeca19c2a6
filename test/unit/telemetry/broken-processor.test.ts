import { type Meter, ProxyTracerProvider, type Span, type Tracer } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { answer } from "../../../src/providers/scripted.js";
import { openTelemetry } from "../../../src/telemetry/index.js";
import { ask, bench } from "../../support/chain.js";

/** As with a span processor that throws when the span of an attempt ends. */
function brokenTracer(ended: string[]): Tracer {
  const real = new ProxyTracerProvider().getTracer("nobody");
  return {
    startSpan(name: string) {
      const span = real.startSpan(name);
      const end = () => {
        ended.push(name);
        if (name.startsWith("chat")) throw new Error("no exporter");
      };
      return Object.create(span, { end: { value: end } }) as Span;
    },
  } as Tracer;
}

it("measures what happened, and ends each span once, beside a span processor that throws", async () => {
  const attempts: unknown[] = [];
  const instrument = (name: string) => ({
    add(_: number, labels: Record<string, unknown>) {
      if (name === "fallback_chain.attempts") attempts.push(labels["fallback_chain.outcome"]);
    },
    record() {},
  });
  const meter = {
    createHistogram: instrument,
    createCounter: instrument,
    createGauge: instrument,
  } as unknown as Meter;
  const ended: string[] = [];
  const down = [{ kind: "http" as const, status: 500, headers: {}, body: "" }];
  const { chain } = bench(
    { "a/one": [down], "b/two": [answer("b")] },
    {
      retry: { server_error: { retries: 0 } },
      telemetry: openTelemetry({ tracer: brokenTracer(ended), meter }),
    },
  );
  expect(await chain.complete(ask)).toMatchObject({ text: "b" });
  expect(attempts).toEqual(["failed", "won"]);
  expect(ended).toEqual(["chat a/one", "chat b/two", "fallback_chain a/one"]);
});
