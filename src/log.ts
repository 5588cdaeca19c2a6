import type { ChainEvent } from "./events.js";
import { type Logger, writes } from "./logger.js";
import type { Target } from "./types.js";

export const BREAKER_LINES = {
  open: "breaker opened",
  half_open: "breaker probing",
  closed: "breaker closed",
};

/**
 * Log lines as a fold over events. Field names are stable: callId, target, model, provider, attempt, class, scope,
 * status, verdict, delayMs, durationMs. A call that goes well at first try writes nothing above debug.
 */
export class CallLog {
  readonly #logger: Logger;
  readonly #base: object;
  /** Of attempts, in order. */
  readonly #targets: Target[] = [];
  #startedAt = 0;
  #failed = 0;

  constructor(logger: Logger, callId: string, labels: Readonly<Record<string, string>>) {
    this.#logger = logger;
    this.#base = Object.keys(labels).length > 0 ? { callId, labels } : { callId };
  }

  /** Takes an event in; says whether there is a line to write for it. */
  hears(event: ChainEvent): boolean {
    if (event.type === "call.started") this.#startedAt = event.at;
    else if (event.type === "attempt.started") this.#targets[event.n - 1] = event.target;
    else if (event.type === "attempt.failed") this.#failed++;
    const level = this.#levelOf(event);
    return level !== undefined && writes(this.#logger, level);
  }

  tell(event: ChainEvent): void {
    const level = this.#levelOf(event);
    if (level === undefined) return;
    try {
      const [about, words] = this.#line(event);
      this.#logger[level](Object.assign({}, this.#base, about), words);
    } catch {
      // A logger that throws is nobody's reason to lose a call.
    }
  }

  /** Undefined: no line. */
  #levelOf(event: ChainEvent): keyof Logger | undefined {
    switch (event.type) {
      case "target.skipped":
        return "info";
      case "attempt.started":
        return event.why === "failover" ? "warn" : "debug";
      case "breaker.changed":
        return event.phase === "open" ? "warn" : "info";
      case "attempt.failed":
      case "recovery":
        return "warn";
      case "attempt.cancelled":
        return "debug";
      case "attempt.won":
        return this.#failed > 0 ? "info" : "debug";
      case "call.finished":
        if (event.outcome === "ok") return undefined;
        return event.outcome === "aborted" ? "info" : "error";
      default:
        return undefined;
    }
  }

  #line(event: ChainEvent): [about: object, words: string] {
    switch (event.type) {
      case "target.skipped":
        return [event.skip, "target skipped"];
      case "attempt.started": {
        const { why } = event;
        const about = this.#attempt(event.n);
        return why === "failover" ? [about, "failover"] : [{ ...about, why }, "attempt started"];
      }
      case "breaker.changed": {
        const { target, phase } = event;
        return [namesOf(target), BREAKER_LINES[phase]];
      }
      case "attempt.failed": {
        const { class: className, scope, status, message } = event.failure;
        const { do: verdict } = event.verdict;
        const delayMs = event.verdict.do === "retry" ? Math.round(event.verdict.waitMs) : undefined;
        const about = { class: className, scope, status, verdict, delayMs, reason: message };
        return [{ ...this.#attempt(event.n), ...about }, "attempt failed"];
      }
      case "attempt.cancelled":
        return [{ ...this.#attempt(event.n), reason: event.reason }, "attempt cancelled"];
      case "recovery": {
        const about = { mode: event.mode, class: event.failure.class };
        return [{ ...this.#attempt(event.n), ...about }, "stream recovery"];
      }
      case "attempt.won": {
        const { finishReason } = event;
        return [{ ...this.#attempt(event.n), finishReason, durationMs: this.#since(event.at) }, "answered"];
      }
      case "call.finished": {
        const { code, failure, outcome } = event;
        const { class: className, status } = failure ?? {};
        const about = { code, class: className, status, durationMs: this.#since(event.at) };
        return [about, outcome === "aborted" ? "call aborted" : "call failed"];
      }
      default:
        return [{}, event.type];
    }
  }

  #attempt(n: number): object {
    return Object.assign(namesOf(this.#targets[n - 1] as Target), { attempt: n });
  }

  #since(at: number): number {
    return Math.round(at - this.#startedAt);
  }
}

function namesOf({ id, model, provider }: Target): object {
  return { target: id, model, provider: provider.name };
}
