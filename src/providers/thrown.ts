import type { Signal } from "../types.js";

/**
 * Evidence of an error that a transport threw. Two kinds get a code first, because by themselves they would mislead:
 * undici's parser errors have none, and an AbortError that is not ours would read as the caller's.
 */
export function thrownSignal(error: unknown, afterContent: boolean): Signal {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (name === "HTTPParserError" && code === undefined) return coded("HPE_UNKNOWN", afterContent);
  if (name === "AbortError") return coded("ECONNABORTED", afterContent);
  return { kind: "thrown", error, afterContent };
}

function coded(code: string, afterContent: boolean): Signal {
  return { kind: "thrown", error: Object.assign(new Error(code), { code }), afterContent };
}
