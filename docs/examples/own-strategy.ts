import type { Strategy } from "@aigne/open-router/chain";

/** Asks whoever has fewest requests under way; among equals, the one named first. */
export const leastBusy: Strategy = {
  name: "least-busy",
  order: (targets, { health }) => targets.toSorted((a, b) => health(a).inFlight - health(b).inFlight),
  hedgeDelay: () => Number.POSITIVE_INFINITY,
};
