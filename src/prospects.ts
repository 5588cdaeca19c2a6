import { Admission } from "./admission.js";
import { type CallPlan, needsTools, targetsOf, toolsOf } from "./call-plan.js";
import { Demands } from "./demand.js";
import { OptionsError } from "./errors.js";
import { Guard } from "./guard.js";
import type { ChainConfig } from "./options.js";
import type { Skip } from "./record.js";
import { Spend } from "./spend.js";
import { TargetQueue } from "./target-queue.js";
import type { Target } from "./types.js";
import type { BreakerPhase, CallFacts, OrderView, Strategy } from "./vitals.js";

/** Whom a call may ask, in which order, in what form, at what price. */
export interface Prospects {
  readonly order: readonly Target[];
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

/** What a strategy makes of the targets: some of them, each once. @throws OptionsError when it is something else */
function orderedBy(strategy: Strategy, targets: readonly Target[], view: OrderView): readonly Target[] {
  let order: readonly Target[];
  try {
    // A list of its own: one that is sorted in place must not be the chain's.
    order = strategy.order([...targets], view);
  } catch (cause) {
    throw new OptionsError(`strategy ${strategy.name} failed to order the targets: ${cause}`, { cause });
  }
  if (!Array.isArray(order) || order.some((target) => !targets.includes(target))) {
    throw new OptionsError(`strategy ${strategy.name} must return a list of the targets it was given`);
  }
  return [...new Set(order)];
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
  const order =
    plan.model === undefined
      ? orderedBy(strategy, targets, view)
      : [first!, ...orderedBy(strategy, others, view)];
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
  return { order, facts, demands, guard, spend, admission };
}
