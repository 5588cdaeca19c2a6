import { poisson } from "../support/arrivals.js";
import { type Line, percent } from "../support/line.js";
import { ONCE } from "../support/settings.js";
import { drawn, type Model } from "../support/simulated-provider.js";
import { type SimulatedOptions, World } from "../support/world.js";

export interface IndependentFailures {
  calls: number;
  answered: number;
  /** Shares of calls: measured, and 1 − ∏pᵢ. */
  availability: number;
  expected: number;
  /** Half the width of the 99.9 % binomial interval around `expected`. */
  margin: number;
  attemptsPerCall: number;
  hash: string;
}

const PER_SECOND = 100;

/** The normal quantile of 99.95 %. */
const Z = 3.2905;

/**
 * (1) Each request to target i fails with probability pᵢ, whatever else happens. Without retries, since a retry is one
 * more chance that the formula does not know. Breakers are on: they must take bad luck for what it is.
 */
export async function independentFailures(
  seed: number,
  calls: number,
  probabilities: readonly number[],
  options: SimulatedOptions = {},
): Promise<IndependentFailures> {
  const world = new World(seed);
  const models: Record<string, Model> = {};
  probabilities.forEach((p, i) => {
    const random = world.random(`target ${i}`);
    models[`target/${i}`] = drawn(() =>
      random() < p
        ? { kind: "status", status: 500, afterMs: 50 }
        : { kind: "answer", firstMs: 200 + 200 * random() },
    );
  });
  const provider = world.chain(models, { ...ONCE, ...options });
  let answered = 0;
  const gap = poisson(PER_SECOND, world.random("arrivals"));
  const hash = await world.run({ calls, gap }, ({ ok }) => {
    if (ok) answered++;
  });
  const expected = 1 - probabilities.reduce((product, p) => product * p, 1);
  return {
    calls,
    answered,
    availability: answered / calls,
    expected,
    margin: Z * Math.sqrt((expected * (1 - expected)) / calls),
    attemptsPerCall: provider.total / calls,
    hash,
  };
}

/** The lines of the table. */
export async function independentFailureLines(seed: number, calls: number): Promise<Line[]> {
  const lines: Line[] = [];
  for (const probabilities of [
    [0.05, 0.1, 0.2],
    [0.2, 0.2, 0.2],
  ]) {
    const run = await independentFailures(seed, calls, probabilities);
    const { availability, expected, margin, attemptsPerCall } = run;
    lines.push({
      id: 1,
      setting: `${probabilities.map((p) => percent(p, 0)).join(", ")}; no retries`,
      goal: `${percent(expected, 3)} ± ${(100 * margin).toFixed(3)} answered`,
      measured: `${percent(availability, 3)}; ${attemptsPerCall.toFixed(3)} requests per call`,
      met: Math.abs(availability - expected) <= margin,
      calls,
      seeds: [seed],
    });
  }
  return lines;
}
