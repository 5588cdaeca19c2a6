import { onlyAfterFailure, type Strategy } from "../vitals.js";

/** Targets in the order given, the next only after the one before has failed. The default. */
export function sequential(): Strategy {
  return {
    name: "sequential",
    order: (targets) => targets,
    hedgeDelay: onlyAfterFailure,
  };
}
