import { BREAKER_LINES } from "../log.js";
import { type Logger, silentLogger } from "../logger.js";
import type { AuditAttempt, AuditSink, CallStart, Skip } from "../record.js";
import type { BreakerPhase } from "../vitals.js";
import type { StartedAttempt } from "./view.js";

/** What there is to hear of a chain's calls. */
export interface Listener {
  start?(call: CallStart): void;
  attemptStarted?(attempt: StartedAttempt): void;
  attemptEnded?(entry: AuditAttempt): void;
  targetSkipped?(skip: Skip): void;
  breakerChanged?(change: { target: string; phase: BreakerPhase }): void;
}

type Fields = Partial<Skip> & { attempt?: number; target?: string };

/**
 * Tells a listener what happens in a chain's calls. Sinks hear how attempts end; that one begins, a target is skipped, or
 * a breaker changes, is told to the logger only, so the listener sits there, too. Lines go on to `logger`.
 */
export function observed(
  listener: Listener,
  logger: Logger = silentLogger,
): { audit: AuditSink; logger: Logger } {
  const started = ({ attempt, target }: Fields) => {
    if (attempt !== undefined && target !== undefined) listener.attemptStarted?.({ n: attempt, target });
  };
  const changed =
    (phase: BreakerPhase) =>
    ({ target = "" }: Fields) =>
      listener.breakerChanged?.({ target, phase });
  const hear: Record<string, (fields: Fields) => void> = {
    "attempt started": started,
    failover: started,
    "target skipped": ({ target = "", model = target, reason, detail }) => {
      if (reason) listener.targetSkipped?.({ target, model, reason, ...(detail && { detail }) });
    },
    [BREAKER_LINES.open]: changed("open"),
    [BREAKER_LINES.half_open]: changed("half_open"),
    [BREAKER_LINES.closed]: changed("closed"),
  };
  const at = (level: keyof Logger) => (fields: Fields, message: string) => {
    logger[level](fields, message);
    hear[message]?.(fields);
  };
  return {
    audit: {
      start: (call) => listener.start?.(call),
      attempt: (entry) => listener.attemptEnded?.(entry),
      write() {},
    },
    logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as Logger,
  };
}
