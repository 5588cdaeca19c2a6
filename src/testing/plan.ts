import { type Answer, type FaultOptions, pieces, type ScriptedToolCall, words } from "./answer.js";
import { assemble, type Delta } from "./message.js";
import { alphanumeric } from "./random.js";

/** Facts about one request to a model, before anything is said. */
export interface Occasion {
  /** The number of the request, from 1. */
  n: number;
  /** The model as asked for. */
  model: string;
  stream: boolean;
  body: Record<string, unknown>;
  promptTokens: number;
  /** `gen-…` */
  id: string;
  /** Unix seconds. */
  created: number;
  /** The dated snapshot that serves `model`. */
  canonical: string;
  /** USD per token. */
  price: { prompt: number; completion: number };
  random: () => number;
  script: Answer & FaultOptions;
}

/** An answer made concrete: what is sent, event by event. */
export interface Plan {
  occasion: Occasion;
  model: string;
  provider: string;
  fingerprint?: string;
  tier?: string;
  /** One per event with content. */
  deltas: Delta[];
  /** The same as one message, for a JSON reply. */
  message: Record<string, unknown>;
  finish: string | null;
  native: string | null;
  usage: Record<string, unknown>;
  sse: boolean;
  pace: { headersMs: number; firstTokenMs: number; tokenMs: number };
  comments: { before: number; every: number };
}

interface Upstream {
  provider: string;
  fingerprint?: string;
  tier?: string;
  native: Record<string, string>;
}

const PLAIN = { stop: "stop", length: "length", tool_calls: "tool_calls", content_filter: "content_filter" };

/** How upstream providers sign their answers, as recorded. */
const UPSTREAMS: Record<string, Upstream> = {
  openai: { provider: "OpenAI", fingerprint: "fp_b6580bbee1", native: { ...PLAIN, tool_calls: "stop" } },
  anthropic: {
    provider: "Amazon Bedrock",
    tier: "standard",
    native: { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use", content_filter: "refusal" },
  },
  google: {
    provider: "Google AI Studio",
    native: { stop: "STOP", length: "MAX_TOKENS", tool_calls: "STOP", content_filter: "SAFETY" },
  },
};

/** The provider that serves a model when the script names none. */
export function upstreamOf(model: string): Upstream {
  const author = model.split("/")[0] ?? model;
  return UPSTREAMS[author] ?? { provider: author.charAt(0).toUpperCase() + author.slice(1), native: PLAIN };
}

/** Makes a script concrete for one request. */
export function planOf(occasion: Occasion): Plan {
  const answer = occasion.script;
  const upstream = upstreamOf(occasion.model);
  const calls = (answer.toolCalls ?? []).map((call) => wireCall(call, occasion.random));
  const finish = answer.finish ?? (calls.length > 0 ? "tool_calls" : "stop");
  const comments: { before?: number; every?: number } =
    typeof answer.comments === "number" ? { before: answer.comments } : (answer.comments ?? {});
  const sse = answer.reply === undefined ? occasion.stream : answer.reply === "sse";
  const plan: Plan = {
    occasion,
    model: answer.model ?? occasion.canonical,
    provider: answer.provider ?? upstream.provider,
    ...(upstream.fingerprint === undefined ? {} : { fingerprint: upstream.fingerprint }),
    ...(upstream.tier === undefined ? {} : { tier: upstream.tier }),
    deltas: [],
    message: {},
    finish: null,
    native: null,
    usage: {},
    sse,
    pace: { headersMs: 0, firstTokenMs: 0, tokenMs: 0, ...answer.pace },
    comments: { before: comments.before ?? (sse ? 1 : 0), every: comments.every ?? 0 },
  };
  return saying(
    plan,
    [...spoken(answer, occasion), ...calls.flatMap(toolDeltas)],
    finish,
    answer.nativeFinish,
  );
}

/** The same plan with other words: message, usage and finish follow. */
export function saying(plan: Plan, deltas: Delta[], finish: string | null, native?: string): Plan {
  return {
    ...plan,
    deltas,
    message: assemble(deltas),
    finish,
    native: native ?? (finish === null ? null : (upstreamOf(plan.occasion.model).native[finish] ?? finish)),
    usage: usageOf(plan.occasion, deltas),
  };
}

function spoken(answer: Answer, occasion: Occasion): Delta[] {
  const thoughts = typeof answer.reasoning === "string" ? words(answer.reasoning) : (answer.reasoning ?? []);
  const assistant = (more: Delta): Delta => ({ content: "", role: "assistant", ...more });
  const deltas = [
    ...thoughtDeltas(thoughts),
    ...textDeltas(textTokens(continued(answer, occasion), occasion.model)),
  ];
  if (answer.refusal !== undefined) deltas.push(assistant({ refusal: answer.refusal }));
  for (const [index, url] of (answer.images ?? []).entries()) {
    deltas.push(assistant({ images: [{ type: "image_url", image_url: { url }, index }] }));
  }
  if (answer.annotations !== undefined) deltas.push(assistant({ annotations: answer.annotations }));
  return deltas;
}

export function textDeltas(tokens: string[]): Delta[] {
  return tokens.map((content) => ({ content, role: "assistant" }));
}

export function thoughtDeltas(thoughts: string[]): Delta[] {
  return thoughts.map((text) => ({
    content: "",
    role: "assistant",
    reasoning: text,
    reasoning_details: [{ type: "reasoning.text", text, format: "anthropic-claude-v1", index: 0 }],
  }));
}

function continued(answer: Answer, { body }: Occasion): Answer {
  const last = (body.messages as { role?: string; content?: unknown }[]).at(-1);
  const prefix = last?.role === "assistant" ? last.content : undefined;
  if (answer.continues !== true || answer.text === undefined || typeof prefix !== "string") return answer;
  return answer.text.startsWith(prefix) ? { ...answer, text: answer.text.slice(prefix.length) } : answer;
}

function textTokens(answer: Answer, model: string): string[] {
  const { text, tokens, json, toolCalls, images, reasoning, refusal } = answer;
  const out = [...(text === undefined ? [] : words(text)), ...(tokens ?? [])];
  if (json !== undefined) out.push(...pieces(JSON.stringify(json), 6));
  const silent = [text, tokens, json, toolCalls, images, reasoning, refusal].every((x) => x === undefined);
  return silent
    ? words(
        `This is ${model}, and it says so in twenty words, of which the last four are: one two three four.`,
      )
    : out;
}

export interface WireCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export function wireCall(call: ScriptedToolCall, random: () => number): WireCall {
  const text = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
  return {
    id: call.id ?? `call_${alphanumeric(random, 24)}`,
    type: "function",
    function: { name: call.name, arguments: text },
  };
}

export function toolDeltas(call: WireCall, index: number): Delta[] {
  const opening = {
    index,
    id: call.id,
    type: "function",
    function: { name: call.function.name, arguments: "" },
  };
  const rest = pieces(call.function.arguments, 4).map((text) => ({ index, function: { arguments: text } }));
  return [opening, ...rest].map((part) => ({ content: null, role: "assistant", tool_calls: [part] }));
}

function usageOf(occasion: Occasion, deltas: Delta[]): Record<string, unknown> {
  const tokens = deltas.length;
  const thoughts = deltas.filter((delta) => delta.reasoning !== undefined).length;
  const given = occasion.script.usage ?? {};
  const prompt = given.promptTokens ?? occasion.promptTokens;
  const completion = given.completionTokens ?? tokens;
  const promptCost = usd(prompt * occasion.price.prompt);
  const completionCost = usd(completion * occasion.price.completion);
  const cost = given.cost ?? usd(promptCost + completionCost);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    cost,
    is_byok: false,
    prompt_tokens_details: {
      cached_tokens: given.cachedTokens ?? 0,
      cache_write_tokens: 0,
      audio_tokens: 0,
      video_tokens: 0,
    },
    cost_details: {
      upstream_inference_cost: cost,
      upstream_inference_prompt_cost: promptCost,
      upstream_inference_completions_cost: completionCost,
    },
    completion_tokens_details: {
      reasoning_tokens: given.reasoningTokens ?? thoughts,
      image_tokens: 0,
      audio_tokens: 0,
    },
  };
}

// Sums of prices like 0.000005 carry binary dust that the real bills do not show.
function usd(amount: number): number {
  return Number(amount.toPrecision(12));
}
