/** What a finish reason says of the answer; `unknown` is no evidence that it is whole. */
export type FinishMeaning = "stop" | "length" | "tool_calls" | "content_filter" | "error" | "unknown";

/**
 * In lower case with underscores. Sources: the API descriptions of OpenAI, Anthropic, Bedrock, Gemini, Cohere, Mistral,
 * DeepSeek, Zhipu, watsonx, DashScope, and those of vLLM, SGLang, TGI and llama.cpp.
 */
const MEANINGS: ReadonlyMap<string, FinishMeaning | undefined> = new Map([
  ...entries("stop", "stop end_turn eos eos_token stop_sequence stop_token end_of_text endoftext"),
  ...entries("stop", "completed complete done finished"),
  ...entries("length", "length max_tokens max_output_tokens max_completion_tokens max_new_tokens max_length"),
  ...entries("length", "model_length token_limit limit model_context_window_exceeded"),
  ...entries("tool_calls", "tool_calls tool_call tool_use function_call function_calls"),
  ...entries("content_filter", "content_filter content_filtered content_policy_violation refusal safety"),
  ...entries("content_filter", "recitation blocklist prohibited_content spii moderation moderated sensitive"),
  ...entries("content_filter", "guardrail_intervened model_armor error_toxic"),
  ...entries("content_filter", "image_safety image_prohibited_content image_recitation"),
  ...entries("error", "error failed insufficient_system_resource network_error timeout time_limit"),
  ...entries("error", "abort aborted cancel cancelled canceled user_cancel error_limit"),
  ...entries("error", "malformed_function_call malformed_response unexpected_tool_call too_many_tool_calls"),
  // What some send until the answer has ended.
  ...entries(undefined, "null none unspecified not_finished"),
]);

function entries(meaning: FinishMeaning | undefined, reasons: string): [string, FinishMeaning | undefined][] {
  return reasons.split(" ").map((reason) => [reason, meaning]);
}

/** Reads a finish reason in whatever spelling; undefined where it says that there is none yet. */
export function finishMeaning(reason: string): FinishMeaning | undefined {
  // No known one is longer, and a hostile one shall cost nothing.
  if (reason.length > 64) return "unknown";
  if (MEANINGS.has(reason)) return MEANINGS.get(reason);
  const name = reason
    .trim()
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[\s-]/g, "_")
    .replace(/^finish_reason_/, "");
  return MEANINGS.has(name) ? MEANINGS.get(name) : "unknown";
}
