import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, SamplingBreaker } from "cockatiel";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type BreakerConfig,
  type BreakerState,
  CLOSED,
  DEFAULT_BREAKER,
  permit,
  reduce,
  ticketOf,
} from "../../src/breaker.js";

const RUNS = Math.ceil(Number(process.env.SIM_RUNS ?? 10_000) / 10);
const START = 1_000_000;

/*
 * What cockatiel 3.2.1 can do too: attempts one after the other, open times without doubling and jitter. Not to be compared:
 * - attempts beside each other: its half-open state lets later callers wait for the probe instead of refusing them, and an
 *   attempt begun while closed that fails while half-open opens it again;
 * - neutral ends: an error that its filter passes over closes a half-open circuit;
 * - leases: its probe has no end but its own.
 * Of its SamplingBreaker moreover:
 * - it opens above its threshold, and only at a failure; ours at its ratio, and at a success too, when the success is the
 *   call that completes `minCalls`, or older successes have slid out. Such a success is played as a failure below;
 * - its buckets begin with the first call in them, and after a pause it lets go of one bucket only, whatever the length of
 *   the pause. Hence every second has a call at its very beginning;
 * - it counts the probe that closed it as the first call of the new window. Hence no script goes on behind that.
 */
describe("beside cockatiel", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: START }));
  afterEach(() => void vi.useRealTimers());

  const OPEN_MS = 5_000;
  const ours: BreakerConfig = { ...DEFAULT_BREAKER, openMs: OPEN_MS, maxOpenMs: OPEN_MS };

  /** One attempt after the other, each of no duration. */
  class Pair {
    state: BreakerState = CLOSED;
    readonly #policy: ReturnType<typeof circuitBreaker>;
    readonly #config: BreakerConfig;

    constructor(breaker: ConsecutiveBreaker | SamplingBreaker, config: BreakerConfig) {
      this.#policy = circuitBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker });
      this.#config = config;
    }

    /** Whether ours and cockatiel's let it leave. */
    async call(ok: boolean): Promise<[boolean, boolean]> {
      let theirs = false;
      await this.#policy
        .execute(() => {
          theirs = true;
          if (!ok) throw new Error("failed");
        })
        .catch(() => {});
      const now = Date.now();
      const leave = permit(this.state, now);
      if (leave === "probe")
        this.state = reduce(this.state, { type: "lease", until: now + 1 }, now, this.#config);
      const mine = leave === "probe" || leave === "closed";
      if (mine) this.state = this.after(ok);
      return [mine, theirs];
    }

    after(ok: boolean): BreakerState {
      const event = { type: ok ? "success" : "failure", ticket: ticketOf(this.state), random: 0.5 } as const;
      return reduce(this.state, event, Date.now(), this.#config);
    }

    /** Ours and cockatiel's. */
    get closed(): [boolean, boolean] {
      return [permit(this.state, Date.now()) === "closed", this.#policy.state === CircuitState.Closed];
    }
  }

  it("lets the same attempts leave after failures in a row", async () => {
    const call = fc.record({
      ok: fc.boolean(),
      ms: fc.constantFrom(0, 0, 0, 1, OPEN_MS - 1, OPEN_MS, 2 * OPEN_MS),
    });
    const run = fc.record({ fails: fc.integer({ min: 3, max: 7 }), then: fc.array(call, { maxLength: 6 }) });
    let refused = 0;
    let closings = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(run, { maxLength: 6, size: "max" }), async (runs) => {
        const pair = new Pair(new ConsecutiveBreaker(5), { ...ours, minCalls: Number.POSITIVE_INFINITY });
        for (const { fails, then } of runs)
          for (const { ok, ms } of [...Array(fails).fill({ ok: false, ms: 0 }), ...then]) {
            vi.setSystemTime(Date.now() + ms);
            const [closedBefore] = pair.closed;
            const [mine, theirs] = await pair.call(ok);
            expect(mine).toBe(theirs);
            expect(pair.closed[0]).toBe(pair.closed[1]);
            if (!mine) refused++;
            if (!closedBefore && pair.closed[0]) closings++;
          }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(refused, closings)).toBeGreaterThan(0);
  }, 300_000);

  it("opens at the same attempt for the failed share of a sliding window, and closes at the same probe", async () => {
    const second = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.nat(999)), {
      minLength: 1,
      maxLength: 6,
    });
    let openings = 0;
    let slid = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(second, { minLength: 12, maxLength: 40, size: "max" }),
        fc.integer({ min: 1, max: 8 }),
        async (seconds, failTenths) => {
          vi.setSystemTime(START);
          // 0.4999: above it is at one half, for fewer than 5 000 calls.
          const pair = new Pair(new SamplingBreaker({ threshold: 0.4999, duration: 10_000, minimumRps: 2 }), {
            ...ours,
            consecutive: Number.POSITIVE_INFINITY,
          });
          let opened = false;
          for (const [i, calls] of seconds.entries()) {
            const offsets = calls.map(([, ms]) => ms).sort((a, b) => a - b);
            for (const [j, [draw]] of calls.entries()) {
              vi.setSystemTime(START + i * 1_000 + (j === 0 ? 0 : offsets[j]!));
              const [closedBefore] = pair.closed;
              const ok = draw >= failTenths && !(closedBefore && pair.after(true).open);
              const [mine, theirs] = await pair.call(ok);
              expect(mine).toBe(theirs);
              expect(pair.closed[0]).toBe(pair.closed[1]);
              if (closedBefore && !pair.closed[0]) {
                opened = true;
                openings++;
                if (i >= 10) slid++;
              } else if (opened && pair.closed[0]) return;
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(Math.min(openings, slid)).toBeGreaterThan(0);
  }, 300_000);
});
