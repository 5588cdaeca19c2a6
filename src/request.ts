import { hash } from "node:crypto";
import { defined } from "./defined.js";
import { OptionsError } from "./errors.js";
import { shapeRequest } from "./providers/request.js";
import type { ChatRequest, Target, WireRequest } from "./types.js";

/** Two names for one thing: providers take either. */
const LENGTH_KEYS = ["max_tokens", "max_completion_tokens"] as const;

/** @throws OptionsError when there is nothing to send. */
export function checkRequest(request: ChatRequest): void {
  if (!Array.isArray(request?.messages) || request.messages.length === 0) {
    throw new OptionsError("request.messages must be a non-empty list of messages");
  }
  checkKeys("request", request);
}

/** @throws OptionsError for a key that would be no property but another prototype: JSON.parse makes such a one. */
export function checkKeys(name: string, body: object): void {
  if (Object.hasOwn(body, "__proto__"))
    throw new OptionsError(`${name}.__proto__ is not an option of a request: remove it`);
}

/** SHA-256 over the request as JSON, hex. @throws OptionsError when the request is not JSON. */
export function requestDigest(request: ChatRequest): string {
  try {
    return hash("sha256", JSON.stringify(request));
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
  chain: Readonly<Record<string, unknown>>,
  call: { request: ChatRequest; defaults?: Readonly<Record<string, unknown>> },
): { request: WireRequest; omitted: string[]; asked: number | undefined } {
  const { stream: _, ...request } = defined(call.request) as ChatRequest;
  const { model } = target;
  const merged: WireRequest = Object.assign({}, chain, call.defaults, target.body, request, { model });
  const longest = askedTokens(merged);
  const cap = target.maxOutputTokens;
  if (cap !== undefined) {
    const asked = LENGTH_KEYS.filter((key) => typeof merged[key] === "number");
    for (const key of asked) merged[key] = Math.min(merged[key] as number, cap);
    if (asked.length === 0) merged.max_tokens = cap;
  }
  const { body, omitted } = shapeRequest(merged, target.provider.supports);
  return { request: body as WireRequest, omitted, asked: longest };
}

/** The longest answer that a request asks for, in tokens; undefined: it sets no limit, or none that is one. */
export function askedTokens(request: WireRequest): number | undefined {
  const asked = LENGTH_KEYS.flatMap((key) => {
    const value = request[key];
    return Number.isInteger(value) && (value as number) > 0 ? [value as number] : [];
  });
  return asked.length > 0 ? Math.min(...asked) : undefined;
}

/** `max_tokens` below which a request is refused: it must be above the budget for reasoning. Source: Anthropic's and OpenRouter's documentation. */
export function leastTokens(request: WireRequest): number {
  const { reasoning, thinking } = request as { reasoning?: unknown; thinking?: unknown };
  const budgets = [tokensOf(reasoning, "max_tokens"), tokensOf(thinking, "budget_tokens")];
  return Math.max(...budgets) + 1;
}

function tokensOf(value: unknown, key: string): number {
  const tokens = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : 0;
  return typeof tokens === "number" && tokens > 0 ? tokens : 0;
}

export function withMaxTokens(request: WireRequest, tokens: number): WireRequest {
  const asked = LENGTH_KEYS.filter((key) => typeof request[key] === "number");
  const keys = asked.length > 0 ? asked : (["max_tokens"] as const);
  return { ...request, ...Object.fromEntries(keys.map((key) => [key, tokens])) };
}
