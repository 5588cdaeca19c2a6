import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { type: "minor" }) => void;

function collector(): Collect {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return collect;
}

const collect = collector();

/** All garbage there is, young and old. */
export function collectAll(): void {
  collect();
}

/** Two of them make what lives through both old. */
export function ageYoung(): void {
  for (let times = 0; times < 2; times++) collect({ type: "minor" });
}

/**
 * Bytes of heap that `work` leaves behind for a full collection: what young ones did not free, and nobody holds. All that
 * is there before it is old by then.
 */
export function leftToFullCollections(work: () => void): number {
  ageYoung();
  // Whatever else is garbage by now.
  collect();
  work();
  ageYoung();
  ageYoung();
  const left = process.memoryUsage().heapUsed;
  collect();
  return left - process.memoryUsage().heapUsed;
}
