import type { AuditRecord, AuditSink } from "../record.js";

export interface MemoryAudit extends AuditSink {
  /** Oldest first. */
  readonly records: AuditRecord[];
}

/** Keeps the last `limit` records (default 1 000) in memory, for tests and health pages. */
export function memoryAudit({ limit = 1_000 }: { limit?: number } = {}): MemoryAudit {
  const records: AuditRecord[] = [];
  return {
    records,
    write(record) {
      records.push(record);
      if (records.length > limit) records.shift();
    },
  };
}
