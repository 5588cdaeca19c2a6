import type { Attributes } from "@opentelemetry/api";
import type { Target, Usage } from "../types.js";
import { ATTRIBUTE, CHAIN_ATTRIBUTE, CHAT } from "./gen-ai-names.js";

/** What a server calls something may be of any length. */
const MAX_LENGTH = 256;

/** A target by the names it was configured with: these alone may label a metric. */
export function targetAttributes({ id, model, provider }: Target): Attributes {
  return {
    [ATTRIBUTE.operation]: CHAT,
    [ATTRIBUTE.provider]: provider.name,
    [ATTRIBUTE.requestModel]: model,
    [CHAIN_ATTRIBUTE.target]: id,
  };
}

/** Where a target's requests go, when its provider says. */
export function serverAttributes({ provider }: Target): Attributes {
  try {
    const { server } = provider;
    if (!server) return {};
    return { [ATTRIBUTE.serverAddress]: server.address, [ATTRIBUTE.serverPort]: server.port };
  } catch {
    // It may hang on an environment that is wrong; the attempt itself will say so.
    return {};
  }
}

export function usageAttributes(usage: Usage): Attributes {
  return {
    [ATTRIBUTE.inputTokens]: usage.inputTokens,
    [ATTRIBUTE.outputTokens]: usage.outputTokens,
    ...given(ATTRIBUTE.cacheReadTokens, usage.cacheReadInputTokens),
    ...given(ATTRIBUTE.cacheWriteTokens, usage.cacheCreationInputTokens),
    ...given(ATTRIBUTE.reasoningTokens, usage.reasoningTokens),
  };
}

/** The attribute, where there is a value; a text cut to a length that a backend takes. */
export function given(name: string, value: string | number | undefined): Attributes {
  if (value === undefined) return {};
  return { [name]: typeof value === "string" ? value.slice(0, MAX_LENGTH) : value };
}
