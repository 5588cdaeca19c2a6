/** How fast an answer comes, in milliseconds; everything defaults to 0. */
export interface Pace {
  /** From the whole request to the response headers. */
  headersMs?: number;
  /** From the headers to the first token. */
  firstTokenMs?: number;
  /** Between two tokens. */
  tokenMs?: number;
}

/** A tool call of the scripted model. */
export interface ScriptedToolCall {
  /** Default: `call_` and 24 characters drawn from the seed. */
  id?: string;
  name: string;
  /** An object is sent as JSON; a string is sent as it is, however broken. */
  arguments: Record<string, unknown> | string;
}

/** Token counts and cost as the usage chunk states them; what is left out is counted (prompt: 4 bytes a token). */
export interface ScriptedUsage {
  promptTokens?: number;
  completionTokens?: number;
  cachedTokens?: number;
  reasoningTokens?: number;
  /** USD. Default: the model's price in the catalogue. */
  cost?: number;
}

export type ScriptedFinish = "stop" | "length" | "tool_calls" | "content_filter" | "error";

/**
 * What a model says. Without `text`, `tokens`, `json`, `toolCalls`, `images`, `reasoning` or `refusal` it says twenty
 * tokens that name the model.
 */
export interface Answer {
  /** Sent word by word. */
  text?: string;
  /**
   * When the request ends with an assistant message that the text begins with, only the rest is said, as a model does
   * that takes a prefill.
   */
  continues?: boolean;
  /** Sent as they are, one event each; they come after `text`. */
  tokens?: string[];
  /** A JSON answer: stringified and sent as text, a few characters an event. */
  json?: unknown;
  /** Sent before the text; an array is sent one event each. */
  reasoning?: string | string[];
  /** Sent after the text, arguments a few characters an event. */
  toolCalls?: ScriptedToolCall[];
  /** URLs or `data:` URLs. */
  images?: string[];
  /** Sent as they are, e.g. `{ type: "url_citation", url_citation: {…} }`. */
  annotations?: Record<string, unknown>[];
  refusal?: string;
  /** Default: `tool_calls` when there are any, else `stop`. */
  finish?: ScriptedFinish;
  /** Default: as the upstream provider words `finish` (`end_turn`, `STOP`, …). */
  nativeFinish?: string;
  /** The name under which the model answers. Default: a dated snapshot, as OpenRouter does. */
  model?: string;
  /** The upstream provider. Default: by the author of the model. */
  provider?: string;
  usage?: ScriptedUsage;
  pace?: Pace;
  /**
   * `: OPENROUTER PROCESSING` comments: how many before the first token, spread over `firstTokenMs` (default 1), and
   * one after every so many tokens. A JSON reply is padded with whitespace instead (default 0).
   */
  comments?: number | { before?: number; every?: number };
  /** Default: what the request asks for (`stream: true` is SSE). */
  reply?: "sse" | "json";
}

/** Seconds, any header text however broken, seconds from now as an HTTP date, or null for no hint at all. */
export type RetryAfter = number | string | { inSeconds: number } | null;

/** An error inside a 200. */
export interface ScriptedError {
  code: number | string;
  message: string;
  metadata?: Record<string, unknown>;
}

/** Every option some fault understands; which fault takes which is said by the members of `Script`. */
export interface FaultOptions {
  at?: number;
  retryAfter?: RetryAfter;
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  location?: string;
  shape?: 1 | 2 | 3 | 4 | 5;
  error?: ScriptedError;
  done?: boolean;
  everyMs?: number;
  bytes?: number;
}

/** The text in pieces that join to it: words with the whitespace before them. */
export function words(text: string): string[] {
  return text.match(/\s*\S+|\s+/g) ?? [];
}

/** The text in pieces of `size` code points. */
export function pieces(text: string, size: number): string[] {
  const points = [...text];
  const out: string[] = [];
  for (let i = 0; i < points.length; i += size) out.push(points.slice(i, i + size).join(""));
  return out;
}
