import { BODY_FAULTS } from "./body-faults.js";
import { CONTENT_FAULTS } from "./content-faults.js";
import { ERROR_EVENT_FAULTS } from "./error-events.js";
import { type Fault, faultyOps } from "./fault.js";
import { HEAD_FAULTS } from "./head-faults.js";
import { customReply, describeReply, HTTP_FAULTS, type HttpFaultName, httpOps } from "./http-faults.js";
import type { Ops } from "./ops.js";
import type { Plan } from "./plan.js";
import { healthyOps } from "./stream.js";
import { STREAM_FAULTS } from "./stream-faults.js";
import { WIRE_FAULTS } from "./wire-faults.js";

/** Faults that strike once and then answer. */
const ONCE = { "429-ra-once": "429-ra", "500-once": "500" } satisfies Record<string, HttpFaultName>;

export type OnceFaultName = keyof typeof ONCE;
export type HeadFaultName = keyof typeof HEAD_FAULTS;
export type BodyFaultName = keyof typeof BODY_FAULTS;
export type ErrorEventFaultName = keyof typeof ERROR_EVENT_FAULTS;
export type StreamFaultName = keyof typeof STREAM_FAULTS;
export type WireFaultName = keyof typeof WIRE_FAULTS;
export type ContentFaultName = keyof typeof CONTENT_FAULTS;
export type { HttpFaultName };

/** Every fault by name. */
export type FaultName =
  | "http"
  | HttpFaultName
  | OnceFaultName
  | HeadFaultName
  | BodyFaultName
  | ErrorEventFaultName
  | StreamFaultName
  | WireFaultName
  | ContentFaultName;

/** Where a fault strikes: the HTTP status, the response head, the body of a 200, the stream, its wire form, what it says. */
export type FaultFamily = "http" | "once" | "head" | "body" | "error-event" | "stream" | "wire" | "content";

const TABLES = {
  head: HEAD_FAULTS,
  body: BODY_FAULTS,
  "error-event": ERROR_EVENT_FAULTS,
  stream: STREAM_FAULTS,
  wire: WIRE_FAULTS,
  content: CONTENT_FAULTS,
} satisfies Record<string, Record<string, Fault>>;

const families = new Map<string, FaultFamily>([
  ["http", "http"],
  ...Object.keys(HTTP_FAULTS).map((name) => [name, "http"] as const),
  ...Object.keys(ONCE).map((name) => [name, "once"] as const),
  ...Object.entries(TABLES).flatMap(([family, table]) =>
    Object.keys(table).map((name) => [name, family as FaultFamily] as const),
  ),
]);

/** The names of all faults, e.g. to try each in turn. */
export const FAULTS: readonly FaultName[] = [...families.keys()] as FaultName[];

/** The family of a fault; undefined for a name that is none. */
export function faultFamily(name: string): FaultFamily | undefined {
  return families.get(name);
}

/** One line about a fault, as in the documentation. */
export function describeFault(name: FaultName): string {
  if (name === "http") return "Any `status`, `body` and `headers`.";
  if (name in ONCE) return `\`${ONCE[name as OnceFaultName]}\` once, then a healthy answer.`;
  if (name in HTTP_FAULTS) return describeReply(HTTP_FAULTS[name as HttpFaultName]);
  return (faultOf(name) as Fault).says;
}

function faultOf(name: string): Fault | undefined {
  for (const table of Object.values(TABLES) as Record<string, Fault>[]) {
    if (Object.hasOwn(table, name)) return table[name];
  }
  return undefined;
}

/** Whether the router would see this fault before the first token, and so try the next of `models`. */
export function beforeFirstToken(name: string | undefined, uses: number): boolean {
  const family = name === undefined ? undefined : faultFamily(name);
  return family === "http" || (family === "once" && uses === 1);
}

/** What is said, and billed, under this fault. */
export function alteredPlan(plan: Plan, name: FaultName | undefined): Plan {
  return (name === undefined ? undefined : faultOf(name)?.alter?.(plan)) ?? plan;
}

/** The acts of an answer that is altered already; `uses` counts how often this script was drawn, from 1. */
export function answerOps(plan: Plan, name: FaultName | undefined, uses: number): Ops {
  if (name === undefined) return healthyOps(plan);
  if (name === "http") return httpOps(customReply(plan), plan);
  if (Object.hasOwn(ONCE, name)) {
    return uses > 1 ? healthyOps(plan) : httpOps(HTTP_FAULTS[ONCE[name as OnceFaultName]], plan);
  }
  if (Object.hasOwn(HTTP_FAULTS, name)) return httpOps(HTTP_FAULTS[name as HttpFaultName], plan);
  const fault = faultOf(name);
  return fault === undefined ? healthyOps(plan) : faultyOps(fault, plan);
}
