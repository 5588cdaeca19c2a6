import { hedged, type Strategy, sequential } from "../../../src/chain.js";
import { poisson } from "../support/arrivals.js";
import { type Line, percent, seconds } from "../support/line.js";
import { quantile } from "../support/quantile.js";
import { lognormal } from "../support/random.js";
import { drawn, type Model } from "../support/simulated-provider.js";
import { World } from "../support/world.js";

export interface Stalls {
  calls: number;
  answered: number;
  /** Time to first content, ms. */
  p50: number;
  p95: number;
  p99: number;
  /** Requests beyond one per call. */
  extra: number;
  hash: string;
}

const PER_SECOND = 20;
const STALL = 0.02;
const STALL_MS = 20_000;

/**
 * (5) Two models whose first content takes 400 ms (log-normal, σ 0.3: 95 % within 655 ms), but 20 s in 2 % of requests,
 * at either.
 */
export async function stalls(seed: number, calls: number, strategy: Strategy): Promise<Stalls> {
  const world = new World(seed);
  const models: Record<string, Model> = {};
  for (const model of ["first/model", "second/model"]) {
    const stalled = world.random(`${model} stalls`);
    const pace = world.random(`${model} pace`);
    models[model] = drawn(() => ({
      kind: "answer",
      headersMs: 50,
      firstMs: Math.max(50, lognormal(pace, 400, 0.3)) + (stalled() < STALL ? STALL_MS : 0),
    }));
  }
  const provider = world.chain(models, { strategy });
  const times: number[] = [];
  const gap = poisson(PER_SECOND, world.random("arrivals"));
  const hash = await world.run({ calls, gap }, ({ ok, firstMs }) => {
    if (ok && firstMs !== undefined) times.push(firstMs);
  });
  return {
    calls,
    answered: times.length,
    p50: quantile(times, 0.5),
    p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    extra: provider.total - calls,
    hash,
  };
}

export async function stallLines(seed: number, calls: number): Promise<Line[]> {
  const alone = await stalls(seed, calls, sequential());
  const beside = await stalls(seed, calls, hedged({ afterQuantile: 0.95, max: 2 }));
  const limit = 0.05 * calls + 10;
  const shown = ({ p50, p95, p99, extra }: Stalls) =>
    `${seconds(p99)} (p50 ${seconds(p50)}, p95 ${seconds(p95)}); ${extra} extra requests (${percent(extra / calls)})`;
  return [
    {
      id: 5,
      setting: "`sequential()`",
      goal: "–",
      measured: shown(alone),
      met: alone.answered === calls && alone.extra === 0,
      calls,
      seeds: [seed],
    },
    {
      id: 5,
      setting: "`hedged({ afterQuantile: 0.95, max: 2 })`",
      goal: `p99 of the time to first content ≤ ${seconds(alone.p99 / 2)}, half of the above; ≤ ${limit} extra requests (5 % + 10)`,
      measured: shown(beside),
      met: beside.answered === calls && beside.p99 <= alone.p99 / 2 && beside.extra <= limit,
      calls,
      seeds: [seed],
    },
  ];
}
