import { attemptsOf, failureOf, isFailover, type KeptCall, targetOf } from "./kept-call.js";
import type { CallState } from "./wire.js";

const STATES: readonly CallState[] = ["running", "ok", "failed", "aborted", "unknown"];
const MOST_ROWS = 500;
const MOST_TEXT = 200;

/** Which calls are wanted. Moments in ms since 1970. */
export interface CallQuery {
  from: number;
  to: number;
  state?: CallState;
  target?: string;
  failure?: string;
  /** `key=value` */
  label?: string;
  /** Lower case; in id, target, model, labels or user. */
  text?: string;
  minMs?: number;
  failover: boolean;
  limit: number;
  /** Only calls before this one. */
  before?: { at: number; n: number };
}

/** The parameter is not what it must be. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

/** @throws QueryError naming the parameter */
export function rangeOf(parameters: URLSearchParams): { from: number; to: number } {
  const from = numberOf(parameters, "from") ?? Number.NEGATIVE_INFINITY;
  const to = numberOf(parameters, "to") ?? Number.POSITIVE_INFINITY;
  if (from > to) throw new QueryError("from must not be after to");
  return { from, to };
}

/** @throws QueryError naming the parameter */
export function queryOf(parameters: URLSearchParams): CallQuery {
  const known = new Set("from to outcome target failure label text minMs failover limit cursor".split(" "));
  for (const name of parameters.keys())
    if (!known.has(name)) throw new QueryError(`there is no parameter ${JSON.stringify(name)}`);
  const state = textOf(parameters, "outcome");
  if (state !== undefined && !STATES.includes(state as CallState))
    throw new QueryError(`outcome must be one of ${STATES.join(", ")}`);
  const limit = numberOf(parameters, "limit") ?? 100;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ROWS)
    throw new QueryError(`limit must be a whole number from 1 to ${MOST_ROWS}`);
  const failover = parameters.get("failover") ?? "0";
  if (failover !== "0" && failover !== "1") throw new QueryError("failover must be 0 or 1");
  const minMs = numberOf(parameters, "minMs");
  const text = textOf(parameters, "text")?.toLowerCase().trim();
  const optional = {
    target: textOf(parameters, "target"),
    failure: textOf(parameters, "failure"),
    label: textOf(parameters, "label"),
    before: cursorOf(textOf(parameters, "cursor")),
  };
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    ...rangeOf(parameters),
    ...Object.fromEntries(given),
    ...(state !== undefined && { state: state as CallState }),
    ...(minMs !== undefined && { minMs }),
    ...(text && { text }),
    failover: failover === "1",
    limit,
  };
}

function textOf(parameters: URLSearchParams, name: string): string | undefined {
  const value = parameters.get(name);
  if (value !== null && value.length > MOST_TEXT)
    throw new QueryError(`${name} must have at most ${MOST_TEXT} characters`);
  return value === null || value === "" ? undefined : value;
}

function numberOf(parameters: URLSearchParams, name: string): number | undefined {
  const value = textOf(parameters, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}(\.\d{1,6})?$/.test(value)) throw new QueryError(`${name} must be a number >= 0`);
  return Number(value);
}

function cursorOf(value: string | undefined): { at: number; n: number } | undefined {
  if (value === undefined) return undefined;
  const [, at, n] = /^(\d{1,15})-(\d{1,15})$/.exec(value) ?? [];
  if (at === undefined) throw new QueryError("cursor must be one that this server gave");
  return { at: Number(at), n: Number(n) };
}

/** A page of calls, latest first, of those given oldest first. */
export function select(
  calls: readonly KeptCall[],
  query: CallQuery,
): { calls: KeptCall[]; next: string | null } {
  const { from, to, before, limit } = query;
  const found: KeptCall[] = [];
  const end = before ? { at: before.at, n: before.n - 1 } : { at: to, n: Number.POSITIVE_INFINITY };
  for (let i = countUntil(calls, end) - 1; i >= 0; i--) {
    const call = calls[i] as KeptCall;
    if (call.at < from) break;
    if (call.at > to || !matches(call, query)) continue;
    const last = found.at(-1);
    if (found.length === limit && last) return { calls: found, next: `${last.at}-${last.n}` };
    found.push(call);
  }
  return { calls: found, next: null };
}

/** How many calls are not after a moment; `calls` are oldest first. */
export function countUntil(calls: readonly KeptCall[], { at, n }: { at: number; n: number }): number {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const call = calls[middle] as KeptCall;
    if (call.at < at || (call.at === at && call.n <= n)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function matches(
  call: KeptCall,
  { state, target, failure, label, text, minMs, failover }: CallQuery,
): boolean {
  if (state !== undefined && call.state !== state) return false;
  if (target !== undefined && targetOf(call) !== target) return false;
  if (failover && !isFailover(call)) return false;
  if (minMs !== undefined && !((call.record?.durationMs ?? -1) >= minMs)) return false;
  if (
    failure !== undefined &&
    failureOf(call) !== failure &&
    attemptsOf(call).every((attempt) => attempt.failure?.class !== failure)
  )
    return false;
  if (label !== undefined && Object.entries(call.labels).every((pair) => pair.join("=") !== label))
    return false;
  return text === undefined || says(call, text);
}

/** Whether one of the texts that are searched holds `text`, which is lower case. */
function says(call: KeptCall, text: string): boolean {
  const has = (each: string | undefined) => each?.toLowerCase().includes(text);
  if (has(call.callId) || has(call.userId) || has(call.record?.answeredBy?.model)) return true;
  for (const { target, model } of attemptsOf(call))
    if (has(target) || (model !== target && has(model))) return true;
  for (const key in call.labels) if (has(`${key}=${call.labels[key]}`)) return true;
  return false;
}
