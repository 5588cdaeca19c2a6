import type { CallPlan } from "./call-plan.js";
import type { Price } from "./model-facts.js";
import type { ChainConfig } from "./options.js";
import { prospectsOf } from "./prospects.js";
import type { Skip } from "./record.js";
import { FAILURE_CLASSES } from "./retry.js";
import type { ResolvedRule, Target } from "./types.js";

/** What a call would do, found out without sending anything: plain JSON. */
export interface Plan {
  strategy: string;
  /** Tokens of the request, estimated. */
  inputTokens: number;
  /** In the order in which they would be asked. */
  targets: PlannedTarget[];
  /** If everything fails in the dearest way. */
  worstCase: {
    attempts: number;
    /** Milliseconds until the caller has an answer's beginning or the error; null: nothing bounds it. */
    waitMs: number | null;
    /** USD; absent where a price or the length of an answer is unknown. */
    costUsd?: number;
  };
}

export interface PlannedTarget {
  target: string;
  model: string;
  provider: string;
  /** Why it would not be asked now. */
  skip?: Pick<Skip, "reason" | "detail">;
  /** Tokens of input and output together. */
  contextWindow?: number;
  /** `max_tokens` as it would be sent, where that is not what the request asks for. */
  maxTokens?: number;
  /** USD per million tokens. */
  price?: Price;
  /** USD that an answer of usual length would cost. */
  likelyUsd?: number;
  /** At the most, retries included. */
  attempts: number;
  /** Milliseconds it can take at the most until it has shown content or been given up; null: nothing bounds it. */
  waitMs: number | null;
  /** USD at the most. */
  costUsd?: number;
}

/** @throws OptionsError when the request cannot be sent to anyone */
export function explain(plan: CallPlan, config: ChainConfig): Plan {
  const { clock, totalMs, strategy } = config;
  const deadlineAt = totalMs === false ? Number.POSITIVE_INFINITY : clock.now() + totalMs;
  const nobody = () => {};
  const prospects = prospectsOf(plan, config, {
    id: "plan",
    dry: true,
    deadlineAt,
    onSkip: nobody,
    onBreaker: nobody,
  });
  const { order, demands, admission, spend } = prospects;
  const skips = new Map(order.map((target) => [target, admission.refusal(target)]));
  const last = order.findLast((target) => !skips.get(target));
  const targets = order.map((target): PlannedTarget => {
    const demand = demands.of(target);
    const { facts } = demand;
    const skip = skips.get(target);
    const offer = spend.offer(demand);
    const capped = "capped" in offer ? offer.capped : undefined;
    const attempts = skip ? 0 : 1 + retriesOf(target, target === last, config);
    const waitMs = skip ? 0 : waitOf(target, target === last, attempts, config);
    const most = Math.min(capped ?? Number.POSITIVE_INFINITY, demands.mostOutput(demand));
    const costUsd = Number.isFinite(most) ? demands.worst(demand, most) : undefined;
    const likelyUsd = demands.likely(target);
    return {
      target: target.id,
      model: target.model,
      provider: target.provider.name,
      ...(skip && { skip: { reason: skip.reason, ...(skip.detail && { detail: skip.detail }) } }),
      ...(facts.contextWindow !== undefined && { contextWindow: facts.contextWindow }),
      ...((capped ?? demand.lowered) !== undefined && { maxTokens: (capped ?? demand.lowered)! }),
      ...(facts.price && { price: facts.price }),
      ...(likelyUsd !== undefined && { likelyUsd }),
      attempts,
      waitMs: Number.isFinite(waitMs) ? waitMs : null,
      ...(skip ? { costUsd: 0 } : costUsd !== undefined && { costUsd: costUsd * attempts }),
    };
  });
  return {
    strategy: strategy.name,
    inputTokens: demands.input,
    targets,
    worstCase: worstOf(targets, plan, config),
  };
}

function worstOf(targets: readonly PlannedTarget[], plan: CallPlan, config: ChainConfig): Plan["worstCase"] {
  const { totalMs } = config;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const waits = targets.map(({ waitMs }) => waitMs ?? Number.POSITIVE_INFINITY);
  const waitMs = Math.min(sum(waits), totalMs === false ? Number.POSITIVE_INFINITY : totalMs);
  const costs = targets.flatMap(({ costUsd }) => costUsd ?? []);
  const known = costs.length === targets.length ? sum(costs) : undefined;
  const maxUsd = plan.maxCostUsd ?? config.maxCostUsd;
  const costUsd = known === undefined ? undefined : Math.min(known, maxUsd ?? Number.POSITIVE_INFINITY);
  return {
    attempts: sum(targets.map(({ attempts }) => attempts)),
    waitMs: Number.isFinite(waitMs) ? waitMs : null,
    ...(costUsd !== undefined && { costUsd }),
  };
}

function rulesOf({ retry }: Target): ResolvedRule[] {
  return FAILURE_CLASSES.map((name) => retry[name]);
}

/** Retries of the class that has most, as far as the budget goes. */
function retriesOf(target: Target, last: boolean, { budget, health }: ChainConfig): number {
  const most = Math.max(...rulesOf(target).map(({ retries, lastRetries }) => (last ? lastRetries : retries)));
  return budget ? Math.min(most, Math.floor(health.target(target).budget.left(budget).retries + 1e-9)) : most;
}

function waitOf(target: Target, last: boolean, attempts: number, { maxRetryAfterMs }: ChainConfig): number {
  const { firstTokenMs, attemptMs } = target.timeouts;
  const silence = last ? target.lastFirstTokenMs : firstTokenMs;
  const each = Math.min(silence || Number.POSITIVE_INFINITY, attemptMs || Number.POSITIVE_INFINITY);
  let backoffs = 0;
  for (let retry = 0; retry < attempts - 1; retry++) {
    const longest = rulesOf(target)
      .filter(({ retries, lastRetries }) => (last ? lastRetries : retries) > retry)
      .map(({ minDelayMs, factor, maxDelayMs }) => Math.min(minDelayMs * factor ** retry, maxDelayMs));
    backoffs += Math.max(0, ...longest);
  }
  return attempts * each + (attempts > 1 ? Math.max(backoffs, maxRetryAfterMs) : 0);
}
