import { journalAudit } from "../audit/journal.js";
import type { AuditSink } from "../record.js";

/** The sink of `--journal DIR`. @throws OptionsError when the folder cannot be written */
export function journalOf(dir: string | undefined): AuditSink[] {
  return dir === undefined ? [] : [journalAudit({ dir })];
}
