import type { AgentInvokeOptions } from "@aigne/core";
import type { Caller } from "../record.js";
import { DEPARTURE, type Departure } from "./departure.js";

/** What AIGNE passes through although its types do not say so. */
interface Invocation extends Partial<AgentInvokeOptions> {
  signal?: unknown;
  [DEPARTURE]?: Departure | undefined;
}

/** Who calls, how they may leave, and what they want in the record. */
export function callOptionsOf(options: AgentInvokeOptions): {
  signal: AbortSignal[];
  labels: Record<string, string>;
  caller: Caller;
} {
  const { context } = options;
  const { userId, sessionId, labels } = (context?.userContext ?? {}) as Record<string, unknown>;
  return {
    signal: signalsOf(options),
    labels: stringsOf(labels),
    caller: {
      ...(typeof context?.id === "string" && { contextId: context.id }),
      ...(typeof userId === "string" && { userId }),
      ...(typeof sessionId === "string" && { sessionId }),
    },
  };
}

/** What AIGNE's context has for its time limit, some of it private. */
interface Limited {
  status?: string;
  limits?: { timeout?: number };
  internal?: { abortController?: AbortController };
}

/** What `invoke` has laid for this call. */
export function departureOf(options: AgentInvokeOptions): Departure | undefined {
  return (options as Invocation)[DEPARTURE];
}

/**
 * Every channel that can say "stop": the call's own `signal` (lost on the way through `aigne.invoke`), the user
 * context's (which is not), and the time limit of AIGNE's context. A stream cancelled before its call began is one more.
 */
function signalsOf(options: Invocation): AbortSignal[] {
  const { context } = options;
  const limits = context as Limited | undefined;
  if (limits?.status === "timeout" || options[DEPARTURE]?.left) return [AbortSignal.abort()];
  // One by one: on Node 20 AbortSignal.any leaves a trace on a long-lived signal at every call.
  return [
    options.signal,
    (context?.userContext as { signal?: unknown } | undefined)?.signal,
    // Of no use without a limit, and in Node 20 no signal is cheap: each outlives every young collection.
    limits?.limits?.timeout ? limits.internal?.abortController?.signal : undefined,
  ].filter((signal) => signal instanceof AbortSignal);
}

function stringsOf(labels: unknown): Record<string, string> {
  if (typeof labels !== "object" || labels === null) return {};
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => typeof value === "string"));
}
