import { Guard, type Pass } from "../../../src/admission/guard.js";
import type { TargetHealth } from "../../../src/health/target-health.js";
import type { Scenario } from "./scenario.js";

/** As in the guard, for a target without a clock for its first token. */
const LEASE_MS = 120_000;
const ENDS: readonly string[] = ["attempt.failed", "attempt.won", "attempt.cancelled"];

/**
 * Watches who is let in, beside the engine's own books: at most one probe or last resort at a target until it
 * shows content or its lease ends, no retry of one, never more than `maxConcurrent`. Returns what puts an end to it.
 */
export function watchDoor({ breaker }: Scenario, violated: (what: string) => void): () => void {
  const { admit, started, observe, drop, close } = Guard.prototype;
  const probes = new Map<TargetHealth, Map<Pass, number>>();
  const inside = new Map<TargetHealth, Set<Pass>>();
  const numbered = new WeakMap<Guard, Map<number, Pass>>();

  const left = (pass: Pass) => {
    probes.get(pass.health)?.delete(pass);
    inside.get(pass.health)?.delete(pass);
  };
  const passesOf = (guard: Guard) => {
    let passes = numbered.get(guard);
    if (!passes) {
      passes = new Map();
      numbered.set(guard, passes);
    }
    return passes;
  };

  Guard.prototype.admit = function (target, early) {
    const pass = admit.call(this, target, early);
    const { health, startedAt: now } = pass;
    if (early && breaker && breaker.whenAllOpen === "fail-fast")
      violated(`${target.id} is asked before its time`);
    if (pass.probe) {
      const others = probes.get(health) ?? new Map<Pass, number>();
      for (const [other, until] of others) {
        // A last resort that left while the breaker was closed holds no lease, and keeps no probe back.
        if (until > now && (early || other.ticket.lease !== undefined))
          violated(`a second probe at ${target.id} while one is under way`);
      }
      const clocks = [target.timeouts.firstTokenMs, target.lastFirstTokenMs];
      others.set(pass, now + Math.max(...clocks.map((ms) => (ms === false ? LEASE_MS : ms))));
      probes.set(health, others);
    }
    if (pass.slot) {
      const those = inside.get(health) ?? new Set<Pass>();
      those.add(pass);
      inside.set(health, those);
      // Of chains with different limits the one that allows more may follow one that allows less.
      const most = Math.max(...[...those].map((each) => each.target.maxConcurrent!.limit));
      if (those.size > most) violated(`${those.size} calls at ${target.id}, which takes ${most} at once`);
    }
    return pass;
  };
  Guard.prototype.started = function (n, pass) {
    passesOf(this).set(n, pass);
    return started.call(this, n, pass);
  };
  Guard.prototype.observe = function (event, lostMs) {
    observe.call(this, event, lostMs);
    const pass = "n" in event ? passesOf(this).get(event.n) : undefined;
    // From its first content on it keeps nobody back.
    if (pass && event.type === "attempt.first_content") probes.get(pass.health)?.delete(pass);
    if (!pass || !ENDS.includes(event.type)) return;
    left(pass);
    if (event.type === "attempt.failed" && event.verdict.do === "retry" && pass.probe)
      violated(`a probe at ${pass.target.id} is retried`);
  };
  Guard.prototype.drop = function (pass) {
    drop.call(this, pass);
    left(pass);
  };
  Guard.prototype.close = function () {
    close.call(this);
    for (const pass of passesOf(this).values()) left(pass);
  };
  return () => Object.assign(Guard.prototype, { admit, started, observe, drop, close });
}
