import { as, asOwner, type Case, type Diagnosis, FREE_TIER } from "./case.js";
import { classOfCode, statusOfCode } from "./codes.js";
import { isContextLength } from "./context-length.js";
import type { Evidence } from "./evidence.js";
import { cloudflareCode } from "./page.js";
import { byText } from "./texts.js";

type Rule = (found: Case) => Diagnosis | undefined;

const MAX_TEXT = 4 * 1024;
/** How OpenRouter introduces the words of an upstream provider. */
const WRAPPER = "provider returned error";
/** A text about the context window under these is a friend of that name only: key, credits and rate speak in tokens too. */
const NOT_CONTEXT: ReadonlySet<number | undefined> = new Set([401, 402, 429]);

/** The order of precedence: structure first, then words, then the bare status. */
const RULES: readonly Rule[] = [
  byAvailability,
  byLimitSource,
  byModeration,
  byCode,
  byContext,
  byText,
  byStatus,
];

export function diagnose(
  evidence: Evidence,
  httpStatus: number | undefined,
): Diagnosis & { status?: number } {
  const status = httpStatus ?? errorStatus(evidence.status);
  const found: Case = {
    evidence,
    status: behindTheEdge(evidence, status) ?? impliedStatus(evidence),
    text: evidence.texts.join("\n").slice(0, MAX_TEXT).toLowerCase(),
    upstream: isUpstream(evidence),
  };
  for (const rule of RULES) {
    const diagnosis = rule(found);
    if (diagnosis) return { ...diagnosis, ...(status !== undefined && { status }) };
  }
  return as("unknown");
}

function isUpstream({ providerName, wrapped, texts, chunkProvider }: Evidence): boolean {
  if (providerName !== undefined || wrapped || chunkProvider !== undefined) return true;
  return texts[0]?.toLowerCase().startsWith(WRAPPER) ?? false;
}

function errorStatus(number: number | undefined): number | undefined {
  return number !== undefined && number >= 400 && number < 600 ? number : undefined;
}

/** Cloudflare's own number where it sharpens a status, as `error code: 524` inside a 502 does. */
function behindTheEdge({ texts }: Evidence, status: number | undefined): number | undefined {
  if (status !== undefined && status < 500) return status;
  const edge = texts.map(cloudflareCode).find((number) => number !== undefined);
  return edge === 1015 ? 429 : (errorStatus(edge) ?? status);
}

function impliedStatus({ errorType, codes }: Evidence): number | undefined {
  for (const code of [errorType, ...codes]) {
    const status = statusOfCode(code);
    if (status !== undefined) return status;
  }
  return undefined;
}

function byAvailability({ evidence: { availability }, status }: Case): Diagnosis | undefined {
  switch (availability?.code) {
    case undefined:
      return undefined;
    case "capacity_exhausted":
      return as("rate_limit");
    case "temporarily_unavailable":
      return as("overloaded");
    case "constraint_filtered":
      if (availability?.excludedByContext) return as("context_length");
  }
  if (availability?.retryable) return as(status === 429 ? "rate_limit" : "overloaded");
  switch (availability?.code) {
    // Endpoints exist, but none for what this request asks.
    case "constraint_filtered":
    case "wrong_endpoint":
      return as("unsupported");
    case "model_not_found":
    case "no_endpoints":
    case "model_deprecated":
    case "model_unavailable_upstream":
    case "free_variant_ended":
    case "privacy_restricted":
    case "region_restricted":
      return as("not_found");
    default:
      return as(status === 404 ? "not_found" : "unsupported");
  }
}

function byLimitSource({ evidence: { limitSource = "", reason } }: Case): Diagnosis | undefined {
  if (reason === "in_flight_budget_exhausted" || limitSource === "openrouter_in_flight_budget") {
    return as("rate_limit", "account");
  }
  if (limitSource === "openrouter_admission_control") return as("rate_limit", "account");
  if (limitSource.startsWith("openrouter_free_tier")) return FREE_TIER;
  if (limitSource === "upstream_provider_shared_pool") return as("rate_limit");
  if (reason === "weight_exceeds_budget" || limitSource === "openrouter_credits") return as("payment");
  if (limitSource === "openrouter_key_limit" || /^openrouter_\w*_budget$/.test(limitSource))
    return as("payment");
  return undefined;
}

function byModeration({ evidence }: Case): Diagnosis | undefined {
  return evidence.moderated || evidence.guarded || evidence.filtered ? as("content_filter") : undefined;
}

function byCode(found: Case): Diagnosis | undefined {
  const { evidence, status, text } = found;
  for (const code of [evidence.errorType, ...evidence.codes]) {
    const name = classOfCode(code);
    if (name === "auth" || name === "payment") return asOwner(name, found);
    if (name === "context_length" && NOT_CONTEXT.has(status)) continue;
    // `max_tokens_exceeded` also heads a window that prompt and answer overflow together.
    if (name === "unsupported" && isContextLength(text)) return as("context_length");
    if (name) return as(name);
  }
  return undefined;
}

function byContext({ status, text }: Case): Diagnosis | undefined {
  return !NOT_CONTEXT.has(status) && isContextLength(text) ? as("context_length") : undefined;
}

function byStatus(found: Case): Diagnosis | undefined {
  const { evidence, status, upstream } = found;
  // A page or plain text comes from the edge in front of the API, not from a model.
  const edge = !evidence.structured && evidence.found;
  switch (status) {
    case undefined:
      return undefined;
    case 400:
    case 412:
    case 422:
      // A bare 400 tells nothing (Cerebras sends one for an overlong prompt).
      if (!evidence.found) return as("unknown");
      return as(upstream ? "unsupported" : "invalid_request");
    case 401:
    case 402:
      return asOwner(status === 401 ? "auth" : "payment", found);
    case 403:
      return edge ? as("auth", "provider") : asOwner("auth", found);
    case 407:
      return as("auth", "provider");
    case 404:
    case 410:
    case 451:
      return as("not_found");
    case 405:
      return as("not_found", "provider");
    case 406:
    case 415:
    case 501:
      return as("unsupported");
    case 413:
      return as("context_length");
    case 429:
      return as("rate_limit", edge ? "provider" : "model");
    case 408:
    case 504:
    case 524:
      return as("timeout");
    case 503:
    case 529:
      return as("overloaded", edge ? "provider" : "model");
  }
  if (status >= 500) return as("server_error", edge ? "provider" : "model");
  return as(upstream ? "unsupported" : "unknown");
}
