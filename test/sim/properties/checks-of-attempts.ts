import type { AuditRecord } from "../../../src/chain.js";
import { resolvePolicy } from "../../../src/retry.js";
import type { FailureClass } from "../../../src/types.js";
import type { Check, Try } from "./check.js";
import { MODELS, type Scenario } from "./scenario.js";
import type { Seen } from "./stage.js";

/** A continuation is refused with these. */
const REFUSED: readonly FailureClass[] = ["invalid_request", "unsupported", "empty_response"];

export function checkRetries(tries: readonly Try[], { retries }: Scenario, check: Check): void {
  const policy = resolvePolicy(
    Object.fromEntries(Object.entries(retries).map(([name, count]) => [name, { retries: count }])),
  );
  for (const id of new Set(tries.map(({ entry }) => entry.target))) {
    const those = tries.filter(({ entry }) => entry.target === id);
    let retried = 0;
    let lowered = 0;
    let refused = 0;
    for (const [i, { entry, seen }] of those.entries()) {
      const { failure, verdict } = entry;
      const again = those[i + 1];
      check(
        again === undefined || verdict === "retry",
        `${id} is asked again after ${verdict ?? entry.outcome}`,
      );
      if (!failure || verdict !== "retry") continue;
      if (seen.prefix !== undefined && REFUSED.includes(failure.class)) refused++;
      else if (failure.class === "context_length") lowered++;
      else {
        retried++;
        const { lastRetries, retries: some } = policy[failure.class];
        check(
          retried <= Math.max(lastRetries, some),
          `${id} is retried ${retried} times after ${failure.class}`,
        );
      }
    }
    check(lowered <= 1 && refused <= 1, `${id} gets ${lowered} smaller and ${refused} plain requests`);
  }
}

/** Did a request leave after another one had ended, and been judged? Of two that end at one moment the first may be judged first. */
function follows(other: Try, { seen }: Try, tries: readonly Try[]): boolean {
  if (other.seen.opened < seen.ended) return false;
  const crossed = tries.some(({ seen: third }) => third !== seen && third.endedAt === seen.endedAt);
  return other.seen.at > seen.endedAt! || !crossed;
}

/** After a failure that stops the call no other target is asked, but in place of a lane under way that won and then died. */
export function checkStops(tries: readonly Try[], { targets }: Scenario, check: Check): void {
  // A lane may wait for room, and nobody sees it.
  if (targets.some(({ maxConcurrent }) => maxConcurrent)) return;
  for (const stopped of tries) {
    const { entry } = stopped;
    if (entry.verdict !== "stop") continue;
    for (const other of tries) {
      const before = tries.filter(({ seen }) => seen.opened < other.seen.opened);
      const begun = before.some(({ entry: { target } }) => target === other.entry.target);
      const replaces = before.some(
        ({ entry, seen }) =>
          entry.outcome === "failed" && entry.firstContentMs !== undefined && seen.ended < other.seen.opened,
      );
      if (begun || replaces || !follows(other, stopped, tries)) continue;
      check(false, `${other.entry.target} is asked after ${entry.failure?.class} has stopped the call`);
    }
  }
}

/** A key that was refused is not used again in the call. */
export function checkAccounts(tries: readonly Try[], check: Check): void {
  for (const refused of tries) {
    const { entry, seen } = refused;
    const { failure, verdict } = entry;
    if (failure?.scope !== "account" || verdict === "retry") continue;
    for (const other of tries) {
      if (other.seen.account !== seen.account || !follows(other, refused, tries)) continue;
      if (failure.tier === "free" && !other.entry.model.endsWith(":free")) continue;
      check(
        false,
        `${other.entry.target} is asked with a key that ${entry.target} was refused for: ${failure.class}`,
      );
    }
  }
}

/** After one window was too small no smaller one is asked, as far as they are known. */
export function checkWindows(tries: readonly Try[], { targets }: Scenario, check: Check): void {
  const windowOf = (seen: Seen) => {
    const those = targets.filter(
      ({ model, provider }) => MODELS[model] === seen.request.model && `p${provider}` === seen.provider,
    );
    const windows = those.map(({ contextWindow }) => contextWindow ?? Number.POSITIVE_INFINITY);
    return Math.max(...windows);
  };
  for (const small of tries) {
    const { entry } = small;
    const { failure, verdict } = entry;
    if (failure?.class !== "context_length" || verdict === "retry") continue;
    const needed = failure.neededTokens ?? failure.limitTokens ?? 0;
    for (const other of tries) {
      if (!follows(other, small, tries)) continue;
      check(
        windowOf(other.seen) >= needed,
        `${other.entry.target} is asked although ${needed} tokens are needed`,
      );
    }
  }
}

export function checkCost(tries: readonly Try[], record: AuditRecord, s: Scenario, check: Check): void {
  const costs = tries.flatMap(({ entry: { cost } }) => cost ?? []);
  const sum = costs.reduce((usd, each) => usd + each.usd, 0);
  check(
    Math.abs(sum - (record.cost?.usd ?? 0)) < 1e-12,
    `attempts cost ${sum}, the call ${record.cost?.usd}`,
  );
  check((record.cost === undefined) === (costs.length === 0), "a cost from nowhere");
  const { maxCostUsd, targets } = s;
  if (maxCostUsd === undefined || targets.some(({ price }) => price === "none")) return;
  check(sum <= maxCostUsd + 1e-9, `${sum} USD spent, of ${maxCostUsd}`);
}

/** Extra requests, per target: no more than its share of calls, and the reserve. */
export function checkBudget(
  { budget, strategy }: Scenario,
  records: readonly AuditRecord[],
  check: Check,
): void {
  if (!budget) return;
  const { ratio, reserve, hedgeRatio } = budget;
  const targets = new Map<string, { calls: number; retries: number }>();
  let hedges = 0;
  for (const { attempts } of records) {
    const asked = new Set<string>();
    for (const { target, provider, model, failure, verdict, why } of attempts) {
      const key = `${provider} ${model}`;
      const of = targets.get(key) ?? { calls: 0, retries: 0 };
      targets.set(key, of);
      if (!asked.has(target)) of.calls++;
      asked.add(target);
      if (why === "hedge") hedges++;
      if (verdict === "retry") of.retries += failure?.class === "timeout" ? 2 : 1;
    }
  }
  let mostHedges = 0;
  let mostExtra = 0;
  let retried = 0;
  for (const [key, { calls, retries }] of targets) {
    const most = reserve + ratio * calls + 1e-6;
    check(retries <= most, `${retries} retries at ${key}, whose budget is ${most}`);
    mostHedges += reserve + hedgeRatio * calls + 1e-6;
    mostExtra += most;
    retried += retries;
  }
  // race() draws on no budget. Whom a hedge was charged to is not told; all together have to pay for all.
  if (strategy.kind === "race") return;
  check(hedges <= mostHedges, `${hedges} hedges, and all budgets together are ${mostHedges}`);
  check(
    hedges + retried <= mostExtra,
    `${hedges + retried} extra requests, and all budgets together are ${mostExtra}`,
  );
}
