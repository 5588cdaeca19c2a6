import type { Logger } from "../logger.js";
import type { AuditSink } from "../record.js";

/** Writes each record as one `info` line of a pino logger, under `audit`. */
export function pinoAudit(logger: Pick<Logger, "info">): AuditSink {
  return {
    write(record) {
      logger.info({ audit: record }, "audit");
    },
  };
}
