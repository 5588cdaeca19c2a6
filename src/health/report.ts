import type { BudgetConfig } from "../budget.js";
import type { Clock, FailureClass, Target } from "../types.js";
import type { BreakerPhase } from "../vitals.js";
import type { Health } from "./health.js";
import type { Belief } from "./target-health.js";

/** How one target is doing: plain JSON. Times in milliseconds. */
export interface TargetReport {
  target: string;
  model: string;
  provider: string;
  breaker: { state: BreakerPhase };
  /** Why it is left alone now, and until when. */
  blocked?: { reason: Belief["reason"]; class?: FailureClass; until: string; forMs: number };
  /** Failures of the last minute by class. */
  recentFailures: Partial<Record<FailureClass, number>>;
  /** Moving average, 0 to 1. */
  successRate?: number;
  /** Of the last 256 attempts; one given up without content counts with the time it took. */
  firstContentMs?: { average: number; p50: number; p95: number; p99: number; samples: number };
  inFlight: number;
  /** Retries, and hedges of its calls, that the budget allows now. */
  budget?: { retries: number; hedges: number };
}

export function reportOf(
  target: Target,
  {
    health,
    clock,
    breaker,
    budget,
  }: { health: Health; clock: Clock; breaker: unknown; budget: BudgetConfig | false },
): TargetReport {
  const now = clock.now();
  const both = health.of(target);
  const known = both.target;
  const found = both.belief(now);
  const belief = found?.reason === "breaker_open" && breaker === false ? undefined : found;
  const vitals = both.vitals(now);
  const { successRate, firstContentMs: average } = vitals;
  const quantile = (q: number) => Math.round(vitals.quantile(q) ?? 0);
  const forMs = belief && Math.max(0, Math.ceil(belief.until - now));
  return {
    target: target.id,
    model: target.model,
    provider: target.provider.name,
    breaker: { state: breaker === false ? "closed" : vitals.breaker },
    ...(belief && {
      blocked: {
        reason: belief.reason,
        ...(belief.class && { class: belief.class }),
        until: new Date(clock.wall() + forMs!).toISOString(),
        forMs: forMs!,
      },
    }),
    recentFailures: known.recentFailures(now),
    ...(successRate !== undefined && { successRate: Math.round(successRate * 1000) / 1000 }),
    ...(average !== undefined && {
      firstContentMs: {
        average: Math.round(average),
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        samples: known.firstContent.size,
      },
    }),
    inFlight: known.inFlight,
    ...(budget && { budget: rounded(known.budget.left(budget)) }),
  };
}

/** Tokens are saved up in fractions. */
function rounded({ retries, hedges }: { retries: number; hedges: number }) {
  return { retries: Math.floor(retries + 1e-9), hedges: Math.floor(hedges + 1e-9) };
}
