import { createHash } from "node:crypto";
import { OptionsError } from "./errors.js";
import { shapeRequest } from "./providers/request.js";
import type { ChatRequest, Target, WireRequest } from "./types.js";

/** @throws OptionsError when there is nothing to send. */
export function checkRequest(request: ChatRequest): void {
  if (!Array.isArray(request?.messages) || request.messages.length === 0) {
    throw new OptionsError("request.messages must be a non-empty list of messages");
  }
}

/** SHA-256 over the request as JSON, hex. @throws OptionsError when the request is not JSON. */
export function requestDigest(request: ChatRequest): string {
  try {
    return createHash("sha256").update(JSON.stringify(request)).digest("hex");
  } catch {
    throw new OptionsError("request must be plain JSON: it holds a circular reference or a BigInt");
  }
}

/**
 * What one target gets: chain < call defaults < target < request, key by key, capped by the target's
 * `maxOutputTokens`, less what its provider does not support.
 */
export function wireRequest(
  target: Target,
  layers: {
    chain: Readonly<Record<string, unknown>>;
    defaults?: Readonly<Record<string, unknown>>;
    request: ChatRequest;
  },
): { request: WireRequest; omitted: string[] } {
  const { stream: _, ...request } = layers.request;
  const merged: WireRequest = {
    ...layers.chain,
    ...layers.defaults,
    ...target.body,
    ...request,
    model: target.model,
  } as WireRequest;
  const cap = target.maxOutputTokens;
  if (cap !== undefined) {
    const asked = merged.max_completion_tokens ?? merged.max_tokens;
    const key = typeof merged.max_completion_tokens === "number" ? "max_completion_tokens" : "max_tokens";
    merged[key] = typeof asked === "number" ? Math.min(asked, cap) : cap;
  }
  const { body, omitted } = shapeRequest(merged, target.provider.supports);
  return { request: body as WireRequest, omitted };
}
