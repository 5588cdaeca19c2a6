import type { Usage } from "../types.js";
import { asObject, own } from "./json.js";

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The `usage` of a reply or chunk; undefined when it holds no token count. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asObject(value);
  const input = count(own(usage, "prompt_tokens"));
  const output = count(own(usage, "completion_tokens"));
  if (input === undefined && output === undefined) return undefined;
  const prompt = asObject(own(usage, "prompt_tokens_details"));
  const completion = asObject(own(usage, "completion_tokens_details"));
  const read = count(own(prompt, "cached_tokens"));
  const written = count(own(prompt, "cache_write_tokens"));
  const reasoning = count(own(completion, "reasoning_tokens"));
  const cost = own(usage, "cost");
  return {
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    ...(read !== undefined && { cacheReadInputTokens: read }),
    ...(written !== undefined && { cacheCreationInputTokens: written }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(typeof cost === "number" && Number.isFinite(cost) && cost >= 0 && { costUsd: cost }),
  };
}
