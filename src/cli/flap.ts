import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_BREAKER } from "../breaker.js";
import { FallbackChainError } from "../errors.js";
import { FallbackChain } from "../fallback-chain.js";
import { openRouter } from "../providers/openrouter.js";
import type { AuditRecord } from "../record.js";
import type { Script } from "../testing/script.js";
import type { BreakerPhase } from "../vitals.js";
import { FlapBoard } from "./flap-board.js";
import { journalOf } from "./journal-flag.js";
import { observed } from "./observer.js";
import { CLAUDE, FLAP, GPT } from "./scenes.js";
import type { Played, Stage } from "./stage.js";
import { seconds } from "./timeline.js";

/** Between two calls. */
const PACE_MS = 90;
/** Calls before it goes down, and after the breaker has closed. */
const GOOD_CALLS = 6;
/** Calls between the second opening and the recovery. */
const MORE_CALLS = 6;
/** No run comes near it; one that hangs would be a poor one. */
const TOTAL_MS = 25_000;
/** As FLAP's note says. */
const OPEN_MS = 1_000;

const pace = { headersMs: 10, firstTokenMs: 20 };
const ANSWERS: Readonly<Record<string, string>> = {
  [GPT]: "Because air scatters blue light most.",
  [CLAUDE]: "Blue light is what air scatters most.",
};
const says = (model: string): Script => ({ text: ANSWERS[model]!, pace });

/** Plays the scene in which a breaker opens, probes and closes. */
export async function playFlap(stage: Stage): Promise<Played> {
  const { simulator } = stage;
  simulator.setScript(GPT, says(GPT));
  simulator.setScript(CLAUDE, says(CLAUDE));
  simulator.clear();
  const flap = new Flap(stage);
  try {
    flap.tell(`${GPT} is well`, "good");
    await flap.callTimes(GOOD_CALLS);
    simulator.setScript(GPT, { fault: "503", pace });
    const from = flap.tell(`${GPT} goes down: 503`, "bad");
    await flap.callUntil(() => flap.openings === 2);
    await flap.callTimes(MORE_CALLS);
    simulator.setScript(GPT, says(GPT));
    const to = flap.tell(`${GPT} is well again`, "good");
    await flap.callUntil(() => flap.phases.at(-1)?.phase === "closed");
    await flap.callTimes(GOOD_CALLS);
    return flap.ended(from, to);
  } finally {
    await flap.close();
  }
}

/** A moment of the run, and the calls made by then. */
interface Moment {
  atMs: number;
  calls: number;
}

class Flap {
  readonly phases: { phase: BreakerPhase; atMs: number }[] = [];
  readonly #stage: Stage;
  readonly #board: FlapBoard | undefined;
  readonly #chain: FallbackChain;
  readonly #startedAt = performance.now();
  readonly #records: AuditRecord[] = [];
  /** Calls that ended with the whole text of the model that the record names. */
  #answers = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#board = stage.terminal && new FlapBoard(stage.terminal);
    const { audit, logger } = observed({
      attemptEnded: ({ target, outcome }) => {
        if (target === GPT && outcome !== "cancelled") this.#board?.mark(outcome === "won" ? "✓" : "✗");
      },
      breakerChanged: ({ phase }) => this.#changed(phase),
    });
    this.#chain = new FallbackChain({
      targets: [GPT, CLAUDE],
      provider: openRouter({ apiKey: "sk-or-demo", baseURL: stage.simulator.baseURL }),
      breaker: { openMs: OPEN_MS },
      // Every request that the simulator sees is to be an attempt.
      catalogue: false,
      audit: [audit, ...journalOf(stage.journal)],
      logger,
    });
  }

  get openings(): number {
    return this.phases.filter(({ phase }) => phase === "open").length;
  }

  tell(text: string, tone: "good" | "bad" | "wait"): Moment {
    const atMs = this.#now;
    if (!this.#stage.io.interrupt.aborted) this.#board?.row(atMs, text, tone);
    return { atMs, calls: this.#records.length };
  }

  callTimes(times: number): Promise<void> {
    const end = this.#records.length + times;
    return this.callUntil(() => this.#records.length >= end);
  }

  async callUntil(done: () => boolean): Promise<void> {
    const { interrupt } = this.#stage.io;
    while (!done() && !interrupt.aborted && this.#now < TOTAL_MS) {
      await this.#call();
      await sleep(PACE_MS, undefined, { signal: interrupt }).catch(() => {});
    }
  }

  /** `from`, `to`: the outage. */
  ended(from: Moment, to: Moment): Played {
    const { simulator } = this.#stage;
    const requests = simulator.requests.length;
    const attempts = this.#records.reduce((sum, { attempts }) => sum + attempts.length, 0);
    const calls = this.#records.length;
    const answers = this.#answers;
    const outage = {
      calls: to.calls - from.calls,
      primaryRequests: simulator.requestsTo(GPT).filter(({ status }) => status === 503).length,
      fromMs: from.atMs,
      toMs: to.atMs,
    };
    const asExpected =
      answers === calls &&
      requests === attempts &&
      /^open( half_open open)+ half_open closed$/.test(this.phases.map(({ phase }) => phase).join(" ")) &&
      // What opened it, and one for each probe that failed.
      outage.primaryRequests === DEFAULT_BREAKER.consecutive + this.openings - 1 &&
      this.#records.slice(-GOOD_CALLS).every(({ answeredBy }) => answeredBy?.target === GPT);
    this.#epilogue(outage, calls - answers);
    const { name } = FLAP;
    const errors = calls - answers;
    const facts = { calls, answers, requests, attempts, outage, phases: this.phases };
    return {
      name,
      asExpected,
      answers,
      errors,
      attempts,
      requests,
      json: { scene: name, asExpected, ...facts },
    };
  }

  async close(): Promise<void> {
    this.#board?.end();
    await this.#chain.close();
  }

  get #now(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  async #call(): Promise<void> {
    const request = { messages: [{ role: "user" as const, content: FLAP.question }] };
    try {
      const { text, record } = await this.#chain.complete(request, { signal: this.#stage.io.interrupt });
      this.#records.push(record);
      if (text === ANSWERS[record.answeredBy!.target]) this.#answers++;
      if (record.attempts.every(({ target }) => target !== GPT)) this.#board?.mark("·");
    } catch (error) {
      if (!FallbackChainError.is(error)) throw error;
      this.#records.push(error.record);
    }
  }

  #changed(phase: BreakerPhase): void {
    this.phases.push({ phase, atMs: this.#now });
    if (phase === "half_open") this.tell("breaker probing: one call", "wait");
    else if (phase === "closed") this.tell("breaker closed", "good");
    else this.tell(`breaker opened for about ${seconds(OPEN_MS * 2 ** (this.openings - 1))}`, "bad");
  }

  #epilogue({ calls, primaryRequests }: { calls: number; primaryRequests: number }, lost: number): void {
    const { terminal, io } = this.#stage;
    this.#board?.end();
    if (!terminal || io.interrupt.aborted) return;
    terminal.paragraph(
      `✓ and ✗ are requests to ${GPT}; · is a call that went straight to ${CLAUDE}, which answered whenever the first did not.`,
      { style: terminal.colors.dim },
    );
    const all = this.#records.length;
    const answered =
      lost === 0 ? `All ${all} calls were answered` : `${lost} of ${all} calls were not answered`;
    terminal.paragraph(
      `${answered}; the ${calls} during the outage sent ${GPT} ${primaryRequests} requests.`,
    );
  }
}
