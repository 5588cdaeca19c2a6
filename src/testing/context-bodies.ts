import { type ErrorReply, envelope, wrapped } from "./bodies.js";

const ctx = (message: string): ErrorReply => ({
  status: 400,
  body: envelope(message, 400, { provider_name: null }),
});
const upstream = (raw: string, provider: string): ErrorReply => ({
  status: 400,
  body: wrapped(400, raw, provider),
});
const openai = (message: string) =>
  JSON.stringify({
    error: { message, type: "invalid_request_error", param: "messages", code: "context_length_exceeded" },
  });
const anthropic = (message: string) =>
  JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } });

/** "The prompt is too long" in the words of each origin. */
export const CONTEXT_ERRORS = {
  "400-ctx": ctx(
    `This endpoint's maximum context length is 131072 tokens. However, you requested about 141607 tokens (10535 of text input, 131072 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.`,
  ),
  "400-ctx-2026": ctx(
    "This endpoint's maximum context length is 262000 tokens. However, you requested about 263390 tokens (658 of text input, 732 of tool input, 262000 in the output). Please reduce the length of either one, or use the context-compression plugin to compress your prompt automatically.",
  ),
  "400-ctx-input": ctx(
    "This endpoint's maximum context length is 131072 tokens. However, you requested about 400000 tokens (400000 of text input). Please reduce the length of either one, or use the context-compression plugin to compress your prompt automatically.",
  ),
  "400-ctx-openai": upstream(
    openai(
      "This model's maximum context length is 4097 tokens. However, your messages resulted in 4294 tokens. Please reduce the length of the messages.",
    ),
    "OpenAI",
  ),
  "400-ctx-openai-new": upstream(
    openai("Your input exceeds the context window of this model. Please adjust your input and try again."),
    "OpenAI",
  ),
  "400-ctx-anthropic": upstream(anthropic("prompt is too long: 200251 tokens > 200000 maximum"), "Anthropic"),
  "400-ctx-anthropic-output": upstream(
    anthropic(
      "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or `max_tokens` and try again",
    ),
    "Anthropic",
  ),
  "413-anthropic": {
    status: 413,
    body: wrapped(
      413,
      '{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}',
      "Anthropic",
    ),
  },
  "400-ctx-bedrock": upstream("Input is too long for requested model.", "Amazon Bedrock"),
  "400-ctx-google": upstream(
    JSON.stringify({
      error: {
        code: 400,
        message: "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        status: "INVALID_ARGUMENT",
      },
    }),
    "Google AI Studio",
  ),
  "400-ctx-mistral": upstream(
    "Prompt contains 300000 tokens, too large for model with 131072 maximum context length",
    "Mistral",
  ),
  "400-ctx-vllm": upstream(
    '{"object":"error","message":"This model\'s maximum context length is 131072 tokens. However, you requested 156632 tokens (152536 in the messages, 4096 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}',
    "Parasail",
  ),
  "400-ctx-vllm-output": upstream(
    "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens (2000 > 4096 - 2104).",
    "Parasail",
  ),
  "400-ctx-llamacpp": {
    status: 400,
    body: {
      error: {
        code: 400,
        message:
          "the request exceeds the available context size. try increasing the context size or enable context shift",
        type: "exceed_context_size_error",
        n_prompt_tokens: 14429,
        n_ctx: 8192,
      },
    },
  },
  "400-ctx-xai": upstream(
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens",
    "xAI",
  ),
  "400-ctx-groq": upstream("Please reduce the length of the messages or completion", "Groq"),
  "400-ctx-together": upstream(
    "The input (265330 tokens) is longer than the model's context length (262144 tokens).",
    "Together",
  ),
  "400-ctx-kimi": upstream(
    "Your request exceeded model token limit: 262144 (requested: 300000)",
    "Moonshot AI",
  ),
  "400-ctx-minimax": upstream("invalid params, context window exceeds limit", "Minimax"),
  "400-ctx-zai": upstream("model_context_window_exceeded", "Z.AI"),
  "400-ctx-dashscope": upstream("Range of input length should be [1, 129024]", "Alibaba"),
  "400-ctx-poolside": upstream(
    "Input length 265330 exceeds the maximum allowed input length of 262144 tokens.",
    "Poolside",
  ),
  "400-ctx-ollama": upstream("prompt too long; exceeded max context length by 4096 tokens", "Ollama"),
  "400-ctx-lmstudio": upstream(
    "The number of tokens to keep from the initial prompt is greater than the context length",
    "LM Studio",
  ),
} satisfies Record<string, ErrorReply>;
