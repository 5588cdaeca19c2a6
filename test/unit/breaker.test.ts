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

type Outcome = "success" | "failure" | "neutral";

const OUTCOMES = { s: "success", f: "failure", n: "neutral" } as const;
const START = 100_000;
/** Without jitter. */
const MIDDLE = 0.5;

const end = (
  state: BreakerState,
  type: Outcome,
  now: number,
  {
    ticket = ticketOf(state),
    random = MIDDLE,
    ...over
  }: Partial<BreakerConfig & { ticket: Ticket; random: number }> = {},
) => reduce(state, { type, ticket, random }, now, { ...DEFAULT_BREAKER, ...over });

const lease = (state: BreakerState, until: number, now: number) =>
  reduce(state, { type: "lease", until }, now, DEFAULT_BREAKER);

const content = (state: BreakerState, now: number, ticket = ticketOf(state)) =>
  reduce(state, { type: "content", ticket }, now, DEFAULT_BREAKER);

/** Attempts that begin and end at START, one after the other: s, f or n. */
const play = (
  script: string,
  { state = CLOSED, ...over }: Partial<BreakerConfig> & { state?: BreakerState } = {},
) =>
  [...script].reduce(
    (before, letter) => end(before, OUTCOMES[letter as keyof typeof OUTCOMES], START, over),
    state,
  );

/** Open until `START` + 5 s. */
const OPEN = play("fffff");
const DUE = START + 5_000;

const look = (state: BreakerState, now: number) => ({
  permit: permit(state, now),
  phase: phaseOf(state, now),
  due: dueAt(state, now),
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

describe("a closed breaker", () => {
  it("lets every attempt leave at once", () => {
    expect(look(CLOSED, START)).toEqual({ permit: "closed", phase: "closed", due: START });
    expect(ticketOf(CLOSED)).toEqual({ epoch: 0 });
  });

  it.each([
    ["ffff", "closed", "four failures in a row"],
    ["fffff", "early", "five in a row"],
    ["ffffsffff", "closed", "a row that a success broke"],
    ["ffffsfffff", "early", "five after a success"],
    ["ffnnnfnfnf", "early", "five with neutral ones between them"],
    ["nnnnnnnnnnnnnnnnnnnnnnnn", "closed", "neutral ones alone"],
    [`${"fs".repeat(9)}f`, "closed", "ten of nineteen"],
    [`${"fs".repeat(9)}ff`, "early", "eleven of twenty"],
    ["fs".repeat(10), "early", "ten of twenty, a success the last of them"],
    ["sf".repeat(10), "early", "ten of twenty, a failure the last of them"],
    [`${"sssff".repeat(3)}sfsfs`, "closed", "eight of twenty"],
    ["sff".repeat(6) + "n".repeat(9), "closed", "eighteen calls beside neutral ones"],
    ["s".repeat(10) + "ffffs".repeat(2), "closed", "eight of twenty in two rows"],
  ])("after %s is %s: %s", (script, expected) => {
    expect(permit(play(script), START)).toBe(expected);
  });

  it.each([
    [{ consecutive: 3 }, "fff", "ff"],
    [{ consecutive: 1 }, "f", "s"],
    [{ minCalls: 4 }, "sffs", "sff"],
    [{ minCalls: 10, ratio: 0.1 }, "sssssfssss", "fssssssss"],
    [{ minCalls: 30, ratio: 0.1 }, `${"s".repeat(27)}fff`, `${"s".repeat(28)}ff`],
    [{ minCalls: 4, ratio: 1 }, "ffff", "fffs"],
    [{ consecutive: Number.POSITIVE_INFINITY }, "f".repeat(20), "f".repeat(19)],
    [{ consecutive: 6, minCalls: Number.POSITIVE_INFINITY }, "ffffff", "fffffs".repeat(9)],
  ] as const)("follows %j: opens after %s, not after %s", (config, opens, stays) => {
    expect(permit(play(opens, config), START)).toBe("early");
    expect(permit(play(stays, config), START)).toBe("closed");
  });

  it("returns the same state for a neutral end and for a lease", () => {
    const state = play("ffs");
    expect(end(state, "neutral", START)).toBe(state);
    expect(lease(state, START + 1_000, START)).toBe(state);
  });

  it.each(["", "ffs", "ffff"])("returns the same state for a first content, after %j", (script) => {
    const state = play(script);
    expect(content(state, START)).toBe(state);
  });

  it("hears attempts in whatever order they end", () => {
    const ticket = ticketOf(CLOSED);
    let state = CLOSED;
    for (let i = 0; i < 5; i++) state = end(state, "failure", START + i, { ticket });
    expect(permit(state, START + 4)).toBe("early");
  });
});

describe("the window", () => {
  // Nineteen calls at START, ten of them failures, and one more failure at the time given.
  const at = (now: number) => permit(end(play(`${"fs".repeat(9)}f`), "failure", now), now);

  it.each([
    [START, "early"],
    [START + 9_999, "early"],
    [START + 10_000, "closed"],
    [START + 86_400_000, "closed"],
  ])("at %d ms counts what ended at 100 000, or no longer: %s", (now, expected) =>
    expect(at(now)).toBe(expected),
  );

  it("forgets bucket by bucket", () => {
    // Eight calls in the first second, two in each later one.
    const wide = { minCalls: 1_000, consecutive: 1_000 };
    let state = play("fsfsfsfs", wide);
    const counts: number[] = [];
    for (let second = 1; second <= 12; second++) {
      const now = START + second * 1_000 + 999;
      state = end(state, "failure", now, wide);
      state = end(state, "success", now, wide);
      // So many calls are counted as minCalls may be for one more failure to open it.
      const reaches = (minCalls: number) => end(state, "failure", now, { minCalls, ratio: 0.01 }).open;
      counts.push(Array.from({ length: 40 }, (_, i) => i + 1).filter(reaches).length - 1);
    }
    expect(counts).toEqual([10, 12, 14, 16, 18, 20, 22, 24, 26, 20, 20, 20]);
  });

  it("is aligned to multiples of a tenth, not to the first call", () => {
    const early = end(CLOSED, "failure", START + 999, { minCalls: 2 });
    expect(permit(end(early, "failure", START + 9_999, { minCalls: 2 }), START + 9_999)).toBe("early");
    expect(permit(end(early, "failure", START + 10_000, { minCalls: 2 }), START + 10_000)).toBe("closed");
  });

  it.each([7, 100, 333, 1_001])(
    "of %d ms forgets at the very bucket, though tenths of it are not exact",
    (windowMs) => {
      const config = { windowMs, minCalls: 2 };
      for (let i = 0; i < 2_000; i++) {
        const width = windowMs / 10;
        const middle = (i + 0.5) * width;
        const state = end(CLOSED, "failure", middle, config);
        expect(end(state, "failure", middle + 9 * width, config).open).toBe(true);
        expect(end(state, "failure", middle + 10 * width, config).open).toBe(false);
      }
    },
  );

  it.each([7, 100, 333, 1_001, 10_000])("of %d ms holds ten buckets at most", (windowMs) => {
    let state = CLOSED;
    for (let i = 0; i < 400; i++) {
      state = end(state, "success", START + (i * windowMs) / 97, { windowMs });
      if (!state.open) expect(state.buckets.length).toBeLessThanOrEqual(10);
    }
    expect(state.open || state.buckets.length).toBe(10);
  });

  it("stays small and keeps every call when chains with other windows share the state", () => {
    let state = CLOSED;
    for (let i = 0; i < 2_000; i++) {
      state = end(state, "success", START + i, { windowMs: i % 2 ? 10_000 : 500 });
      if (!state.open) expect(state.buckets.length).toBeLessThanOrEqual(20);
    }
    const now = START + 2_000;
    const shared = play("sss", { windowMs: 500 });
    const counted = end(end(shared, "failure", now, { windowMs: 10_000 }), "failure", now, {
      minCalls: 5,
      ratio: 0.4,
    });
    expect(permit(counted, now)).toBe("early");
  });
});

describe("the open time", () => {
  it.each([
    [0, 4_000],
    [0.25, 4_500],
    [MIDDLE, 5_000],
    [0.75, 5_500],
    [1 - Number.EPSILON, 6_000],
    [Number.NaN, 5_000],
    [-1, 5_000],
    [7, 5_000],
  ])("with random %d is %d ms", (random, ms) => {
    const state = end(play("ffff"), "failure", START, { random });
    expect(dueAt(state, START) - START).toBeCloseTo(ms, 6);
  });

  it("ends at its very millisecond", () => {
    expect(look(OPEN, START)).toEqual({ permit: "early", phase: "open", due: DUE });
    expect(look(OPEN, DUE - 1)).toEqual({ permit: "early", phase: "open", due: DUE });
    expect(look(OPEN, DUE)).toEqual({ permit: "probe", phase: "half_open", due: DUE });
    expect(look(OPEN, DUE + 86_400_000)).toEqual({ permit: "probe", phase: "half_open", due: DUE });
  });

  const failedProbes = (n: number, random: number, over: Partial<BreakerConfig> = {}) => {
    let state = end(play("ffff"), "failure", START, { random, ...over });
    let now = START;
    for (let i = 0; i < n; i++) {
      now = dueAt(state, now) + 123;
      state = end(lease(state, now + 1_000, now), "failure", now, { random, ...over });
    }
    return dueAt(state, now) - now;
  };

  it.each([
    [0, 5_000],
    [1, 10_000],
    [2, 20_000],
    [3, 20_000],
    [1_100, 20_000],
  ])("after %d failed probes is %d ms, counted from the last failure", (n, ms) => {
    expect(failedProbes(n, MIDDLE)).toBe(ms);
    expect(failedProbes(n, 0)).toBeCloseTo(0.8 * ms, 6);
    expect(failedProbes(n, 1 - Number.EPSILON)).toBeCloseTo(1.2 * ms, 6);
  });

  it("is never NaN", () => {
    expect(failedProbes(1_100, MIDDLE, { openMs: 0 })).toBe(0);
    expect(failedProbes(1_100, MIDDLE, { openMs: 1e12 })).toBe(20_000);
  });

  it("begins at the first value again after a success", () => {
    let state = end(lease(OPEN, DUE + 1, DUE), "failure", DUE);
    const due = dueAt(state, DUE);
    expect(due).toBe(DUE + 10_000);
    state = end(lease(state, due + 1, due), "success", due);
    for (let i = 0; i < 5; i++) state = end(state, "failure", due);
    expect(dueAt(state, due)).toBe(due + 5_000);
  });
});

describe("a probe", () => {
  const held = lease(OPEN, DUE + 1_000, DUE);

  it("holds the lease alone", () => {
    expect(look(held, DUE)).toEqual({ permit: "open", phase: "half_open", due: DUE + 1_000 });
    expect(look(held, DUE + 999)).toEqual({ permit: "open", phase: "half_open", due: DUE + 1_000 });
    expect(lease(held, DUE + 9_000, DUE + 999)).toBe(held);
  });

  it("closes with its success, and row, window and openings start over", () => {
    const state = end(held, "success", DUE);
    expect(look(state, DUE)).toEqual({ permit: "closed", phase: "closed", due: DUE });
    expect(permit(play("ffff", { state }), START)).toBe("closed");
    expect(permit(play("fffsfffsfffsfffsfff", { state }), START)).toBe("closed");
    expect(permit(play("fffff", { state }), START)).toBe("early");
  });

  it("opens again with its failure", () => {
    expect(look(end(held, "failure", DUE + 500), DUE + 500)).toEqual({
      permit: "early",
      phase: "open",
      due: DUE + 500 + 10_000,
    });
  });

  it("returns the lease with a neutral end, and the next one leaves at once", () => {
    const state = end(held, "neutral", DUE + 500);
    expect(look(state, DUE + 500)).toEqual({ permit: "probe", phase: "half_open", due: DUE });
    const again = end(lease(state, DUE + 2_000, DUE + 600), "failure", DUE + 600);
    expect(dueAt(again, DUE + 600)).toBe(DUE + 600 + 10_000);
  });
});

describe("an early attempt", () => {
  const held = lease(OPEN, START + 2_000, START + 1_000);

  it("keeps others from leaving, and the open time as it is", () => {
    expect(look(held, START + 1_000)).toEqual({ permit: "open", phase: "open", due: DUE });
    expect(look(held, START + 2_000)).toEqual({ permit: "early", phase: "open", due: DUE });
  });

  it("holds the lease beyond the open time, and the next probe waits for it", () => {
    const long = lease(OPEN, DUE + 700, START + 1_000);
    expect(look(long, START + 1_000)).toEqual({ permit: "open", phase: "open", due: DUE + 700 });
    expect(look(long, DUE)).toEqual({ permit: "open", phase: "half_open", due: DUE + 700 });
    expect(look(long, DUE + 700)).toEqual({ permit: "probe", phase: "half_open", due: DUE + 700 });
    // It left early, whenever it fails.
    expect(dueAt(end(long, "failure", DUE + 100), DUE + 100)).toBe(DUE + 100 + 5_000);
  });

  it("closes with its success", () => {
    expect(phaseOf(end(held, "success", START + 1_500), START + 1_500)).toBe("closed");
  });

  it("returns the lease and nothing else with a neutral end", () => {
    const state = end(held, "neutral", START + 1_500);
    for (const now of [START + 1_500, DUE, DUE + 5_000]) expect(look(state, now)).toEqual(look(OPEN, now));
    const failed = end(lease(state, DUE + 1, DUE), "failure", DUE);
    expect(dueAt(failed, DUE)).toBe(DUE + 10_000);
  });

  it("begins the open time anew with its failure", () => {
    const now = START + 1_500;
    const state = end(held, "failure", now);
    expect(look(state, now)).toEqual({ permit: "early", phase: "open", due: now + 5_000 });
    expect(look(state, now + 5_000)).toEqual({ permit: "probe", phase: "half_open", due: now + 5_000 });
  });

  it.each([
    [0, 0.8],
    [MIDDLE, 1],
    [1 - Number.EPSILON, 1.2],
  ])("begins it with random %d at %d of its length, however many failed early before", (random, share) => {
    // Opened twice.
    let state = end(lease(OPEN, DUE + 1, DUE), "failure", DUE);
    for (let now = DUE + 100; now < DUE + 20_000; now += 2_000) {
      state = end(lease(state, now + 500, now), "failure", now + 50, { random });
      expect(dueAt(state, now) - now - 50).toBeCloseTo(share * 10_000, 6);
    }
    const due = dueAt(state, DUE);
    expect(dueAt(end(lease(state, due + 1, due), "failure", due), due)).toBe(due + 20_000);
  });

  it("counts for nothing once another holds the lease, before and after the open time began anew", () => {
    const late = { ticket: ticketOf(held) };
    const failed = end(held, "failure", START + 1_500);
    const next = lease(failed, START + 3_000, START + 2_500);
    for (const state of [failed, next, lease(held, START + 3_000, START + 2_500)]) {
      for (const outcome of ["success", "failure", "neutral"] as const)
        expect(end(state, outcome, START + 2_600, late)).toBe(state);
      expect(content(state, START + 2_600, late.ticket)).toBe(state);
    }
  });
});

/** Open for the `n`th time in a row, and at the end of its open time. */
const opened = (n: number): [state: BreakerState, due: number] => {
  let state = OPEN;
  let now = DUE;
  for (let i = 1; i < n; i++) {
    state = end(lease(state, now + 1, now), "failure", now);
    now = dueAt(state, now);
  }
  return [state, now];
};

describe("the first content", () => {
  it.each([
    ["a probe", DUE, DUE + 500],
    ["a probe whose lease ran out", DUE, DUE + 1_500],
    ["an early attempt", START + 100, START + 600],
    ["an early attempt whose lease ran out", START + 100, START + 2_000],
    ["an early attempt, past the open time", START + 100, DUE + 500],
  ])("of %s lets every attempt leave at once", (_, left, now) => {
    const held = lease(OPEN, left + 1_000, left);
    const state = content(held, now);
    expect(look(state, now)).toEqual({ permit: "closed", phase: "closed", due: now });
    expect(ticketOf(state)).toEqual({ epoch: held.epoch + 1 });
    expect(end(state, "failure", now).open).toBe(true);
  });

  it.each([
    ["of before the opening", ticketOf(CLOSED)],
    ["without a lease", { epoch: OPEN.epoch }],
    ["of a lease that another has followed", ticketOf(lease(OPEN, START + 2, START + 1))],
    ["of a lease not given out yet", { epoch: OPEN.epoch, lease: 3 }],
    ["of a later epoch", { epoch: OPEN.epoch + 1, lease: 2 }],
  ])("%s counts for nothing", (_, ticket) => {
    const state = lease(lease(OPEN, START + 2, START + 1), DUE + 100, DUE);
    expect(ticketOf(state).lease).toBe(2);
    for (const now of [START + 10, DUE, DUE + 200]) expect(content(state, now, ticket)).toBe(state);
    const returned = end(state, "neutral", DUE);
    expect(content(returned, DUE, ticketOf(state))).toBe(returned);
  });

  it("of a probe that failed or closed counts for nothing", () => {
    const held = lease(OPEN, DUE + 100, DUE);
    for (const state of [end(held, "success", DUE), end(held, "failure", DUE), content(held, DUE)])
      expect(content(state, DUE + 50, ticketOf(held))).toBe(state);
  });
});

describe("on probation", () => {
  const probation = (n: number): [state: BreakerState, now: number] => {
    const [state, due] = opened(n);
    return [content(lease(state, due + 1_000, due), due + 300), due + 300];
  };

  it.each([
    [1, 10_000],
    [2, 20_000],
    [3, 20_000],
  ])("the first failure after %d openings opens for %d ms", (n, ms) => {
    const [state, now] = probation(n);
    const config = { consecutive: 100, minCalls: 100 };
    expect(look(end(state, "failure", now, config), now)).toEqual({
      permit: "early",
      phase: "open",
      due: now + ms,
    });
    const shaken = end(state, "failure", now, { random: 0 });
    expect(dueAt(shaken, now) - now).toBeCloseTo(0.8 * ms, 6);
    expect(ticketOf(shaken)).toEqual({ epoch: state.epoch + 1 });
  });

  it("the open time doubles on, from one probation to the next", () => {
    let [state, now] = probation(1);
    const config = { maxOpenMs: 1e9 };
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      state = end(state, "failure", now, config);
      times.push(dueAt(state, now) - now);
      now = dueAt(state, now);
      state = content(lease(state, now + 10, now), now);
    }
    expect(times).toEqual([10_000, 20_000, 40_000, 80_000]);
  });

  it("after an early attempt the open time doubles as after a probe", () => {
    const state = content(lease(OPEN, START + 200, START + 100), START + 150);
    expect(dueAt(end(state, "failure", START + 160), START)).toBe(START + 160 + 10_000);
  });

  it.each([
    ["f", "early", "a failure"],
    ["nnnf", "early", "a failure after neutral ends"],
    ["s", "closed", "a success"],
    ["sffff", "closed", "a success and four failures, the row of before forgotten"],
    ["sfffff", "early", "a success and five failures"],
    ["nsnffff", "closed", "neutral ends about a success, and four failures"],
    [`${"sf".repeat(9)}s`, "closed", "nineteen calls"],
    ["sf".repeat(10), "early", "ten of twenty"],
  ])("after %s is %s: %s", (script, expected) => {
    expect(permit(play(script, { state: probation(2)[0] }), START)).toBe(expected);
  });

  it.each(["sfffff", "sf".repeat(10), "nsfffff"])("%s opens for the first open time again", (script) => {
    expect(dueAt(play(script, { state: probation(3)[0] }), START)).toBe(DUE);
  });

  it("one success in the window is no reason to open, whatever minCalls", () => {
    const [state, now] = probation(1);
    expect(end(state, "success", now, { minCalls: 1, ratio: 0.1 }).open).toBe(false);
  });

  it("a neutral end changes nothing", () => {
    const [state, now] = probation(1);
    expect(end(state, "neutral", now)).toBe(state);
  });

  it("what left before counts for nothing, and the probe with its new ticket like any other", () => {
    const [before, due] = opened(2);
    const held = lease(before, due + 1_000, due);
    const state = content(held, due);
    for (const ticket of [ticketOf(CLOSED), ticketOf(before), ticketOf(held)])
      for (const outcome of ["success", "failure", "neutral"] as const)
        expect(end(state, outcome, due, { ticket })).toBe(state);
    const ticket = ticketOf(state);
    const trusted = end(state, "success", due);
    expect(permit(end(state, "failure", due, { ticket }), due)).toBe("early");
    // After a success of another the probe's failure is one of five.
    expect(permit(end(trusted, "failure", due, { ticket }), due)).toBe("closed");
    expect(permit(play("ffff", { state: end(trusted, "failure", START, { ticket }) }), START)).toBe("early");
  });

  it("a probe that succeeds under its lease leaves none", () => {
    const [before, due] = opened(3);
    const state = end(lease(before, due + 1, due), "success", due);
    expect(permit(play("ffff", { state }), START)).toBe("closed");
    expect(dueAt(play("fffff", { state }), START)).toBe(DUE);
  });
});

describe("a lease", () => {
  it.each([
    [START + 1, "open", "early"],
    [START, "early", "early"],
    [START - 1, "early", "early"],
    [Number.NaN, "early", "early"],
    [Number.NEGATIVE_INFINITY, "early", "early"],
  ] as const)("until %d at 100 000 is %s, and a millisecond later %s", (until, now, later) => {
    const state = lease(OPEN, until, START);
    expect(permit(state, START)).toBe(now);
    expect(permit(state, START + 1)).toBe(later);
    expect(dueAt(state, START)).toBe(DUE);
  });

  const ranOut = lease(OPEN, DUE + 100, DUE);
  const later = DUE + 100;

  it.each([
    ["success", "closed", later],
    ["failure", "early", later + 10_000],
    ["neutral", "probe", DUE],
  ] as const)("that ran out lets a late %s be heard while none has followed", (outcome, expected, due) => {
    expect(permit(ranOut, later)).toBe("probe");
    const state = end(ranOut, outcome, later);
    expect({ permit: permit(state, later), due: dueAt(state, later) }).toEqual({ permit: expected, due });
  });

  it.each(["success", "failure", "neutral"] as const)(
    "that another has followed lets no late %s in",
    (outcome) => {
      const late = { ticket: ticketOf(ranOut) };
      const next = lease(ranOut, later + 100, later);
      expect(ticketOf(next)).not.toEqual(late.ticket);
      expect(end(next, outcome, later + 50, late)).toBe(next);
      const returned = end(next, "neutral", later + 60);
      expect(end(returned, outcome, later + 70, late)).toBe(returned);
      const third = lease(returned, later + 200, later + 80);
      expect(end(third, outcome, later + 90, late)).toBe(third);
    },
  );

  it("is heard once", () => {
    const held = lease(OPEN, DUE + 100, DUE);
    const ticket = ticketOf(held);
    const returned = end(held, "neutral", DUE);
    for (const outcome of ["success", "failure", "neutral"] as const)
      expect(end(returned, outcome, DUE, { ticket })).toBe(returned);
  });
});

describe("a ticket", () => {
  const stale = { ticket: ticketOf(CLOSED) };
  const held = lease(OPEN, DUE + 100, DUE);
  const closedAgain = end(held, "success", DUE);
  const openAgain = end(held, "failure", DUE);

  it.each([
    ["open", OPEN],
    ["half-open", held],
    ["closed again", closedAgain],
    ["open again", openAgain],
  ])("from before the opening counts for nothing when %s", (_, state) => {
    for (const outcome of ["success", "failure", "neutral"] as const)
      for (const now of [START, DUE, DUE + 1_000]) expect(end(state, outcome, now, stale)).toBe(state);
  });

  it.each([
    ["closed again", closedAgain],
    ["open again", openAgain],
    ["open again, with a lease of the same number", lease(openAgain, DUE + 1_000, DUE)],
  ])("of a probe counts for nothing when %s", (_, state) => {
    const late = { ticket: ticketOf(held) };
    for (const outcome of ["success", "failure", "neutral"] as const)
      expect(end(state, outcome, DUE + 200, late)).toBe(state);
  });

  it.each([
    ["open", OPEN],
    ["half-open", held],
  ])("without a lease counts for nothing when %s", (_, state) => {
    const bare = { ticket: { epoch: state.epoch } };
    for (const outcome of ["success", "failure", "neutral"] as const)
      expect(end(state, outcome, DUE, bare)).toBe(state);
  });
});

describe("the state", () => {
  it("is plain data that no event changes", () => {
    frozen(CLOSED);
    let state = frozen(CLOSED);
    const visit = (next: BreakerState) => {
      state = frozen(next);
      expect(JSON.parse(JSON.stringify(state))).toMatchObject({ epoch: state.epoch });
    };
    for (let i = 0; i < 5; i++) visit(end(state, "failure", START + i));
    visit(lease(state, START + 10, START + 5));
    visit(end(state, "failure", START + 6));
    visit(lease(state, START + 10, START + 7));
    visit(end(state, "neutral", START + 8));
    visit(lease(state, DUE + 100, DUE + 10));
    visit(content(state, DUE + 15));
    visit(end(state, "failure", DUE + 20));
    visit(lease(state, DUE + 20_100, DUE + 20_000));
    visit(content(state, DUE + 20_020));
    visit(end(state, "neutral", DUE + 20_040));
    visit(end(state, "success", DUE + 20_050));
    visit(end(state, "success", DUE + 20_060));
    visit(end(state, "failure", DUE + 20_060));
    expect(phaseOf(state, DUE + 20_060)).toBe("closed");
  });
});
