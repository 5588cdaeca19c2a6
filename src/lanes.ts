import type { Entry } from "./admission/admission.js";
import type { Demand } from "./admission/demand.js";
import type { Pass } from "./admission/guard.js";
import { speaksFor } from "./admission/refusal.js";
import { Attempt } from "./attempt.js";
import type { CallPlan } from "./call-plan.js";
import { type ChainEvent, type Emit, stamped, type Untimed } from "./events.js";
import { type Explain, withoutSecrets } from "./explanation.js";
import { Lane, type LaneContext, type LaneFailed } from "./lane.js";
import type { ChainConfig } from "./options.js";
import type { Prospects } from "./prospects.js";
import type { RaceContext } from "./race.js";
import type { AuditAttempt } from "./record.js";
import { continuation } from "./recovery.js";
import { withMaxTokens } from "./request.js";
import { textTokens } from "./tokens.js";
import type { Clock, Failure, Verdict } from "./types.js";
import { verdictOf } from "./verdict.js";
import { onlyAfterFailure } from "./vitals.js";

export interface LanesInit {
  callId: string;
  plan: CallPlan;
  config: ChainConfig;
  prospects: Prospects;
  deadlineAt: number;
  explain: Explain;
  /** Where the call's events go. */
  emit: Emit;
  /** Runs what sends attempt `n`'s request. */
  around: <T>(n: number, open: () => T) => T;
  /** The call's own: its timers fire in the context of the call. */
  clock: Clock;
}

/** What is needed of an attempt when it ends. */
interface Asked {
  attempt: Attempt;
  demand: Demand;
  pass: Pass;
  reckoned: boolean;
}

const ENDS: ReadonlySet<ChainEvent["type"]> = new Set(["attempt.failed", "attempt.won", "attempt.cancelled"]);

/** The lanes of one call: which are begun, what each asks for, and what follows when an attempt fails. */
export class Lanes implements RaceContext, LaneContext<Entry> {
  readonly running = new Set<Lane>();
  stopped: LaneFailed | undefined;
  readonly #init: LanesInit;
  /** In order: `n` counts from 1. */
  readonly #asked: Asked[] = [];
  /** The text that the next attempts are to continue; empty: none. */
  #prefix = "";
  #committed: Lane | undefined;
  #attempts = 0;

  constructor(init: LanesInit) {
    this.#init = init;
  }

  get clock(): Clock {
    return this.#init.clock;
  }

  get remainingMs(): number {
    return this.#init.deadlineAt - this.clock.now();
  }

  /** The next attempts go on from this text, where their targets can; empty: they start over. */
  continueFrom(text: string): void {
    this.#prefix = text;
    this.#init.prospects.demands.lengthen(textTokens(text));
  }

  nextLane(): Lane | undefined {
    const target = this.#init.prospects.admission.next(this.running.size === 0);
    return target && new Lane(target, this);
  }

  get hasOthers(): boolean {
    return this.#init.prospects.admission.hasOthers;
  }

  hedgeLane(): Lane | undefined {
    const [first] = this.running;
    const budgeted = this.#init.config.strategy.budgeted !== false;
    const target = first && this.#init.prospects.admission.beside(first.target, budgeted);
    return target && new Lane(target, this);
  }

  hedgeDelay({ started, elapsedMs }: { started: number; elapsedMs: number }): number {
    const { strategy } = this.#init.config;
    if (strategy.hedgeDelay === onlyAfterFailure) return Number.POSITIVE_INFINITY;
    const { facts, guard } = this.#init.prospects;
    const running = Array.from(this.running, ({ target }) => target);
    return strategy.hedgeDelay({
      started,
      elapsedMs,
      inFlight: running.length,
      running,
      remainingMs: this.remainingMs,
      health: (target) => guard.vitals(target),
      call: facts,
    });
  }

  dooms({ failure }: LaneFailed, lane: Lane, other: Lane): boolean {
    return speaksFor(failure, lane.target, other.target);
  }

  commit(lane: Lane): void {
    this.#committed = lane;
  }

  enter(lane: Lane, onLeave: (leave: () => void) => void): Promise<Entry> {
    return this.#init.prospects.admission.enter(lane.target, lane.attempts > 0, onLeave);
  }

  leave(entry: Entry): void {
    this.#init.prospects.admission.leave(entry);
  }

  startAttempt(lane: Lane, why: AuditAttempt["why"], { pass, offer }: Entry): Attempt {
    const { target } = lane;
    const { guard, demands, admission } = this.#init.prospects;
    const plan = this.#init.plan;
    const demand = demands.of(target);
    const { asked, lowered, omitted } = demand;
    const n = ++this.#attempts;
    guard.started(n, pass);
    if (lane.attempts === 0) guard.deposit(target);
    const limits = [lane.maxTokens, offer.capped, lowered].filter((limit) => limit !== undefined);
    const sent = limits.length > 0 ? Math.min(...limits) : undefined;
    const request = sent === undefined ? offer.request : withMaxTokens(offer.request, sent);
    const continues = this.#prefix !== "" && target.provider.supports.prefill && !lane.prefixRefused;
    const attempt: Attempt = new Attempt({
      id: `${this.#init.callId}-${n}`,
      n,
      target,
      why,
      request: continues ? continuation(request, this.#prefix) : request,
      omitted,
      ...(sent !== undefined && { maxTokens: { ...(asked !== undefined && { asked }), sent } }),
      timeouts: admission.hasNext()
        ? target.timeouts
        : { ...target.timeouts, firstTokenMs: target.lastFirstTokenMs },
      gate: plan.gate,
      coalesce: this.#init.config.coalesce,
      check: plan.check,
      continues,
      clock: this.clock,
      lag: this.#init.config.lag,
      emit: (event) => this.#emit(event),
      explain: (signal) => this.#init.explain(signal, target.provider),
      redact: (text) => withoutSecrets(text, target.provider),
      onContent: () => lane.showed(),
      around: (open) => this.#init.around(n, open),
    });
    this.#asked[n - 1] = { attempt, demand, pass, reckoned: false };
    return attempt;
  }

  judge(lane: Lane, attempt: Attempt, failure: Failure): Verdict {
    const { admission, guard } = this.#init.prospects;
    const asked = this.#asked[attempt.n - 1]!;
    // First, so that what was set aside for it is there for whoever comes next.
    this.#reckon(asked, true);
    const verdict = verdictOf(lane, attempt, failure, {
      admission,
      guard,
      pass: asked.pass,
      maxRetryAfterMs: this.#init.config.maxRetryAfterMs,
      remainingMs: this.remainingMs,
      random: this.#init.config.random,
      onNoBudget: () => {
        const { id, model } = lane.target;
        const detail = { retryOf: failure.class };
        this.tell({ type: "target.skipped", skip: { target: id, model, reason: "budget", detail } });
      },
    });
    if (verdict.do !== "retry") admission.blame(lane.target, failure);
    this.tell({ type: "attempt.failed", n: attempt.n, failure, verdict });
    return verdict;
  }

  forsake(lane: Lane, failure: Failure): void {
    this.#init.prospects.admission.blame(lane.target, failure);
  }

  cancel(reason: "aborted" | "deadline"): void {
    for (const lane of this.running) lane.cancel(reason);
    this.#committed?.cancel(reason);
  }

  tell(event: Untimed<ChainEvent>): void {
    this.#emit(stamped(event, this.clock.now()));
  }

  #emit(event: ChainEvent): void {
    const asked = "n" in event ? this.#asked[event.n - 1] : undefined;
    if (asked && ENDS.has(event.type)) this.#reckon(asked, event.type === "attempt.failed");
    this.#init.emit(event);
    if (asked) this.#init.prospects.guard.observe(event, asked.attempt.lostMs);
  }

  #reckon(asked: Asked, failed: boolean): void {
    if (asked.reckoned) return;
    asked.reckoned = true;
    const { attempt, demand, pass } = asked;
    const { n, usage, accepted } = attempt;
    const output = usage ? 0 : attempt.outputTokens;
    const cost = this.#init.prospects.spend.settle(pass, demand, { usage, accepted, failed, output });
    if (cost) this.tell({ type: "attempt.cost", n, cost });
  }
}
