import { sanitizeText } from "../redaction.js";
import type { Signal } from "../types.js";
import { classOfCode, statusOfCode } from "./codes.js";
import type { Evidence } from "./evidence.js";

/** Longest `Failure.message`, in UTF-16 units. */
const MAX_MESSAGE = 500;

// Words that only announce others.
const HOLLOW = new Set(["provider returned error", "error", "bad request", "unknown error"]);

/** One line for a person out of what the server said; never JSON, account ids or quoted prompts. */
export function wordsOf(evidence: Evidence, status: number | undefined): string {
  const texts = evidence.texts
    .map((text) => lineOf(withoutWithheld(text, evidence.withheld)))
    .filter(Boolean);
  const telling = texts.find((text) => !HOLLOW.has(text.toLowerCase().replace(/\.$/, "")));
  const name = lineOf(evidence.providerName ?? (evidence.wrapped ? "upstream" : "")).slice(0, 64);
  const code = codeOf(evidence);
  if (!telling) {
    const hollow = texts[0] ?? "the server gave no reason";
    const facts = [status && `HTTP ${status}`, name, code].filter(Boolean).join(", ");
    return lineOf(facts ? `${hollow} (${facts})` : hollow);
  }
  if (!evidence.structured && status) return lineOf(`HTTP ${status}: ${telling}`);
  const passedOn = name && telling !== texts[0];
  return lineOf(passedOn ? `${name}: ${telling}` : telling);
}

/** The most specific code of an error body. */
export function codeOf({
  availability,
  reason,
  limitSource,
  errorType,
  codes,
}: Evidence): string | undefined {
  const named = [errorType, ...codes].filter((code) => code !== undefined);
  return (
    availability?.code ??
    limitSource ??
    reason ??
    named.find((code) => classOfCode(code) !== undefined) ??
    named.find((code) => statusOfCode(code) === undefined) ??
    named[0]
  );
}

export function lineOf(text: string): string {
  return sanitizeText(text, MAX_MESSAGE);
}

/** What a clock's end means, in words. */
export function clockWords({ phase, ms, rate }: Extract<Signal, { kind: "timeout" }>): string {
  switch (phase) {
    case "connect":
      return `no response headers within ${ms} ms`;
    case "first_token":
      return `no first content within ${ms} ms`;
    case "idle":
      return `no further content for ${ms} ms`;
    case "throughput":
      return `${rate === undefined ? "too few" : `fewer than ${rate}`} tokens per second for ${ms} ms`;
    default:
      return `no complete answer within ${ms} ms`;
  }
}

function withoutWithheld(text: string, withheld: readonly string[]): string {
  return withheld.reduce((rest, value) => rest.replaceAll(value, "[removed]"), text);
}
