import { evenly } from "../support/arrivals.js";
import { type Line, percent, perSeed, seconds, seedsFor } from "../support/line.js";
import { Load } from "../support/load.js";
import { QueueServer } from "../support/queue-server.js";
import { exponential } from "../support/random.js";
import { NAIVE } from "../support/settings.js";
import { type SimulatedOptions, World } from "../support/world.js";

export interface Overload {
  calls: number;
  /** Requests per second that reached the server: before the trigger, at most, and in the last 30 s. */
  baseline: number;
  peak: number;
  last: number;
  /** From the end of the trigger until the load stays within 5 % of the baseline; Infinity: not in 100 s. */
  settledMs: number;
  /** Share of answered calls among those that begin 40 s after the trigger's end or later. */
  success: number;
  hash: string;
}

const PER_SECOND = 70;
const SLOTS = 20;
const SERVICE_MS = 200;
const TRIGGER_SLOTS = 4;

/** Twice the default `maxOpenMs`. */
export const SETTLE_MS = 40_000;
const WARM_UP_MS = 10_000;
const TRIGGER_FROM_MS = 60_000;
const TRIGGER_TO_MS = 80_000;
const END_MS = TRIGGER_TO_MS + SETTLE_MS + 60_000;

/** Calls that one run takes. */
export const OVERLOAD_CALLS = (PER_SECOND * END_MS) / 1_000;

/**
 * (4) Two models at one server of 20 slots that takes 200 ms on average, at 70 calls/s: 70 % of what it can do. For 20 s
 * it has 4 slots. Its queue of 300 is then full, and whatever goes through it waits longer than the 2 s that clients wait.
 */
export async function overload(seed: number, options: SimulatedOptions = {}): Promise<Overload> {
  const world = new World(seed);
  const { clock } = world;
  const service = world.random("service");
  const server = new QueueServer({
    clock,
    slots: SLOTS,
    waiting: 300,
    serviceMs: () => exponential(service, SERVICE_MS),
  });
  const load = new Load();
  const model: typeof server.model = (reply) => {
    load.add(clock.now());
    server.model(reply);
  };
  world.chain(
    { "first/model": model, "second/model": model },
    { timeouts: { connectMs: 2_000, firstTokenMs: 2_000 }, ...options },
  );
  clock.setTimeout(() => {
    server.slots = TRIGGER_SLOTS;
  }, TRIGGER_FROM_MS);
  clock.setTimeout(() => {
    server.slots = SLOTS;
  }, TRIGGER_TO_MS);
  let late = 0;
  let answered = 0;
  const hash = await world.run({ calls: OVERLOAD_CALLS, gap: evenly(PER_SECOND) }, ({ at, ok }) => {
    if (at < TRIGGER_TO_MS + SETTLE_MS) return;
    late++;
    if (ok) answered++;
  });
  const baseline = load.mean(WARM_UP_MS, TRIGGER_FROM_MS);
  const settled = load.settledMs(baseline, {
    fromMs: TRIGGER_TO_MS,
    untilMs: END_MS,
    windowMs: 5_000,
    tolerance: 0.05,
  });
  return {
    calls: OVERLOAD_CALLS,
    baseline,
    peak: load.peak(5_000, END_MS),
    last: load.mean(END_MS - 30_000, END_MS),
    settledMs: settled - TRIGGER_TO_MS,
    success: answered / late,
    hash,
  };
}

/** The worst of as many seeds as make half of `calls`, since each is a world of its own; one for the comparison. */
export async function overloadLines(seed: number, calls: number): Promise<Line[]> {
  const seeds = seedsFor(seed, calls, 2 * OVERLOAD_CALLS);
  const runs = await perSeed(seeds, (each) => overload(each));
  const naive = await overload(seed, NAIVE);
  const slowest = Math.max(...runs.map(({ settledMs }) => settledMs));
  const success = Math.min(...runs.map((run) => run.success));
  const peak = Math.max(...runs.map((run) => run.peak));
  return [
    {
      id: 4,
      setting: "defaults",
      goal: `load within 5 % of before after ≤ ${SETTLE_MS / 1_000} s, then ≥ 99.9 % answered`,
      measured: `after ${shownMs(slowest)}, ${percent(success, 3)}; at most ${peak.toFixed(0)} requests/s`,
      met: slowest <= SETTLE_MS && success >= 0.999,
      calls: seeds.length * OVERLOAD_CALLS,
      seeds,
    },
    {
      id: 4,
      setting: "3 retries, no budget, no breakers",
      goal: "–",
      measured: `${shownMs(naive.settledMs)}: ${naive.last.toFixed(0)} requests/s at the end, ${percent(naive.success, 1)} answered; at most ${naive.peak.toFixed(0)} requests/s`,
      met: naive.settledMs > SETTLE_MS && naive.last > 2 * naive.baseline,
      calls: OVERLOAD_CALLS,
      seeds: [seed],
    },
  ];
}

function shownMs(ms: number): string {
  return Number.isFinite(ms) ? seconds(ms) : `not within ${(END_MS - TRIGGER_TO_MS) / 1_000} s`;
}
