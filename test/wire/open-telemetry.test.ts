import { context, DiagLogLevel, diag, type Span, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FallbackChain, type FallbackChainOptions, hedged, openRouter } from "../../src/chain.js";
import { openTelemetry } from "../../src/telemetry/index.js";
import { type ModelScript, type Simulator, startSimulator } from "../../src/testing/index.js";
import { Canaries } from "../support/canaries.js";
import { drain } from "../support/chain.js";
import { type OtlpReceiver, otlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.js";

const A = "a/one";
const B = "b/two";
const INTERNAL = 1;
const CLIENT = 3;
const ERROR = 2;

const canaries = new Canaries();
const KEY = canaries.key("key");
const PROMPT = canaries.words("prompt");
const ANSWER = canaries.words("answer");
const ECHO = canaries.words("echoed by the server");
const request = { messages: [{ role: "user" as const, content: `${PROMPT} ${ECHO}` }] };

/** Spans that have begun and not ended, and those that ended. */
class SpanCount implements SpanProcessor {
  readonly open = new Set<string>();
  ended = 0;
  onStart(span: Span): void {
    this.open.add(span.spanContext().spanId);
  }
  onEnd(span: { spanContext(): { spanId: string } }): void {
    if (!this.open.delete(span.spanContext().spanId)) throw new Error("ended twice");
    this.ended++;
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

let receiver: OtlpReceiver;
let simulator: Simulator;
let tracerProvider: BasicTracerProvider;
let meterProvider: MeterProvider;
let count: SpanCount;
/** What the API complains about, such as a span that is ended twice. */
const complaints: string[] = [];
/** Ids of the spans in which requests were sent. */
let sentIn: (string | undefined)[];

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const complain = (...said: unknown[]) => void complaints.push(said.join(" "));
  diag.setLogger(
    { error: complain, warn: complain, info() {}, debug() {}, verbose() {} },
    { logLevel: DiagLogLevel.WARN },
  );
});
afterAll(() => {
  context.disable();
  diag.disable();
});

beforeEach(async () => {
  receiver = await otlpReceiver();
  count = new SpanCount();
  sentIn = [];
  tracerProvider = new BasicTracerProvider({
    spanProcessors: [
      count,
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` })),
    ],
  });
  meterProvider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` }),
      }),
    ],
  });
});
afterEach(async () => {
  await tracerProvider.shutdown();
  await meterProvider.shutdown();
  await receiver.close();
  await simulator.close();
  expect(canaries.in(receiver.raw.join())).toEqual([]);
  expect(complaints.splice(0)).toEqual([]);
  expect([...count.open]).toEqual([]);
});

async function chainOf(models: Record<string, ModelScript>, options: Partial<FallbackChainOptions> = {}) {
  simulator = await startSimulator({ models });
  return new FallbackChain({
    targets: Object.keys(models),
    provider: openRouter({
      apiKey: KEY,
      baseURL: simulator.baseURL,
      fetch: (url, init) => {
        sentIn.push(trace.getActiveSpan()?.spanContext().spanId);
        return fetch(url, init);
      },
    }),
    logger: false,
    retry: { server_error: { minDelayMs: 1, maxDelayMs: 1 } },
    telemetry: openTelemetry({ tracerProvider, meterProvider }),
    ...options,
  });
}

/** What has come over the wire: the call's span, and those of its attempts in order. */
async function received(): Promise<{ call: ReceivedSpan; attempts: ReceivedSpan[] }> {
  await tracerProvider.forceFlush();
  await meterProvider.forceFlush();
  const { spans } = receiver;
  const calls = spans.filter(({ kind }) => kind === INTERNAL);
  expect(calls).toHaveLength(1);
  const [call] = calls as [ReceivedSpan];
  const attempts = spans.filter(({ kind }) => kind === CLIENT);
  for (const attempt of attempts)
    expect([attempt.traceId, attempt.parentSpanId]).toEqual([call.traceId, call.spanId]);
  attempts.sort((a, b) => n(a) - n(b));
  expect(sentIn).toEqual(attempts.map(({ spanId }) => spanId));
  return { call, attempts };
}

const n = ({ attributes }: ReceivedSpan) => attributes["fallback_chain.attempt"] as number;
const points = (name: string) => receiver.metrics.get(name)?.points ?? [];
/** The points of a counter, as `labels: value`. */
const counted = (name: string, ...labels: string[]) =>
  Object.fromEntries(
    points(name).map(({ attributes, value, count }) => [
      labels.map((label) => attributes[label] ?? "-").join(" "),
      value ?? count,
    ]),
  );

const busy: ModelScript = { fault: "503" };

describe("a call in OpenTelemetry", () => {
  it("is a span with one client span per attempt: a retry, a failover, the answer", async () => {
    const chain = await chainOf(
      {
        [A]: busy,
        [B]: {
          text: ANSWER,
          model: "b/two-2026",
          usage: { promptTokens: 50, completionTokens: 9, cachedTokens: 20, reasoningTokens: 3, cost: 0.25 },
        },
      },
      { labels: { service: "billing" } },
    );
    const { record } = await drain(chain.stream(request, { caller: { sessionId: "conversation-1" } }));
    const { call, attempts } = await received();

    expect(call).toMatchObject({ name: `fallback_chain ${A}`, kind: INTERNAL, status: { code: 0 } });
    expect(call.parentSpanId).toBeUndefined();
    expect(call.attributes).toEqual({
      "fallback_chain.call_id": record.callId,
      "fallback_chain.strategy": "sequential",
      "fallback_chain.streamed": true,
      "fallback_chain.targets": [A, B],
      "fallback_chain.outcome": "ok",
      "fallback_chain.attempts": 3,
      "fallback_chain.answered_by": B,
      "fallback_chain.cost.usd": 0.25,
      "fallback_chain.cost.estimated": false,
      "gen_ai.conversation.id": "conversation-1",
    });

    expect(attempts.map(({ name, kind, status }) => [name, kind, status.code])).toEqual([
      [`chat ${A}`, CLIENT, ERROR],
      [`chat ${A}`, CLIENT, ERROR],
      [`chat ${B}`, CLIENT, 0],
    ]);
    const [first, retry, won] = attempts.map(({ attributes }) => attributes);
    const common = {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openrouter",
      "gen_ai.request.stream": true,
      "gen_ai.conversation.id": "conversation-1",
      "server.address": "127.0.0.1",
      "server.port": simulator.port,
    };
    const failed = {
      ...common,
      "gen_ai.request.model": A,
      "fallback_chain.target": A,
      "fallback_chain.outcome": "failed",
      "fallback_chain.failure.scope": "model",
      "error.type": "overloaded",
      "http.response.status_code": 503,
    };
    expect(first).toMatchObject({
      ...failed,
      "fallback_chain.why": "first",
      "fallback_chain.verdict": "retry",
    });
    expect(first).not.toHaveProperty(["http.request.resend_count"]);
    expect(retry).toMatchObject({
      ...failed,
      "fallback_chain.why": "retry",
      "fallback_chain.verdict": "next",
      "http.request.resend_count": 1,
    });
    expect(won).toEqual({
      ...common,
      "gen_ai.request.model": B,
      "gen_ai.response.model": "b/two-2026",
      "gen_ai.response.id": record.answeredBy?.generationId,
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.response.time_to_first_chunk": expect.closeTo(record.attempts[2]!.firstContentMs! / 1_000, 5),
      "gen_ai.usage.input_tokens": 50,
      "gen_ai.usage.output_tokens": 9,
      "gen_ai.usage.cache_read.input_tokens": 20,
      "gen_ai.usage.cache_write.input_tokens": 0,
      "gen_ai.usage.reasoning.output_tokens": 3,
      "http.response.status_code": 200,
      "fallback_chain.attempt": 3,
      "fallback_chain.target": B,
      "fallback_chain.why": "failover",
      "fallback_chain.outcome": "won",
      "fallback_chain.served_by": record.answeredBy?.servedBy,
      "fallback_chain.cost.usd": 0.25,
      "fallback_chain.cost.estimated": false,
    });

    const target = ["fallback_chain.target", "fallback_chain.outcome"];
    expect(counted("fallback_chain.attempts", ...target, "error.type", "fallback_chain.why")).toEqual({
      [`${A} failed overloaded first`]: 1,
      [`${A} failed overloaded retry`]: 1,
      [`${B} won - failover`]: 1,
    });
    expect(counted("fallback_chain.failovers", "fallback_chain.target")).toEqual({ [B]: 1 });
    expect(counted("gen_ai.client.inference.duration", ...target, "error.type")).toEqual({
      [`${A} failed overloaded`]: 2,
      [`${B} won -`]: 1,
    });
    expect(counted("gen_ai.client.inference.time_to_first_chunk", "gen_ai.request.model")).toEqual({
      [B]: 1,
    });
    const perModel = ["gen_ai.request.model", "gen_ai.token.modality"];
    const usage = "gen_ai.client.inference.usage";
    expect(counted(`${usage}.input_tokens`, ...perModel)).toEqual({
      [`${A} unknown`]: 0,
      [`${B} unknown`]: 50,
    });
    expect(counted(`${usage}.output_tokens`, ...perModel)).toEqual({
      [`${A} unknown`]: 0,
      [`${B} unknown`]: 9,
    });
    expect(counted(`${usage}.cache_read.input_tokens`, ...perModel)).toEqual({ [`${B} unknown`]: 20 });
    expect(counted(`${usage}.reasoning.output_tokens`, ...perModel)).toEqual({ [`${B} unknown`]: 3 });
    expect(
      counted("fallback_chain.cost", "fallback_chain.target", "fallback_chain.cost.estimated"),
    ).toMatchObject({
      [`${B} false`]: 0.25,
    });
    expect(counted("fallback_chain.call.duration", "fallback_chain.outcome", "error.type")).toEqual({
      "ok -": 1,
    });

    // In seconds, in the buckets the convention advises.
    const [duration] = points("gen_ai.client.inference.duration").filter(({ attributes }) =>
      Object.values(attributes).includes(B),
    );
    expect(receiver.metrics.get("gen_ai.client.inference.duration")?.unit).toBe("s");
    expect(duration?.bounds).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]);
    expect(duration?.sum).toBeCloseTo(record.attempts[2]!.durationMs / 1_000, 5);
    expect(duration?.sum).toBeCloseTo(attempts[2]!.seconds, 1);
    // No label is what a server calls itself.
    const labels = [...receiver.metrics.values()].flatMap((metric) =>
      metric.points.flatMap(({ attributes }) => Object.values(attributes)),
    );
    expect(labels).not.toContain("b/two-2026");
    expect(labels).not.toContain(record.answeredBy?.servedBy);
    await chain.close();
  });

  it("lies below what was active when it began, whoever reads it", async () => {
    const chain = await chainOf({ [A]: { text: ANSWER } });
    const parent = tracerProvider.getTracer("app").startSpan("work");
    const stream = context.with(trace.setSpan(context.active(), parent), () => chain.stream(request));
    await drain(stream);
    parent.end();
    await tracerProvider.forceFlush();
    const call = receiver.spans.find(({ name }) => name === `fallback_chain ${A}`);
    expect(call).toMatchObject({
      traceId: parent.spanContext().traceId,
      parentSpanId: parent.spanContext().spanId,
    });
    await chain.close();
  });

  it("with a hedge: the loser is cancelled, which is no error", async () => {
    const chain = await chainOf(
      { [A]: { text: ANSWER, pace: { firstTokenMs: 60_000 } }, [B]: { text: ANSWER } },
      { strategy: hedged({ afterMs: 20 }) },
    );
    await drain(chain.stream(request));
    const { call, attempts } = await received();
    expect(call.attributes).toMatchObject({ "fallback_chain.answered_by": B, "fallback_chain.attempts": 2 });
    expect(attempts.map(({ status }) => status.code)).toEqual([0, 0]);
    const [lost, won] = attempts.map(({ attributes }) => attributes);
    expect(lost).toMatchObject({ "fallback_chain.outcome": "cancelled", "fallback_chain.cancelled": "lost" });
    expect(lost).not.toHaveProperty(["error.type"]);
    expect(won).toMatchObject({ "fallback_chain.outcome": "won", "fallback_chain.why": "hedge" });
    expect(won).not.toHaveProperty(["http.request.resend_count"]);
    await chain.close();
  });

  it("that is stopped has the failure, without what the server echoed of key or prompt", async () => {
    const message = `Refused ${KEY} because of ${ECHO} in it`;
    const chain = await chainOf({
      [A]: { fault: "http", status: 400, body: { error: { code: 400, message } } },
      [B]: { text: ANSWER },
    });
    const { error } = await drain(chain.stream(request));
    const { call, attempts } = await received();
    expect(call.status).toMatchObject({ code: ERROR, message: expect.stringContaining("stopped: Refused") });
    expect(call.attributes).toMatchObject({
      "error.type": "invalid_request",
      "fallback_chain.error.code": "stopped",
      "fallback_chain.outcome": "failed",
    });
    expect(error?.code).toBe("stopped");
    expect(attempts).toMatchObject([
      {
        status: { code: ERROR, message: expect.stringContaining("Refused") },
        attributes: { "error.type": "invalid_request", "fallback_chain.verdict": "stop" },
      },
    ]);
    expect(counted("fallback_chain.call.duration", "fallback_chain.outcome", "error.type")).toEqual({
      "failed invalid_request": 1,
    });
    await chain.close();
  });

  it("whose stream dies and is recovered tells so", async () => {
    const chain = await chainOf({
      [A]: { fault: "cut", tokens: ["Half ", "an ", "answer"], at: 2 },
      [B]: { text: ANSWER },
    });
    await drain(chain.stream(request));
    const { call, attempts } = await received();
    expect(call.events).toEqual([
      {
        name: "fallback_chain.recovery",
        attributes: {
          "fallback_chain.attempt": 2,
          "fallback_chain.recovery.mode": "restart",
          "error.type": "stream_interrupted",
        },
      },
    ]);
    // A finish reason was due and did not come.
    expect(attempts[0]?.attributes).toMatchObject({ "gen_ai.response.finish_reasons": ["error"] });
    await chain.close();
  });

  it("tells of breakers and of targets passed over", async () => {
    const chain = await chainOf(
      { [A]: busy, [B]: { text: ANSWER } },
      { breaker: { consecutive: 1 }, retry: { overloaded: { retries: 0 } } },
    );
    await drain(chain.stream(request));
    await drain(chain.stream(request));
    await tracerProvider.forceFlush();
    await meterProvider.forceFlush();
    const events = receiver.spans.flatMap((span) => span.events);
    expect(events).toEqual([
      {
        name: "fallback_chain.breaker_changed",
        attributes: { "fallback_chain.target": A, "fallback_chain.breaker.phase": "open" },
      },
      {
        name: "fallback_chain.target_skipped",
        attributes: {
          "fallback_chain.target": A,
          "fallback_chain.reason": "breaker_open",
          "fallback_chain.detail.forMs": expect.any(Number),
        },
      },
    ]);
    const target = "fallback_chain.target";
    expect(counted("fallback_chain.breaker.state", target)).toEqual({ [A]: 2 });
    expect(counted("fallback_chain.skipped", target, "fallback_chain.reason")).toEqual({
      [`${A} breaker_open`]: 1,
    });
    await chain.close();
  });

  it.each([
    "a listener at its first attempt's start",
    "the caller's signal",
    "cancel()",
    "a reader that leaves",
    "close()",
    "totalMs",
  ])("ended by %s ends all its spans", async (how) => {
    const controller = new AbortController();
    const stopAt = how.startsWith("a listener") ? "attempt.started" : undefined;
    const slow: ModelScript = { text: ANSWER, pace: { firstTokenMs: 10, tokenMs: 60_000 } };
    const chain = await chainOf(
      { [A]: slow, [B]: slow },
      {
        strategy: hedged({ afterMs: 1 }),
        ...(how === "totalMs" && { timeouts: { totalMs: 300 } }),
        telemetry: [
          { call: () => ({ event: ({ type }) => void (type === stopAt && controller.abort()) }) },
          openTelemetry({ tracerProvider, meterProvider }),
        ],
      },
    );
    const stream = chain.stream(request, { signal: controller.signal });
    const reading = drain(stream).catch(() => {});
    if (!stopAt) await simulator.waitForRequests(1);
    if (how === "the caller's signal") controller.abort();
    if (how === "cancel()") stream.cancel();
    if (how === "close()") await chain.close({ timeoutMs: 1 });
    if (how === "a reader that leaves") {
      // The first one reads already: a call of its own, left at its first part.
      for await (const _ of chain.stream(request)) break;
      stream.cancel();
    }
    await reading;
    await tracerProvider.forceFlush();
    await meterProvider.forceFlush();
    const calls = receiver.spans.filter(({ kind }) => kind === INTERNAL);
    const outcome = how === "totalMs" ? "failed" : "aborted";
    expect(new Set(calls.map(({ attributes }) => attributes["fallback_chain.outcome"]))).toEqual(
      new Set([outcome]),
    );
    expect(calls.map(({ status }) => status.code)).toEqual(calls.map(() => (how === "totalMs" ? ERROR : 0)));
    const ends = receiver.spans
      .filter(({ kind }) => kind === CLIENT)
      .map(({ attributes }) => attributes["fallback_chain.outcome"]);
    expect(ends.length).toBeGreaterThanOrEqual(calls.length);
    expect(new Set(ends)).toEqual(new Set(["cancelled"]));
    const told = points("fallback_chain.attempts").reduce((sum, { value }) => sum + value!, 0);
    expect(told).toBe(ends.length);
    await chain.close();
  });
});

it("OpenTelemetry without an SDK changes nothing", async () => {
  const chain = await chainOf({ [A]: { text: "Hi." } }, { telemetry: openTelemetry() });
  expect((await chain.complete(request)).text).toBe("Hi.");
  await chain.close();
});

it("openTelemetry refuses what is none of its options", () => {
  expect(() => openTelemetry({ tracerProvider: {} as never })).toThrow(
    "openTelemetry: tracerProvider must have getTracer(), got object",
  );
  expect(() => openTelemetry({ tracing: true } as never)).toThrow("openTelemetry: tracing is not an option");
});
