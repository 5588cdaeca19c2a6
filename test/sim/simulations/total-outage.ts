import { poisson } from "../support/arrivals.js";
import { type Line, perSeed, seconds, seedsFor } from "../support/line.js";
import { quantile } from "../support/quantile.js";
import { NAIVE } from "../support/settings.js";
import { drawn, type Model } from "../support/simulated-provider.js";
import { type SimulatedOptions, World } from "../support/world.js";

export interface TotalOutage {
  calls: number;
  /** Requests to the target that got the most. */
  mostLoaded: number;
  attemptsPerCall: number;
  /** The 99th percentile of how long a caller waited for the error, ms. */
  errorMs: number;
  hash: string;
}

const TARGETS = 3;
const PER_SECOND = 100;
const SECONDS = 60;

/** Calls that one run takes. */
export const OUTAGE_CALLS = PER_SECOND * SECONDS;

/** (3) Every target answers 503, for a minute. */
export async function totalOutage(seed: number, options: SimulatedOptions = {}): Promise<TotalOutage> {
  const world = new World(seed);
  const models: Record<string, Model> = {};
  for (let i = 0; i < TARGETS; i++) {
    models[`target/${i}`] = drawn(() => ({ kind: "status", status: 503, afterMs: 50 }));
  }
  const provider = world.chain(models, options);
  const waits: number[] = [];
  const gap = poisson(PER_SECOND, world.random("arrivals"));
  const hash = await world.run({ calls: OUTAGE_CALLS, gap }, ({ ok, ms }) => {
    if (ok) throw new Error("a call was answered during a total outage");
    waits.push(ms);
  });
  return {
    calls: OUTAGE_CALLS,
    mostLoaded: Math.max(...provider.requests.values()),
    attemptsPerCall: provider.total / OUTAGE_CALLS,
    errorMs: quantile(waits, 0.99),
    hash,
  };
}

interface Setting {
  setting: string;
  options: SimulatedOptions;
  goal: string;
  figure: "mostLoaded" | "attemptsPerCall";
  met(figure: number): boolean;
}

const BOUND = Math.floor(1.1 * OUTAGE_CALLS + 10);

const SETTINGS: readonly Setting[] = [
  {
    setting: "no breakers",
    options: { breaker: false },
    goal: `≤ ${BOUND} requests per target (1.10 per call + 10)`,
    figure: "mostLoaded",
    met: (requests) => requests <= BOUND,
  },
  {
    setting: 'breakers with `whenAllOpen: "fail-fast"`',
    options: { breaker: { whenAllOpen: "fail-fast" } },
    goal: "≤ 0.05 requests per call",
    figure: "attemptsPerCall",
    met: (requests) => requests <= 0.05,
  },
  {
    setting: "defaults",
    options: {},
    goal: `≤ ${BOUND} requests per target`,
    figure: "mostLoaded",
    met: (requests) => requests <= BOUND,
  },
  {
    setting: "3 retries, no budget, no breakers",
    options: NAIVE,
    goal: "–",
    figure: "attemptsPerCall",
    met: (requests) => requests === 12,
  },
];

/** The worst of as many seeds as make a fifth of `calls` for each goal, since each is a world of its own; one for the comparison. */
export async function totalOutageLines(seed: number, calls: number): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { setting, options, goal, figure, met } of SETTINGS) {
    const seeds = goal === "–" ? [seed] : seedsFor(seed, calls, 5 * OUTAGE_CALLS);
    const runs = await perSeed(seeds, (each) => totalOutage(each, options));
    const worst = runs.reduce((a, b) => (b[figure] > a[figure] ? b : a));
    const perCall = `${worst.attemptsPerCall.toFixed(3)} per call`;
    lines.push({
      id: 3,
      setting,
      goal,
      measured: `${figure === "mostLoaded" ? `${worst.mostLoaded}; ${perCall}` : perCall}; error after ${seconds(worst.errorMs)} (p99)`,
      met: runs.every((run) => met(run[figure])),
      calls: seeds.length * OUTAGE_CALLS,
      seeds,
    });
  }
  return lines;
}
