import type { FaultCase } from "./fault-case.js";
import type { FaultResult } from "./faults-page.js";
import { observe } from "./trial.js";

/** Runs one fault in every way it is judged. */
export async function runFault(fault: FaultCase): Promise<FaultResult> {
  const streamed = await observe(fault, true);
  const whole = await observe(fault, false);
  if (!fault.expectOtherKey) return { fault, streamed, whole };
  return { fault, streamed, whole, otherKey: await observe({ ...fault, otherKey: true }, true) };
}
