import type { AuditAttempt } from "../../../src/chain.js";
import type { Seen } from "./stage.js";

/** Notes what must hold and does not. */
export type Check = (holds: boolean, what: string) => void;

/** An attempt of the record beside the request that its provider saw. */
export interface Try {
  entry: AuditAttempt;
  seen: Seen;
}
