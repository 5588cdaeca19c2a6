import { accountOf, isFree } from "../health/health.js";
import type { Belief } from "../health/target-health.js";
import type { Skip } from "../record.js";
import { MIN_ATTEMPT_MS } from "../retry.js";
import type { Failure, Target } from "../types.js";
import type { Demand } from "./demand.js";

/** What earlier attempts of the same call have shown. */
export interface Blemish {
  target: Target;
  failure: Failure;
  /** The window it was asked with, where that is known. */
  window?: number | undefined;
}

export interface RefusalView {
  demand: Demand;
  blemishes: readonly Blemish[];
  remainingMs: number;
  needsTools: boolean;
  /** What the request asks for and the model is said to lack. */
  lacks: string | undefined;
  /** What other calls have learnt. */
  belief: Belief | undefined;
  /** What the call's money says. */
  dear: Pick<Skip, "reason" | "detail"> | undefined;
  now: number;
}

/** The one question of admission: may this target be asked now? A reason when not. */
export function refusal(target: Target, view: RefusalView): Skip | undefined {
  const against = reason(target, view);
  if (!against) return undefined;
  const { id, model } = target;
  const { reason: why, detail } = against;
  return { target: id, model, reason: why, ...(detail && { detail }) };
}

type Reason = Pick<Skip, "reason" | "detail">;

function reason(target: Target, view: RefusalView): Reason | undefined {
  const { demand, remainingMs, belief, dear } = view;
  if (remainingMs < MIN_ATTEMPT_MS)
    return { reason: "deadline", detail: { remainingMs: Math.max(0, Math.floor(remainingMs)) } };
  if (view.needsTools && !target.provider.supports.tools)
    return { reason: "unsupported", detail: { feature: "tools" } };
  if (view.lacks) return { reason: "unsupported", detail: { feature: view.lacks } };
  if (demand.unfit) return demand.unfit;
  for (const blemish of view.blemishes) {
    const spoken = blemished(target, demand, blemish);
    if (spoken) return spoken;
  }
  if (dear) return dear;
  if (belief) {
    const forMs = Math.max(0, Math.ceil(belief.until - view.now));
    return { reason: belief.reason, detail: { ...(belief.class && { class: belief.class }), forMs } };
  }
  return undefined;
}

/** What a failure of another target says against this one. */
function blemished(
  target: Target,
  { facts: { contextWindow } }: Demand,
  { target: failed, failure, window }: Blemish,
): Reason | undefined {
  if (speaksFor(failure, failed, target)) {
    const reason = failure.class === "rate_limit" ? "cooling_down" : "account_blocked";
    return { reason, detail: { class: failure.class, after: failed.id } };
  }
  if (failure.class === "context_length" && contextWindow !== undefined) {
    const needed = failure.neededTokens ?? (failure.limitTokens ?? window ?? 0) + 1;
    if (contextWindow < needed)
      return { reason: "context_too_small", detail: { window: contextWindow, needed } };
  }
  return undefined;
}

/** Does what failed at one target's key fail at the other's too? */
export function speaksFor(failure: Failure, failed: Target, other: Target): boolean {
  if (failure.scope !== "account" || accountOf(other) !== accountOf(failed)) return false;
  return failure.tier !== "free" || isFree(other);
}
