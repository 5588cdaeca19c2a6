import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BreakerConfig,
  type BreakerState,
  CLOSED,
  DEFAULT_BREAKER,
  dueAt,
  permit,
  phaseOf,
  reduce,
  type Ticket,
  ticketOf,
} from "../../src/breaker.js";
import { BreakerModel, type Flight } from "../support/breaker-model.js";

const RUNS = Number(process.env.SIM_RUNS ?? 10_000);
const START = 1_000_000;
const TIMEOUT_MS = 300_000;

/** A plain throw: expect would take most of the time of a million checks. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const outcome = fc.constantFrom(
  "success" as const,
  "failure" as const,
  "failure" as const,
  "neutral" as const,
);
const random = fc.constantFrom(0, 0.25, 0.5, 0.999);
const leaseMs = fc.constantFrom(1, 30, 400, 2_000);

const config: fc.Arbitrary<BreakerConfig> = fc.record({
  ratio: fc.constantFrom(0.1, 0.3, 0.5, 1),
  minCalls: fc.integer({ min: 1, max: 6 }),
  windowMs: fc.constantFrom(100, 333, 1_000),
  consecutive: fc.constantFrom(1, 2, 3, 5, 100),
  openMs: fc.constantFrom(50, 300),
  maxOpenMs: fc.constantFrom(300, 1_000),
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("start" as const), leaseMs, early: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("end" as const), nth: fc.nat(7), outcome, random }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("content" as const), nth: fc.nat(7) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(0, 1, 10, 33, 90, 97, 325, 970),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("due" as const), minusMs: fc.constantFrom(0, 0, 1) }) },
  // What no caller should do, and what must not matter: a lease out of turn, a departure without one.
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lease" as const), leaseMs }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("bare" as const) }) },
);
const script = fc.array(step, { maxLength: 70, size: "max" });

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

describe("on random scripts", () => {
  /** What the scripts led to; all of it must have been seen. */
  const seen = new Set<string>();

  function compare(steps: readonly Step[], config: BreakerConfig): void {
    const model = new BreakerModel(config);
    const flights: { ticket: Ticket; flight: Flight; early?: boolean }[] = [];
    let state = CLOSED;
    let now = START;

    const lease = (until: number) => {
      const before = state;
      const early = permit(state, now) === "early";
      state = reduce(state, { type: "lease", until }, now, config);
      const flight = model.take(until, now);
      if (flight) flights.push({ ticket: ticketOf(state), flight, early });
      else if (state !== before) throw new Error("A refused lease changed the state.");
    };

    for (const [i, each] of steps.entries()) {
      const leave = permit(state, now);
      if (each.do === "wait") now += each.ms;
      else if (each.do === "due") now = Math.max(now, model.at(now).due - each.minusMs);
      else if (each.do === "lease") lease(now + each.leaseMs);
      else if (each.do === "bare" || (each.do === "start" && leave === "closed"))
        flights.push({ ticket: { epoch: state.epoch }, flight: { era: model.eras.at(-1)! } });
      else if (each.do === "start") {
        if (leave === "probe" || (leave === "early" && each.early)) lease(now + each.leaseMs);
      } else if (flights.length > 0) {
        const [attempt] = flights.splice(each.nth % flights.length, 1) as [(typeof flights)[0]];
        const { ticket, flight, early } = attempt;
        const before = state;
        const type = each.do === "content" ? "content" : each.outcome;
        if (each.do === "content") {
          state = reduce(state, { type: "content", ticket }, now, config);
          const swapped = state === before ? attempt : { ticket: ticketOf(state) };
          flights.push({ ...swapped, flight: model.content(flight, now) });
        } else {
          state = reduce(state, { type: each.outcome, ticket, random: each.random }, now, config);
          model.end(flight, each.outcome, now, each.random);
        }
        const late = flight.lease && flight.lease.until <= now ? "late " : "";
        const of = flight.lease ? (early ? "an early lease" : "a lease") : "a call";
        const probation = ticket.epoch === before.epoch && !before.open && before.openings > 0;
        const opens = state.openings > before.openings ? "opens" : "opens anew";
        const moved = state.epoch === before.epoch ? "moves nothing" : state.open ? opens : "closes";
        seen.add(`${late}${type} of ${of}${probation ? " on probation" : ""} ${moved}`);
      }
      const mine = `${permit(state, now)} ${phaseOf(state, now)} ${Math.max(now, dueAt(state, now))}`;
      const their = model.at(now);
      const other = `${their.permit} ${their.phase} ${their.due}`;
      if (mine !== other) throw new Error(`After step ${i}, at ${now}: ${mine}; the model: ${other}`);
      seen.add(`${permit(state, now)} ${phaseOf(state, now)}`);
    }
  }

  it("the breaker answers as the reference model", { timeout: TIMEOUT_MS }, () => {
    fc.assert(fc.property(script, config, compare), { numRuns: RUNS });
    // A handful of runs need not come by everything.
    if (RUNS < 1_000) return;
    expect([...seen].sort()).toEqual([
      "closed closed",
      "content of a call moves nothing",
      "content of a call on probation moves nothing",
      "content of a lease closes",
      "content of an early lease closes",
      "early open",
      "failure of a call moves nothing",
      "failure of a call on probation opens",
      "failure of a call opens",
      "failure of a lease opens",
      "failure of an early lease opens anew",
      "late content of a lease closes",
      "late content of a lease moves nothing",
      "late content of an early lease closes",
      "late content of an early lease moves nothing",
      "late failure of a lease moves nothing",
      "late failure of a lease opens",
      "late failure of an early lease moves nothing",
      "late failure of an early lease opens anew",
      "late neutral of a lease moves nothing",
      "late neutral of an early lease moves nothing",
      "late success of a lease closes",
      "late success of a lease moves nothing",
      "late success of an early lease closes",
      "late success of an early lease moves nothing",
      "neutral of a call moves nothing",
      "neutral of a call on probation moves nothing",
      "neutral of a lease moves nothing",
      "neutral of an early lease moves nothing",
      "open half_open",
      "open open",
      "probe half_open",
      "success of a call moves nothing",
      "success of a call on probation moves nothing",
      "success of a call opens",
      "success of a lease closes",
      "success of an early lease closes",
    ]);
  });

  // Knows of leases and openings only what reduce gave back for them.
  function hold(steps: readonly Step[], config: BreakerConfig): void {
    const { openMs, maxOpenMs } = config;
    let running: { ticket: Ticket; until: number }[] = [];
    let state: BreakerState = CLOSED;
    let now = START;
    for (const each of steps) {
      const before = state;
      if (each.do === "wait") now += each.ms;
      else if (each.do === "due") now = Math.max(now, dueAt(state, now) - each.minusMs);
      else if (each.do === "content") {
        const attempt = running[each.nth % running.length];
        if (!attempt) continue;
        state = reduce(state, { type: "content", ticket: attempt.ticket }, now, config);
        if (state !== before) {
          must(state.epoch === before.epoch + 1 && !state.open, "a first content that did not close");
          must(before.open && attempt.ticket.lease !== undefined, "closed without a lease");
          attempt.ticket = ticketOf(state);
        }
      } else if (each.do === "end") {
        const [attempt] = running.splice(each.nth % running.length, 1);
        if (!attempt) continue;
        const { outcome: type, random } = each;
        state = reduce(state, { type, ticket: attempt.ticket, random }, now, config);
        if (state.epoch !== before.epoch) {
          must(state.epoch === before.epoch + 1, "an epoch left out");
          const ms = dueAt(state, now) - now;
          // Sums with the clock are rounded.
          const bounded = ms > 0.8 * openMs - 1e-6 && ms < 1.2 * maxOpenMs + 1e-6;
          must(bounded || phaseOf(state, now) === "closed", `open for ${ms} ms`);
        }
      } else {
        const until = now + ("leaseMs" in each ? each.leaseMs : 0);
        state = reduce(state, { type: "lease", until }, now, config);
        if (state !== before) {
          running = running.filter(({ ticket }) => ticket.epoch === state.epoch);
          must(!running.some((other) => other.ticket.lease && other.until > now), "two leases held");
        }
        if (state !== before || phaseOf(state, now) === "closed")
          running.push({ ticket: ticketOf(state), until });
      }
      const leave = permit(state, now);
      const due = dueAt(state, now);
      must((leave === "closed") === (phaseOf(state, now) === "closed"), `${leave}, and not closed`);
      must(/closed|probe/.test(permit(state, Math.max(due, now))), "due, and may not leave");
      must(due <= now || /open|early/.test(permit(state, due - 1e-3)), "may leave before it is due");
    }
  }

  it("never are two leases held, and what is due is due", { timeout: TIMEOUT_MS }, () => {
    fc.assert(fc.property(script, config, hold), { numRuns: RUNS });
  });

  it("nothing throws or turns into NaN, whatever the events say", { timeout: TIMEOUT_MS }, () => {
    const odd = fc.oneof(fc.double(), fc.integer({ min: -3, max: 3 }), fc.constantFrom(START, Number.NaN));
    const finite = fc.oneof(fc.constantFrom(0, START), fc.double({ min: -1e9, max: 1e9, noNaN: true }));
    const ticket = fc.record({ epoch: fc.nat(3), lease: odd }, { requiredKeys: ["epoch"] });
    const event = fc.oneof(
      fc.record({ type: fc.constant("lease" as const), until: fc.oneof(finite, fc.constant(Number.NaN)) }),
      fc.record({ type: outcome, ticket, random: odd }),
      fc.record({ type: fc.constant("content" as const), ticket }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, fc.nat(500)), { maxLength: 40, size: "max" }),
        config,
        (events, config) => {
          let state: BreakerState = CLOSED;
          let now = START;
          for (const [each, ms] of events) {
            now += ms;
            state = reduce(state, each, now, config);
            must(Number.isFinite(dueAt(state, now)), `due at ${dueAt(state, now)}`);
            // What is not finite is null in JSON.
            must(!JSON.stringify(state).includes("null"), JSON.stringify(state));
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe("a ratio below the failures of a good day", () => {
  /** Three targets in order, 20 calls a second for 5 000 s, each attempt failing at random; open targets are left out. */
  function availability(config: BreakerConfig, failing: number): number {
    let seed = 1;
    // mulberry32
    const random = () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const calls = 100_000;
    const states = [CLOSED, CLOSED, CLOSED];
    let answered = 0;
    for (let call = 0; call < calls; call++) {
      const now = call * 50;
      const found = states.some((state, i) => {
        const leave = permit(state, now);
        if (leave !== "closed" && leave !== "probe") return false;
        const leased = reduce(state, { type: "lease", until: now + 1 }, now, config);
        const type = random() < failing ? "failure" : "success";
        states[i] = reduce(leased, { type, ticket: ticketOf(leased), random: random() }, now, config);
        return type === "success";
      });
      if (found) answered++;
    }
    return answered / calls;
  }

  it("makes three targets that fail one call in five unavailable, where one half leaves them alone", () => {
    const ratio = (ratio: number) => availability({ ...DEFAULT_BREAKER, ratio }, 0.2);
    // Without breakers 1 − 0.2³ = 0.992.
    expect(ratio(0.5)).toBeCloseTo(0.991, 3);
    expect(ratio(0.1)).toBeCloseTo(0.297, 3);
  });
});
