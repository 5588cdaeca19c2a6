import type { AuditRecord } from "../record.js";

/** What rates are made from. */
export interface CallFacts {
  asked: boolean;
  failedOver: boolean;
  byFallback: boolean;
  firstFailed: boolean;
}

/** Strategies whose lanes run side by side: a target they passed over may have come after the one that answered. */
const PARALLEL = /^(hedged|race)/;

export function factsOf({ attempts, answeredBy, skipped, strategy }: AuditRecord): CallFacts {
  const first = attempts[0];
  const passedOver = () =>
    !PARALLEL.test(strategy) &&
    skipped.some(({ target, reason }) => reason !== "budget" && target !== answeredBy?.target);
  return {
    asked: first !== undefined,
    failedOver: attempts.some(({ target }) => target !== first?.target),
    byFallback:
      answeredBy !== undefined &&
      (answeredBy.target !== first?.target || (answeredBy.attempt === first.n && passedOver())),
    firstFailed: first?.outcome === "failed",
  };
}
