import type { BreakerPhase } from "./vitals.js";

/** Positive finite numbers; Infinity for `minCalls` or `consecutive` turns that rule off. */
export interface BreakerConfig {
  /** Failed share of the calls in the window at which it opens, above 0, at most 1. */
  readonly ratio: number;
  /** With fewer calls in the window the share says nothing. */
  readonly minCalls: number;
  /** Counted in ten buckets, so that what is older than nine tenths of this may be forgotten. */
  readonly windowMs: number;
  /** Failed attempts in a row that open it. */
  readonly consecutive: number;
  /** The first open time; doubles with each failed probe and each failure on probation. */
  readonly openMs: number;
  /** Where the doubling ends; the jitter of ±20 % is laid on top. */
  readonly maxOpenMs: number;
}

/** A share below the failures that models show on good days would close all of them: docs/decisions/breaker.md. */
export const DEFAULT_BREAKER: BreakerConfig = {
  ratio: 0.5,
  minCalls: 20,
  windowMs: 10_000,
  consecutive: 5,
  openMs: 5_000,
  maxOpenMs: 20_000,
};

const BUCKETS = 10;

interface Bucket {
  /** Where it begins, a multiple of its width, monotonic ms. */
  readonly from: number;
  readonly calls: number;
  readonly failures: number;
}

interface Closed {
  readonly open: false;
  readonly epoch: number;
  /** Above 0: on probation, and how often it opened before; the first failure opens it again. 0: trusted. */
  readonly openings: number;
  /** Failed attempts since the last success. */
  readonly row: number;
  /** Oldest first; empty ones are left out. */
  readonly buckets: readonly Bucket[];
}

interface Lease {
  readonly id: number;
  /** Monotonic ms. */
  readonly until: number;
  /** Taken before the open time was over. */
  readonly early: boolean;
}

interface Open {
  readonly open: true;
  readonly epoch: number;
  /** Since it was last trusted, this one included; without those after a failed early attempt. */
  readonly openings: number;
  /** End of the open time, monotonic ms. */
  readonly until: number;
  /** Given out in this epoch. */
  readonly leases: number;
  /** Kept when it runs out, so that a late report is still heard. */
  readonly lease: Lease | undefined;
}

/** Immutable plain data. */
export type BreakerState = Closed | Open;

export const CLOSED: BreakerState = { open: false, epoch: 0, openings: 0, row: 0, buckets: [] };

/** What an attempt carries from its start to its end. */
export interface Ticket {
  /** Begins anew with every opening and closing. */
  readonly epoch: number;
  readonly lease?: number;
}

/** How an attempt ended. Neutral: in a way that says nothing of the target's health. */
interface Report {
  readonly type: "success" | "failure" | "neutral";
  readonly ticket: Ticket;
  /** At least 0 and below 1; the jitter, should it open. */
  readonly random: number;
}

/**
 * The attempt under the lease has shown its first content, and closes on probation: others may leave while it goes on.
 * If that closed it, the attempt carries `ticketOf` of the new state from then on, so that its own end is heard there.
 */
interface Content {
  readonly type: "content";
  readonly ticket: Ticket;
}

/** A lease is for the one attempt that leaves while open, and ends at `until` (monotonic ms, finite) whatever happens. */
export type BreakerEvent = { readonly type: "lease"; readonly until: number } | Content | Report;

/**
 * May an attempt leave now? `closed`: yes. `probe`: under a lease. `early`: under a lease, and only if nothing else is
 * left to ask, since the open time is not over. `open`: no, another attempt holds the lease.
 */
export type Permit = "closed" | "probe" | "early" | "open";

/** The state after the event. `now` is monotonic ms. Never throws; an event that is not due returns the same state. */
export function reduce(
  state: BreakerState,
  event: BreakerEvent,
  now: number,
  config: BreakerConfig,
): BreakerState {
  if (event.type === "lease") return lend(state, event.until, now);
  if (event.ticket.epoch !== state.epoch) return state;
  if (state.open) return hear(state, event, now, config);
  return event.type === "content" ? state : count(state, event, now, config);
}

export function permit(state: BreakerState, now: number): Permit {
  if (!state.open) return "closed";
  if (isHeld(state, now)) return "open";
  return now < state.until ? "early" : "probe";
}

/** For an attempt that leaves now, with the lease that was just taken for it while open. */
export function ticketOf(state: BreakerState): Ticket {
  const { epoch } = state;
  return state.open && state.lease ? { epoch, lease: state.lease.id } : { epoch };
}

/** When the next attempt may leave without being early, should no report change that: monotonic ms, `now` or earlier if at once. */
export function dueAt(state: BreakerState, now: number): number {
  if (!state.open) return now;
  return Math.max(state.until, state.lease?.until ?? state.until);
}

export function phaseOf(state: BreakerState, now: number): BreakerPhase {
  if (!state.open) return "closed";
  return now < state.until ? "open" : "half_open";
}

function isHeld({ lease }: Open, now: number): boolean {
  return lease !== undefined && now < lease.until;
}

function lend(state: BreakerState, until: number, now: number): BreakerState {
  if (!state.open || isHeld(state, now)) return state;
  const id = state.leases + 1;
  // NaN would never end in dueAt.
  const lease = { id, until: until > now ? until : now, early: now < state.until };
  return { ...state, leases: id, lease };
}

/** What an attempt tells that left while open. */
function hear(state: Open, event: Content | Report, now: number, config: BreakerConfig): BreakerState {
  const { epoch, openings, lease } = state;
  if (!lease || event.ticket.lease !== lease.id) return state;
  if (event.type === "content") return { ...CLOSED, epoch: epoch + 1, openings };
  if (event.type === "success") return { ...CLOSED, epoch: epoch + 1 };
  if (event.type === "neutral") return { ...state, lease: undefined };
  // With the old end it would stay the first that is due, and be the only one that is asked early.
  return opened(epoch + 1, lease.early ? openings : openings + 1, now, event.random, config);
}

/** The end of an attempt that left while closed. */
function count(state: Closed, { type, random }: Report, now: number, config: BreakerConfig): BreakerState {
  if (type === "neutral") return state;
  const failed = type === "failure" ? 1 : 0;
  const { epoch, openings } = state;
  if (failed && openings > 0) return opened(epoch + 1, openings + 1, now, random, config);
  const width = config.windowMs / BUCKETS;
  const from = Math.floor(now / width) * width;
  // Half a bucket of slack, because multiples of a fraction are not exact.
  const buckets = state.buckets.filter((each) => each.from > from - (BUCKETS - 0.5) * width);
  const last = buckets.at(-1);
  // One that begins later is of another config, in a state that chains share.
  if (last && last.from >= from) {
    buckets[buckets.length - 1] = {
      from: last.from,
      calls: last.calls + 1,
      failures: last.failures + failed,
    };
  } else {
    buckets.push({ from, calls: 1, failures: failed });
  }
  let calls = 0;
  let failures = 0;
  for (const each of buckets) {
    calls += each.calls;
    failures += each.failures;
  }
  const row = failed ? state.row + 1 : 0;
  if (row >= config.consecutive || (calls >= config.minCalls && failures / calls >= config.ratio))
    return opened(epoch + 1, 1, now, random, config);
  return { open: false, epoch, openings: 0, row, buckets };
}

function opened(epoch: number, openings: number, now: number, random: number, config: BreakerConfig): Open {
  // 2 ** 1024 is Infinity, and Infinity times 0 is NaN.
  const openMs = Math.min(config.openMs * 2 ** Math.min(openings - 1, 1_000), config.maxOpenMs);
  // A caller's own function may give what is no number in [0, 1).
  const until = now + openMs * (random >= 0 && random < 1 ? 0.8 + 0.4 * random : 1);
  return { open: true, epoch, openings, until, leases: 0, lease: undefined };
}
