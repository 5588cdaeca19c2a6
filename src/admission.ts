import type { Skip } from "./record.js";
import { MIN_ATTEMPT_MS } from "./retry.js";
import type { Failure, Target } from "./types.js";

/** What earlier attempts of the same call have shown. */
export interface Blemish {
  target: Target;
  failure: Failure;
}

/** May this target be asked now? A reason when not. */
export function admit(
  target: Target,
  view: { blemishes: readonly Blemish[]; remainingMs: number; needsTools: boolean },
): Skip | undefined {
  const skip = (reason: Skip["reason"], detail?: Skip["detail"]): Skip => ({
    target: target.id,
    model: target.model,
    reason,
    ...(detail && { detail }),
  });
  if (view.remainingMs < MIN_ATTEMPT_MS)
    return skip("deadline", { remainingMs: Math.floor(view.remainingMs) });
  if (view.needsTools && !target.provider.supports.tools) return skip("unsupported", { feature: "tools" });
  for (const { target: failed, failure } of view.blemishes) {
    if (failure.scope === "account" && target.provider.account === failed.provider.account) {
      if (failure.tier !== "free" || target.model.endsWith(":free")) {
        const reason = failure.class === "rate_limit" ? "cooling_down" : "account_blocked";
        return skip(reason, { class: failure.class, after: failed.id });
      }
    }
    if (failure.class === "context_length" && target.contextWindow !== undefined) {
      const needed = failure.neededTokens ?? (failure.limitTokens ?? failed.contextWindow ?? 0) + 1;
      if (target.contextWindow < needed) {
        return skip("context_too_small", { window: target.contextWindow, needed });
      }
    }
  }
  return undefined;
}
