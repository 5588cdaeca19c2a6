import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Scalar = string | number | boolean;
export type Attributes = Record<string, Scalar | Scalar[]>;

/** A span as it came over the wire, its attributes flattened. */
export interface ReceivedSpan {
  name: string;
  /** 1: internal, 3: client. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Attributes;
  events: { name: string; attributes: Attributes }[];
  /** Code 2: an error. */
  status: { code: number; message?: string };
  seconds: number;
}

export interface ReceivedPoint {
  attributes: Attributes;
  /** Of a counter or a gauge. */
  value?: number;
  /** Of a histogram. */
  count?: number;
  sum?: number;
  bounds?: number[];
}

export interface ReceivedMetric {
  name: string;
  unit: string;
  points: ReceivedPoint[];
}

export interface OtlpReceiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** As last reported, by name. */
  readonly metrics: Map<string, ReceivedMetric>;
  /** All that came, as it came. */
  readonly raw: string[];
  close(): Promise<void>;
}

/** An OTLP/HTTP collector that takes JSON, as the exporters send it. */
export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics = new Map<string, ReceivedMetric>();
  const raw: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    raw.push(text);
    const body = JSON.parse(text);
    if (request.url === "/v1/traces") {
      for (const { scopeSpans } of body.resourceSpans)
        for (const scope of scopeSpans) spans.push(...scope.spans.map(spanOf));
    } else if (request.url === "/v1/metrics") {
      for (const { scopeMetrics } of body.resourceMetrics)
        for (const scope of scopeMetrics)
          for (const metric of scope.metrics) metrics.set(metric.name, metricOf(metric));
    } else response.statusCode = 404;
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    raw,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Value {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values: Value[] };
}
type KeyValues = { key: string; value: Value }[];

function flat({ stringValue, intValue, doubleValue, boolValue, arrayValue }: Value): Scalar | Scalar[] {
  if (arrayValue) return arrayValue.values.map((value) => flat(value) as Scalar);
  return stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue!;
}

const attributesOf = (pairs: KeyValues = []): Attributes =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, flat(value)]));

interface WireSpan extends Omit<ReceivedSpan, "attributes" | "events" | "seconds"> {
  attributes: KeyValues;
  events?: { name: string; attributes: KeyValues }[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

function spanOf({ attributes, events = [], startTimeUnixNano, endTimeUnixNano, ...span }: WireSpan) {
  return {
    ...span,
    attributes: attributesOf(attributes),
    events: events.map((event) => ({ name: event.name, attributes: attributesOf(event.attributes) })),
    seconds: Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e9,
  };
}

interface WirePoint {
  attributes: KeyValues;
  asInt?: number | string;
  asDouble?: number;
  count?: number | string;
  sum?: number;
  explicitBounds?: number[];
}
interface WireMetric {
  name: string;
  unit: string;
  sum?: { dataPoints: WirePoint[] };
  gauge?: { dataPoints: WirePoint[] };
  histogram?: { dataPoints: WirePoint[] };
}

function metricOf({ name, unit, sum, gauge, histogram }: WireMetric): ReceivedMetric {
  const { dataPoints } = (sum ?? gauge ?? histogram)!;
  const points = dataPoints.map((point) => ({
    attributes: attributesOf(point.attributes),
    ...(histogram
      ? { count: Number(point.count), sum: point.sum!, bounds: point.explicitBounds! }
      : { value: Number(point.asDouble ?? point.asInt) }),
  }));
  return { name, unit, points };
}
