import type { OrderView, PaceView, Strategy, Target, Vitals } from "../../../src/chain.js";
import { scripted } from "../../../src/chain.js";
import { parseOptions } from "../../../src/options.js";

/** Targets with these ids, as a chain resolves them. */
export function targetsOf(...ids: string[]): readonly Target[] {
  const provider = scripted({ script: { none: [["-"]] } });
  return parseOptions({ targets: ids, provider, logger: false }).targets;
}

export function vitals(known: Partial<Omit<Vitals, "quantile">> & { times?: number[] } = {}): Vitals {
  const { times, ...rest } = known;
  const sorted = times?.toSorted((a, b) => a - b);
  return {
    breaker: "closed",
    dueInMs: 0,
    samples: times?.length ?? 0,
    successRate: undefined,
    firstContentMs: undefined,
    inFlight: 0,
    quantile: (q) => sorted?.[Math.ceil(q * sorted.length) - 1],
    ...rest,
  };
}

export function orderView(view: {
  vitals?: Record<string, Vitals>;
  prices?: Record<string, number>;
  random?: () => number;
  dry?: boolean;
}): OrderView {
  return {
    health: ({ id }) => view.vitals?.[id] ?? vitals(),
    price: ({ id }) => view.prices?.[id],
    random: view.random ?? (() => 0.99),
    call: { id: "call", tools: [], dry: view.dry ?? false },
  };
}

export function paceView(view: Partial<PaceView> & { known?: Vitals } = {}): PaceView {
  const { known = vitals(), ...rest } = view;
  return {
    inFlight: 1,
    started: 1,
    elapsedMs: 0,
    remainingMs: 60_000,
    running: targetsOf("a/one"),
    health: () => known,
    call: { id: "call", tools: [], dry: false },
    ...rest,
  };
}

export const idsOf = (strategy: Strategy, targets: readonly Target[], view: OrderView) =>
  strategy.order(targets, view).map(({ id }) => id);
