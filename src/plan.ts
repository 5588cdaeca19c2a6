import type { CallPlan } from "./call-plan.js";
import type { Price } from "./model-facts.js";
import type { ChainConfig } from "./options.js";
import { prospectsOf } from "./prospects.js";
import type { Skip } from "./record.js";
import { continuable } from "./recovery.js";
import { askedTokens } from "./request.js";
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
  /** It would be asked all the same, once, since nobody else is left. */
  lastResort?: true;
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
  const { order, bug, demands, admission, spend } = prospects;
  if (bug) throw bug.thrown;
  const skips = new Map(order.map((target) => [target, admission.refusal(target)]));
  const last = order.findLast((target) => !skips.get(target));
  const resort = last ? undefined : admission.next(true);
  const targets = order.map((target): PlannedTarget => {
    const demand = demands.of(target);
    const { facts } = demand;
    const skip = skips.get(target);
    const offer = spend.offer(demand);
    const capped = "capped" in offer ? offer.capped : undefined;
    const final = target === last || target === resort;
    const sent = capped ?? askedTokens(demand.request);
    const extra = mendable(plan, config, sent);
    const attempts = skip ? (target === resort ? 1 : 0) : 1 + retriesOf(target, final, config, extra);
    const waitMs = attempts === 0 ? 0 : waitOf(target, final, attempts, plan, config);
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
      ...(likelyUsd !== undefined && { likelyUsd: usd(likelyUsd) }),
      attempts,
      waitMs: Number.isFinite(waitMs) ? waitMs : null,
      ...(target === resort && { lastResort: true }),
      ...(attempts === 0
        ? { costUsd: 0 }
        : costUsd !== undefined && { costUsd: usd(Math.min(costUsd * attempts, limitOf(plan, config))) }),
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
  const costUsd = known === undefined ? undefined : usd(Math.min(known, limitOf(plan, config)));
  return {
    attempts: sum(targets.map(({ attempts }) => attempts)),
    waitMs: Number.isFinite(waitMs) ? waitMs : null,
    ...(costUsd !== undefined && { costUsd }),
  };
}

function limitOf(plan: CallPlan, config: ChainConfig): number {
  return plan.maxCostUsd ?? config.maxCostUsd ?? Number.POSITIVE_INFINITY;
}

/** Millionths of a dollar: binary dust is not part of a price. */
function usd(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Requests that no class counts: once more with fewer max_tokens, once more without a text to continue. */
function mendable({ request }: CallPlan, { recovery }: ChainConfig, sent: number | undefined): number {
  return (sent === undefined ? 0 : 1) + (recovery === "continue" && continuable(request) ? 1 : 0);
}

function rulesOf({ retry }: Target): ResolvedRule[] {
  return FAILURE_CLASSES.map((name) => retry[name]);
}

/** Retries of the class that has most, as far as the budget goes. */
function retriesOf(target: Target, last: boolean, { budget, health }: ChainConfig, extra: number): number {
  const most =
    extra + Math.max(...rulesOf(target).map(({ retries, lastRetries }) => (last ? lastRetries : retries)));
  return budget ? Math.min(most, Math.floor(health.target(target).budget.left(budget).retries + 1e-9)) : most;
}

function waitOf(
  target: Target,
  last: boolean,
  attempts: number,
  { gate }: CallPlan,
  { maxRetryAfterMs }: ChainConfig,
): number {
  const { firstTokenMs, attemptMs } = target.timeouts;
  const silence = last ? target.lastFirstTokenMs : firstTokenMs;
  // An answer that is shown when it is whole may take as long as it likes, once it has begun.
  const beginning = gate === "complete" ? Number.POSITIVE_INFINITY : silence || Number.POSITIVE_INFINITY;
  const each = Math.min(beginning, attemptMs || Number.POSITIVE_INFINITY);
  let backoffs = 0;
  for (let retry = 0; retry < attempts - 1; retry++) {
    const longest = rulesOf(target)
      .filter(({ retries, lastRetries }) => (last ? lastRetries : retries) > retry)
      .map(({ minDelayMs, factor, maxDelayMs }) => Math.min(minDelayMs * factor ** retry, maxDelayMs));
    backoffs += Math.max(0, ...longest);
  }
  const waits = attempts > 1 ? backoffs + maxRetryAfterMs : 0;
  return attempts * (each + (target.maxConcurrent?.waitMs ?? 0)) + waits;
}
