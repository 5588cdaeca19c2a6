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
    return this.#target(target, accountOf(target));
  }

  /** For the engine. */
  account(target: Target): AccountHealth {
    return this.#account(accountOf(target));
  }

  /** For the engine: the target together with its key. */
  of(target: Target): Known {
    const account = accountOf(target);
    return new Known(this.#target(target, account), this.#account(account), isFree(target));
  }

  #target({ provider, model }: Target, account: string): TargetHealth {
    return recall(
      this.#targets,
      `${provider.name}\n${account}\n${model}`,
      newTarget,
      ({ forgettable }) => forgettable,
      ({ idle }) => idle,
    );
  }

  #account(account: string): AccountHealth {
    return recall(this.#accounts, account, newAccount, () => true);
  }
}

const newTarget = () => new TargetHealth();
const newAccount = () => new AccountHealth();

/** What is known of a target and its key. */
export class Known {
  readonly target: TargetHealth;
  readonly #account: AccountHealth;
  readonly #isFree: boolean;

  constructor(target: TargetHealth, account: AccountHealth, isFree: boolean) {
    this.target = target;
    this.#account = account;
    this.#isFree = isFree;
  }

  /** Why the target should be left alone now. */
  belief(now: number): Belief | undefined {
    const block = this.#account.blocked(this.#isFree, now);
    const { target } = this;
    const own = target.belief(now);
    if (!block) return own;
    const { class: name, until, stated } = block;
    // What a server said stands above what is guessed.
    if (own?.stated && (!stated || own.until > until)) return own;
    return {
      reason: name === "rate_limit" ? "cooling_down" : "account_blocked",
      until,
      stated,
      held: own?.held ?? target.turns.taken,
      askedAt: target.askedAt,
      class: name,
    };
  }

  /** The target as strategies see it. */
  vitals(now: number): Vitals {
    const { target } = this;
    return {
      breaker: target.phase(now),
      dueInMs: Math.max(0, (this.belief(now)?.until ?? now) - now),
      samples: target.samples,
      successRate: target.successRate(now),
      firstContentMs: target.firstContentMs(now),
      quantile: (q) => target.firstContent.at(q),
      inFlight: target.inFlight,
    };
  }
}

/** What one call looks up, each target once: a provider is asked for its key, and makes it anew at each look. */
export class KnownTargets {
  readonly #health: Health;
  readonly #known = new Map<Target, Known>();

  constructor(health: Health) {
    this.#health = health;
  }

  of(target: Target): Known {
    let known = this.#known.get(target);
    if (!known) {
      known = this.#health.of(target);
      this.#known.set(target, known);
    }
    return known;
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
    // Who makes room is of no interest while there is plenty.
    if (map.size <= MAX_ENTRIES / 2) return entry;
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
