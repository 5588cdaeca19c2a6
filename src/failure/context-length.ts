/** What a context-length error says about sizes, in tokens. */
export interface ContextSizes {
  limitTokens?: number;
  neededTokens?: number;
  /** Of the need, what was asked for the answer. */
  outputTokens?: number;
}

// In lower case; who says it. Each names the window or the prompt's length: a bare "token limit" is also how rate
// limits, credit limits and a reached max_tokens are worded.
const SAYINGS: readonly string[] = [
  "maximum context length", // OpenRouter, OpenAI, vLLM, Mistral
  "context_length_exceeded",
  "exceeds the context window", // OpenAI, newer
  "context window exceeds limit", // MiniMax
  "model_context_window_exceeded", // z-ai
  "exceed context limit", // Anthropic
  "prompt is too long", // Anthropic
  "request exceeds the maximum size", // Anthropic, 413
  "input is too long for requested model", // Bedrock
  "exceeds the maximum number of tokens allowed", // Google
  "exceeds the available context size", // llama.cpp
  "maximum prompt length is", // xAI
  "reduce the length of the messages", // Groq
  "longer than the model's context length", // Together
  "exceeded model token limit", // Kimi
  "range of input length should be", // DashScope
  "maximum allowed input length", // Poolside
  "exceeded max context length", // Ollama
  "greater than the context length", // LM Studio
  "400 status code (no body)", // Cerebras, through the openai SDK
  "413 status code (no body)",
];

const N = "(\\d[\\d,]{0,14})";
const LIMITS = patterns(
  `context length is ${N}`,
  `with ${N} maximum context length`,
  `too long: ${N} tokens > ${N}`,
  `context limit: ${N} \\+ ${N} > ${N}`,
  `number of tokens allowed \\(?${N}`,
  `maximum prompt length is ${N}`,
  `model's context length \\(${N}`,
  `model token limit: ${N}`,
  `input length should be \\[\\d+, ${N}\\]`,
  `allowed input length of ${N}`,
);
const NEEDS = patterns(
  `requested (?:about )?${N}`,
  `resulted in ${N} tokens`,
  `too long: ${N} tokens >`,
  `token count \\(${N}\\) exceeds`,
  `prompt contains ${N} tokens`,
  `request contains ${N} tokens`,
  `input \\(${N} tokens\\) is longer`,
  `\\(requested: ${N}\\)`,
  `input length ${N} exceeds`,
);
/** Some give the parts: the answer's, and the prompt's where no sum of both is given. */
const OUTPUTS = patterns(
  `${N} in the (?:output|completion)\\b`,
  `context limit: \\d[\\d,]* \\+ ${N} >`,
  `max_completion_tokens' is too large: ${N}`,
);
const INPUTS = patterns(`context limit: ${N} \\+`, `request has ${N} input tokens`);

/** Says whether a text, in lower case, is about the context window. */
export function isContextLength(text: string): boolean {
  return SAYINGS.some((saying) => text.includes(saying));
}

/** Reads window, need and the answer's part of it out of a text in lower case. */
export function contextSizes(text: string): ContextSizes {
  const limitTokens = lastNumber(LIMITS, text);
  const outputTokens = lastNumber(OUTPUTS, text);
  const inputTokens = lastNumber(INPUTS, text);
  const neededTokens = outputTokens && inputTokens ? outputTokens + inputTokens : lastNumber(NEEDS, text);
  return {
    ...(limitTokens && { limitTokens }),
    ...(neededTokens && { neededTokens }),
    ...(neededTokens && outputTokens && { outputTokens }),
  };
}

function lastNumber(candidates: readonly RegExp[], text: string): number | undefined {
  for (const candidate of candidates) {
    const match = candidate.exec(text);
    if (match) return tokens(match.at(-1)) || undefined;
  }
  return undefined;
}

function tokens(digits = ""): number {
  const value = Number(digits.replaceAll(",", ""));
  return value <= 1e9 ? value : 0;
}

function patterns(...sources: string[]): RegExp[] {
  return sources.map((source) => new RegExp(source));
}
