import type { BreakerConfig } from "../../src/breaker.js";

type Outcomes = { at: number; failed: boolean }[];
type Lease = { at: number; until: number; ended: boolean };
/** Open with `leases`. */
type Era = { at: number; random: number; outcomes: Outcomes; leases?: Lease[]; how?: "probation" | "anew" };
/** An attempt under way: the era it left in, and its lease. */
export type Flight = { era: Era; lease?: Lease };

/** The breaker once more, as the list of all that happened, read anew at every question. Shares a type with src, no code. */
export class BreakerModel {
  readonly eras: Era[] = [{ at: 0, random: 0, outcomes: [] }];
  readonly #config: BreakerConfig;

  constructor(config: BreakerConfig) {
    this.#config = config;
  }

  /** `due` is never earlier than now. */
  at(now: number): { permit: string; phase: string; due: number } {
    const { at, random, leases } = this.eras.at(-1)!;
    if (!leases) return { permit: "closed", phase: "closed", due: now };
    const trusted = this.eras.findLastIndex(
      ({ leases, how, outcomes }) => !leases && (!how || outcomes.some(({ failed }) => !failed)),
    );
    const nth = this.eras.slice(trusted).filter(({ leases, how }) => leases && !how).length;
    const { openMs, maxOpenMs } = this.#config;
    const until = at + Math.min(openMs * 2 ** (nth - 1), maxOpenMs) * (0.8 + 0.4 * random);
    const held = leases.find((lease) => !lease.ended && lease.until > now);
    const due = Math.max(now, until, held?.until ?? now);
    if (until > now) return { permit: held ? "open" : "early", phase: "open", due };
    return { permit: held ? "open" : "probe", phase: "half_open", due };
  }

  take(until: number, now: number): Flight | undefined {
    const era = this.eras.at(-1)!;
    if (!era.leases || this.at(now).permit === "open") return;
    const lease = { at: now, until, ended: false };
    era.leases.push(lease);
    return { era, lease };
  }

  end({ era, lease }: Flight, outcome: string, now: number, random: number): void {
    if (era !== this.eras.at(-1)) return;
    const closes = { at: now, random, outcomes: [] };
    const opens = { ...closes, leases: [] };
    if (!era.leases) {
      if (outcome !== "neutral") era.outcomes.push({ at: now, failed: outcome === "failure" });
      const again = era.how && era.outcomes[0]?.failed;
      if (outcome !== "neutral" && (again || this.#unwell(era.outcomes, now))) this.eras.push(opens);
    } else if (lease && lease === era.leases.at(-1) && !lease.ended) {
      lease.ended = true;
      if (outcome === "success") this.eras.push(closes);
      const early = this.at(lease.at).phase === "open";
      if (outcome === "failure") this.eras.push(early ? { ...opens, how: "anew" } : opens);
    }
  }

  /** The attempt under way from then on. */
  content(flight: Flight, now: number): Flight {
    const { era, lease } = flight;
    if (era !== this.eras.at(-1) || !lease || lease !== era.leases?.at(-1) || lease.ended) return flight;
    const closed: Era = { at: now, random: 0, outcomes: [], how: "probation" };
    this.eras.push(closed);
    return { era: closed };
  }

  #unwell(outcomes: Outcomes, now: number): boolean {
    const { ratio, minCalls, windowMs, consecutive } = this.#config;
    const row = outcomes.slice(-consecutive);
    const tenth = (at: number) => Math.floor(at / (windowMs / 10));
    const recent = outcomes.filter(({ at }) => tenth(now) - tenth(at) < 10);
    const share = recent.filter(({ failed }) => failed).length / recent.length;
    return (
      (row.length === consecutive && row.every(({ failed }) => failed)) ||
      (recent.length >= minCalls && share >= ratio)
    );
  }
}
