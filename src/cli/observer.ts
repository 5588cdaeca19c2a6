import { type Logger, silentLogger } from "../logger.js";
import type { AuditSink, Skip } from "../record.js";
import type { View } from "./view.js";

type Fields = Partial<Skip> & { attempt?: number; target?: string };

/**
 * Tells a view what happens in a chain's calls. Sinks hear how attempts end; that one begins, or a target is skipped,
 * is told to the logger only, so the view listens there, too. Lines go on to `logger`.
 */
export function observed(view: View, logger: Logger = silentLogger): { audit: AuditSink; logger: Logger } {
  const started = ({ attempt, target }: Fields) => {
    if (attempt !== undefined && target !== undefined) view.attemptStarted({ n: attempt, target });
  };
  const listeners: Record<string, (fields: Fields) => void> = {
    "attempt started": started,
    failover: started,
    "target skipped": ({ target = "", model = target, reason, detail }) => {
      if (reason) view.targetSkipped({ target, model, reason, ...(detail && { detail }) });
    },
  };
  const at = (level: keyof Logger) => (fields: Fields, message: string) => {
    logger[level](fields, message);
    listeners[message]?.(fields);
  };
  return {
    audit: {
      start: (call) => view.start(call),
      attempt: (entry) => view.attemptEnded(entry),
      write() {},
    },
    logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as Logger,
  };
}
