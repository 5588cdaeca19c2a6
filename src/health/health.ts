import type { Target } from "../types.js";
import type { Vitals } from "../vitals.js";
import { AccountHealth } from "./account-health.js";
import { type Belief, TargetHealth } from "./target-health.js";

/** So many targets and keys are remembered; a call may name any model, and an app may have a key per customer. */
const MAX_ENTRIES = 1_000;

/**
 * What calls have learnt of targets and keys: breakers, cool-downs, budgets, times to first content. Chains that are given
 * the same one share it; a target is the same where provider name, key, host and model are.
 */
export class Health {
  readonly #targets = new Map<string, TargetHealth>();
  readonly #accounts = new Map<string, AccountHealth>();

  /** For the engine. */
  target(target: Target): TargetHealth {
    const { provider, model } = target;
    return recall(
      this.#targets,
      `${provider.name}\n${accountOf(target)}\n${model}`,
      () => new TargetHealth(),
      ({ forgettable }) => forgettable,
      ({ idle }) => idle,
    );
  }

  /** For the engine. */
  account(target: Target): AccountHealth {
    return recall(
      this.#accounts,
      accountOf(target),
      () => new AccountHealth(),
      () => true,
    );
  }

  /** For the engine: why the target should be left alone now. */
  belief(target: Target, now: number): Belief | undefined {
    const block = this.account(target).blocked(isFree(target), now);
    const known = this.target(target);
    const own = known.belief(now);
    if (!block) return own;
    const { class: name, until, stated } = block;
    // What a server said stands above what is guessed.
    if (own?.stated && (!stated || own.until > until)) return own;
    return {
      reason: name === "rate_limit" ? "cooling_down" : "account_blocked",
      until,
      stated,
      held: own?.held ?? known.turns.taken,
      askedAt: known.askedAt,
      class: name,
    };
  }

  /** For the engine: the target as strategies see it. */
  vitals(target: Target, now: number): Vitals {
    const known = this.target(target);
    return {
      breaker: known.phase(now),
      dueInMs: Math.max(0, (this.belief(target, now)?.until ?? now) - now),
      samples: known.samples,
      successRate: known.successRate(now),
      firstContentMs: known.firstContentMs(now),
      quantile: (q) => known.firstContent.at(q),
      inFlight: known.inFlight,
    };
  }
}

/** A memory to share between chains, for apps that build a model per request. */
export function createHealth(): Health {
  return new Health();
}

export function isFree({ model }: Target): boolean {
  return model.endsWith(":free");
}

/** Says that two targets share a key. A provider of somebody's own may have none, or throw. */
export function accountOf({ provider }: Target): string {
  try {
    return String(provider.account);
  } catch {
    return "";
  }
}

/** The entry of that key, made anew if need be; the one used least lately makes room, rather one that knows nothing of note. */
function recall<T>(
  map: Map<string, T>,
  key: string,
  make: () => T,
  ...forgettable: ((entry: T) => boolean)[]
): T {
  let entry = map.get(key);
  if (entry) {
    map.delete(key);
  } else {
    entry = make();
    if (map.size >= MAX_ENTRIES) {
      const old = forgettable
        .map((may) => [...map].find(([, each]) => may(each)))
        .find((found) => found !== undefined);
      if (old) map.delete(old[0]);
    }
  }
  map.set(key, entry);
  return entry;
}
