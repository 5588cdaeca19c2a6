import { poisson } from "../support/arrivals.js";
import { type Line, percent } from "../support/line.js";
import { Outages } from "../support/outages.js";
import { ONCE } from "../support/settings.js";
import { drawn, type Model } from "../support/simulated-provider.js";
import { type SimulatedOptions, World } from "../support/world.js";

export interface OutageBlocks {
  calls: number;
  /** Shares of calls: answered, and answerable by one who knows who is up. */
  availability: number;
  oracle: number;
  /** Percentage points by which the chain is better than the oracle. */
  points: number;
  attemptsPerCall: number;
  hash: string;
}

const TARGETS = 3;
const DOWN = 0.3;
const PER_SECOND = 20;

/**
 * (2) Three targets that are up and down in blocks of 20 to 40 s, each for itself. A target answers the requests that
 * reach it while it is up. The oracle asks once, the moment the call arrives, a target that is up, if there is one.
 */
export async function outageBlocks(
  seed: number,
  calls: number,
  options: SimulatedOptions = {},
): Promise<OutageBlocks> {
  const world = new World(seed);
  const { clock } = world;
  const fates: Outages[] = [];
  const models: Record<string, Model> = {};
  for (let i = 0; i < TARGETS; i++) {
    const fate = new Outages(DOWN, world.random(`fate ${i}`));
    const random = world.random(`target ${i}`);
    fates.push(fate);
    models[`target/${i}`] = drawn(() =>
      fate.down(clock.now())
        ? { kind: "status", status: 503, afterMs: 50 }
        : { kind: "answer", firstMs: 200 + 200 * random() },
    );
  }
  const provider = world.chain(models, options);
  let answered = 0;
  let answerable = 0;
  const gap = poisson(PER_SECOND, world.random("arrivals"));
  const hash = await world.run(
    {
      calls,
      gap,
      before: () => {
        if (fates.some((fate) => !fate.down(clock.now()))) answerable++;
      },
    },
    ({ ok }) => {
      if (ok) answered++;
    },
  );
  return {
    calls,
    availability: answered / calls,
    oracle: answerable / calls,
    points: (100 * (answered - answerable)) / calls,
    attemptsPerCall: provider.total / calls,
    hash,
  };
}

/** Whoever waits may live to see a target come up, which is more than the oracle can do: a limit above it is only for who does not. */
export async function outageBlockLines(seed: number, calls: number): Promise<Line[]> {
  const settings: { name: string; options: SimulatedOptions; above: number }[] = [
    { name: "no retries, no breakers", options: { ...ONCE, breaker: false }, above: 0.1 },
    { name: "no retries", options: ONCE, above: Number.POSITIVE_INFINITY },
    { name: "defaults", options: {}, above: Number.POSITIVE_INFINITY },
  ];
  const lines: Line[] = [];
  for (const { name, options, above } of settings) {
    const { availability, oracle, points, attemptsPerCall } = await outageBlocks(seed, calls, options);
    lines.push({
      id: 2,
      setting: name,
      goal: `${Number.isFinite(above) ? "within 0.1 points of" : "at most 0.1 points below"} the oracle: ${percent(oracle, 3)}`,
      measured: `${percent(availability, 3)} (${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(3)} points); ${attemptsPerCall.toFixed(3)} requests per call`,
      met: points >= -0.1 && points <= above,
      calls,
      seeds: [seed],
    });
  }
  return lines;
}
