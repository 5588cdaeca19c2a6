import { Admission } from "./admission/admission.js";
import { Demands } from "./admission/demand.js";
import { Guard } from "./admission/guard.js";
import { Spend } from "./admission/spend.js";
import { TargetQueue } from "./admission/target-queue.js";
import { type CallPlan, needsTools, targetsOf, toolsOf } from "./call-plan.js";
import type { ChainConfig } from "./options.js";
import type { Skip } from "./record.js";
import { orderOf } from "./target-order.js";
import type { Target } from "./types.js";
import type { BreakerPhase, CallFacts } from "./vitals.js";

/** Whom a call may ask, in which order, in what form, at what price. */
export interface Prospects {
  readonly order: readonly Target[];
  /** What the strategy threw instead of an order. */
  readonly bug?: { readonly thrown: unknown };
  readonly facts: CallFacts;
  readonly demands: Demands;
  readonly guard: Guard;
  readonly spend: Spend;
  readonly admission: Admission;
}

export interface ProspectsInit {
  id: string;
  /** Nothing will be sent: a plan is wanted. */
  dry: boolean;
  deadlineAt: number;
  onSkip(skip: Skip): void;
  onBreaker(target: Target, phase: BreakerPhase): void;
}

export function prospectsOf(plan: CallPlan, config: ChainConfig, init: ProspectsInit): Prospects {
  const { strategy, random, clock } = config;
  const { request, defaults } = plan;
  const targets = targetsOf(plan, config.targets);
  const facts: CallFacts = { id: init.id, tools: toolsOf(request), dry: init.dry };
  const demands = new Demands({
    request,
    body: config.body,
    ...(defaults && { defaults }),
    facts: (target) => config.catalogues.facts(target),
  });
  const guard = new Guard(config, init.onBreaker);
  const view = {
    health: (target: Target) => guard.vitals(target),
    price: (target: Target) => demands.likely(target),
    random,
    call: facts,
  };
  const [first, ...others] = targets;
  // A model that the call itself asks for comes first, whatever the strategy thinks of the rest.
  const asked = plan.model === undefined ? [] : [first!];
  const { targets: rest, bug } = orderOf(strategy, asked.length > 0 ? others : targets, view);
  const order = bug ? [] : [...asked, ...rest];
  const { maxCostUsd: maxUsd, neverDearerThan } = config;
  const spend = new Spend(demands, {
    maxUsd: plan.maxCostUsd ?? maxUsd,
    primaryUsd: neverDearerThan === "primary" && first ? () => demands.likely(first) : undefined,
  });
  const admission = new Admission({
    order,
    queue: new TargetQueue(order),
    demands,
    guard,
    spend,
    clock,
    deadlineAt: init.deadlineAt,
    needsTools: needsTools(request),
    onSkip: init.onSkip,
  });
  return { order, ...(bug && { bug }), facts, demands, guard, spend, admission };
}
