import type { ChainEvent, Emit } from "./events.js";
import type { Logger } from "./logger.js";

export const BREAKER_LINES = {
  open: "breaker opened",
  half_open: "breaker probing",
  closed: "breaker closed",
};

/**
 * Log lines as a fold over events. Field names are stable: callId, target, model, provider, attempt, class, scope,
 * status, verdict, delayMs, durationMs. A call that goes well at first try writes nothing above debug.
 */
export function logFold(logger: Logger, callId: string, labels: Readonly<Record<string, string>>): Emit {
  const base = Object.keys(labels).length > 0 ? { callId, labels } : { callId };
  const attempts = new Map<number, object>();
  let startedAt = 0;
  let failed = 0;

  const line = (event: ChainEvent) => {
    switch (event.type) {
      case "call.started":
        startedAt = event.at;
        return;
      case "target.skipped":
        return logger.info({ ...base, ...event.skip }, "target skipped");
      case "attempt.started": {
        const { n, why } = event;
        const about = {
          target: event.target.id,
          model: event.target.model,
          provider: event.target.provider.name,
          attempt: n,
        };
        attempts.set(n, about);
        if (why === "failover") logger.warn({ ...base, ...about }, "failover");
        else logger.debug({ ...base, ...about, why }, "attempt started");
        return;
      }
      case "breaker.changed": {
        const { target, phase } = event;
        const about = { ...base, target: target.id, model: target.model, provider: target.provider.name };
        return logger[phase === "open" ? "warn" : "info"](about, BREAKER_LINES[phase]);
      }
      case "attempt.failed": {
        failed++;
        const { class: className, scope, status, message } = event.failure;
        const { do: verdict } = event.verdict;
        const delayMs = event.verdict.do === "retry" ? Math.round(event.verdict.waitMs) : undefined;
        const about = {
          ...base,
          ...attempts.get(event.n),
          class: className,
          scope,
          status,
          verdict,
          delayMs,
          reason: message,
        };
        return logger.warn(about, "attempt failed");
      }
      case "attempt.cancelled":
        return logger.debug({ ...base, ...attempts.get(event.n), reason: event.reason }, "attempt cancelled");
      case "recovery":
        return logger.warn(
          { ...base, ...attempts.get(event.n), mode: event.mode, class: event.failure.class },
          "stream recovery",
        );
      case "attempt.won":
        return logger[failed > 0 ? "info" : "debug"](
          {
            ...base,
            ...attempts.get(event.n),
            finishReason: event.finishReason,
            durationMs: Math.round(event.at - startedAt),
          },
          "answered",
        );
      case "call.finished": {
        if (event.outcome === "ok") return;
        const { code, failure } = event;
        const about = {
          ...base,
          code,
          class: failure?.class,
          status: failure?.status,
          durationMs: Math.round(event.at - startedAt),
        };
        return logger[event.outcome === "aborted" ? "info" : "error"](
          about,
          event.outcome === "aborted" ? "call aborted" : "call failed",
        );
      }
    }
  };

  return (event) => {
    try {
      line(event);
    } catch {
      // A logger that throws is nobody's reason to lose a call.
    }
  };
}
