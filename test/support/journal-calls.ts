import type { AuditSink } from "../../src/record.js";
import { type SyntheticCall, syntheticCalls } from "./synthetic-calls.js";

/** So many calls, all different. */
export function calls<N extends number>(count: N): SyntheticCall[] & { [index in 0 | 1 | 2]: SyntheticCall } {
  return [...syntheticCalls(count)] as never;
}

/** Tells a sink of a whole call, as the chain does; returns what it threw. */
export async function tell(sink: AuditSink, { start, record }: SyntheticCall): Promise<Error[]> {
  const thrown: Error[] = [];
  const attempt = async (work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      thrown.push(error as Error);
    }
  };
  await attempt(() => sink.start?.(start));
  for (const entry of record.attempts)
    await attempt(() => sink.attempt?.({ ...entry, callId: record.callId }));
  await attempt(() => sink.write(record));
  return thrown;
}
