import { estimateTokenCount, type LanguageConfig } from "tokenx";
import type { ChatRequest } from "./types.js";

/**
 * How wrong `inputTokens` may be, as a fraction of it. Source: prose, code, Markdown, JSON and CSV, and a compiler's messages in 13
 * languages, counted by the tokenizers of GPT-4o, Gemini, Qwen 3 and Llama 3. The estimate was at most 1.23 times the count, so that
 * what is left of it after the margin is surely needed. It may be far below: Russian and dense JSON take up to 1.6 times as many
 * tokens, base64 and hexadecimal text four to six times.
 */
export const MARGIN = 0.25;

/**
 * Tokens of an image, whose size in pixels is not known. A megapixel takes 765 at GPT-4o (85, and 170 per tile of 512 pixels),
 * about 1,100 at Gemini 3 and 1,400 at Claude (pixels / 750).
 */
const IMAGE_TOKENS = 1_000;
/** The whole of an image of `detail: "low"` at OpenAI, which named the option. */
const LOW_DETAIL_TOKENS = 85;

/** What frames a message, primes the answer and marks a name. Source: OpenAI's cookbook, "How to count tokens". */
const MESSAGE_TOKENS = 3;
const ANSWER_TOKENS = 3;
const NAME_TOKENS = 1;

/**
 * Longer inputs are sampled in so many slices of so many characters: tokenx takes 60 to 90 ms for a megabyte, and throws at ten
 * megabytes of emoji.
 */
const SLICE = 1_024;
const SLICES = 64;
const GOLDEN_RATIO = 0.618_034;

/**
 * tokenx itself counts Chinese and Japanese as the tokenizers of 2023 did, up to 1.8 times what those of today make of it: these
 * come between the four above.
 */
const LANGUAGES: LanguageConfig[] = [
  { pattern: /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/, averageCharsPerToken: 1.85 },
  { pattern: /[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]/, averageCharsPerToken: 1.75 },
];

/** Estimated tokens of a text. A long one is sampled: the time it takes is bounded. */
export function textTokens(text: string): number {
  return Math.round(estimate([text]));
}

/**
 * Estimated tokens of a request's messages, tools and schema; see MARGIN. An image counts as a constant. Files, audio and video
 * count nothing: their tokens cannot be told from their bytes, and too high a guess would exclude a target that has the room.
 */
export function inputTokens(request: ChatRequest): number {
  const { texts, fixed } = weigh(request);
  return Math.round(estimate(texts)) + fixed;
}

/** Images in a request's messages. */
export function imagesIn(request: ChatRequest): number {
  const { messages } = request as Record<string, unknown>;
  const parts = list(messages).flatMap((message) => list(field(message, "content")));
  return parts.filter((part) => field(part, "type") === "image_url").length;
}

/**
 * More than the tokens of almost any request, at the price of adding up lengths: whoever has room for these needs no estimate. A
 * token is at least one character of Latin text or code, digits included; scripts that a tokenizer hardly knows may take two.
 */
export function roughTokens(request: ChatRequest): number {
  const { texts, fixed } = weigh(request);
  return lengthOf(texts) + fixed;
}

interface Weight {
  texts: string[];
  /** Tokens of what is no text. */
  fixed: number;
}

function weigh(request: ChatRequest): Weight {
  const weight: Weight = { texts: [], fixed: ANSWER_TOKENS };
  const { messages, tools, functions, response_format: format } = request as Record<string, unknown>;
  for (const message of list(messages)) weighMessage(message, weight);
  for (const definitions of [tools, functions]) add(json(definitions), weight);
  if (field(format, "type") === "json_schema") add(json(field(format, "json_schema")), weight);
  return weight;
}

function weighMessage(message: unknown, weight: Weight): void {
  weight.fixed += MESSAGE_TOKENS;
  const name = field(message, "name");
  if (typeof name === "string") weight.fixed += NAME_TOKENS;
  const content = field(message, "content");
  for (const text of [name, content, field(message, "refusal")]) add(text, weight);
  for (const part of list(content)) weighPart(part, weight);
  const calls = list(field(message, "tool_calls"));
  for (const call of [...calls.flatMap(calledOf), field(message, "function_call")]) {
    for (const key of ["name", "arguments", "input"]) add(field(call, key), weight);
  }
}

function calledOf(call: unknown): unknown[] {
  return [field(call, "function"), field(call, "custom")];
}

function weighPart(part: unknown, weight: Weight): void {
  if (field(part, "type") === "image_url") {
    const low = field(field(part, "image_url"), "detail") === "low";
    weight.fixed += low ? LOW_DETAIL_TOKENS : IMAGE_TOKENS;
  }
  for (const key of ["text", "refusal"]) add(field(part, key), weight);
}

function add(text: unknown, weight: Weight): void {
  if (typeof text === "string" && text !== "") weight.texts.push(text);
}

function estimate(texts: readonly string[]): number {
  const total = lengthOf(texts);
  if (total <= SLICES * SLICE) return texts.reduce((sum, text) => sum + count(text), 0);
  // One slice in each stretch, at a place that varies, so that texts of a regular length are not always hit alike.
  const stretch = total / SLICES;
  const startOf = (n: number) => Math.floor(n * stretch + ((n * GOLDEN_RATIO) % 1) * (stretch - SLICE));
  let tokens = 0;
  let seen = 0;
  let n = 0;
  let from = startOf(n);
  let at = 0;
  for (const text of texts) {
    const end = at + text.length;
    while (from < end) {
      const start = Math.max(from, at);
      const stop = Math.min(from + SLICE, end);
      tokens += count(text.slice(start - at, stop - at));
      seen += stop - start;
      // A slice may go on in the next text.
      if (stop < from + SLICE) break;
      from = startOf(++n);
    }
    at = end;
  }
  return (tokens / seen) * total;
}

function count(text: string): number {
  return estimateTokenCount(text, { languageConfigs: LANGUAGES });
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // Nobody can send it either.
    return "";
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
