import { as, asOwner, type Case, type Diagnosis, FREE_TIER } from "./case.js";

/**
 * What the words of an error decide where it has no telling code. Words count only under a status that agrees with
 * them: "rate limit" in a 400 may be a quotation of the prompt.
 */
export function byText(found: Case): Diagnosis | undefined {
  return byMoney(found) ?? byKey(found) ?? byPolicy(found) ?? byEndpoint(found) ?? byLoad(found);
}

const says = (text: string, ...phrases: string[]) => phrases.some((phrase) => text.includes(phrase));

function byMoney(found: Case): Diagnosis | undefined {
  const { status, text } = found;
  if (status === undefined || status === 429) {
    if (text.includes("free-models-per-")) return FREE_TIER;
    if (text.includes("could not verify available credits")) return as("rate_limit", "account");
  }
  if (status !== undefined && status !== 402 && status !== 403) return undefined;
  if (text.includes("in-flight requests")) return as("rate_limit", "account");
  // "tokens limit exceeded: 64128 > 6964" counts tokens of credit, not of context.
  if (
    says(text, "can only afford", "requires more credits", "insufficient credits", "tokens limit exceeded:")
  ) {
    return asOwner("payment", found);
  }
  return says(text, "key limit exceeded", "budget limit exceeded") ? as("payment") : undefined;
}

function byKey(found: Case): Diagnosis | undefined {
  const { status, text } = found;
  if (text.includes("only management keys")) return as("auth");
  // Google says so under 400.
  if (says(text, "api key not valid", "incorrect api key")) return asOwner("auth", found);
  if (status !== undefined) return undefined;
  return says(
    text,
    "auth credentials found",
    "missing authentication",
    "invalid credentials",
    "user not found",
  )
    ? as("auth")
    : undefined;
}

function byPolicy({ status, text }: Case): Diagnosis | undefined {
  if (status !== undefined && ![200, 400, 403, 422].includes(status)) return undefined;
  return says(
    text,
    "request blocked:",
    "requires moderation",
    "your input was flagged",
    "content management policy",
    "content filtering policy",
  )
    ? as("content_filter")
    : undefined;
}

function byEndpoint({ status, text }: Case): Diagnosis | undefined {
  if (says(text, "is not a valid model id", "no endpoints found for")) return as("not_found");
  if (says(text, "matching your data policy", "match your data policy", "and data policy."))
    return as("not_found");
  if (says(text, "no endpoints found", "no endpoints available", "no allowed providers"))
    return as("unsupported");
  if (status !== undefined && status !== 400 && status !== 404 && status !== 422) return undefined;
  if (says(text, "reasoning is mandatory", "token limit reached")) return as("unsupported");
  return says(text, "does not support", "not supported with this model", "not supported by this model")
    ? as("unsupported")
    : undefined;
}

function byLoad({ status, text }: Case): Diagnosis | undefined {
  if (status !== undefined && status < 500 && status !== 408 && status !== 429) return undefined;
  if (status !== 429 && text.includes("idle timeout")) return as("timeout");
  if (says(text, "rate limit", "rate-limited", "too many requests", "please wait before trying again")) {
    return as("rate_limit");
  }
  return status !== 429 && text.includes("overloaded") ? as("overloaded") : undefined;
}
