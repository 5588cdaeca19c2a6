import { upstreamOf } from "./plan.js";

/** What `/models` says about a model, and what its answers cost. */
export interface ModelFacts {
  name?: string;
  /** The dated snapshot under which the model answers. Default: the id with a date; an id with a `:variant` as it is. */
  canonicalSlug?: string;
  /** Tokens. Default 128,000. */
  contextLength?: number;
  /** Tokens the best provider takes, where fewer. */
  topProviderContextLength?: number;
  /** Tokens. Default 16,384. */
  maxCompletionTokens?: number;
  /** USD per token. Default 0.000005, and 0 for `:free`. */
  promptPrice?: number;
  /** USD per token. Default 0.000025, and 0 for `:free`. */
  completionPrice?: number;
  moderated?: boolean;
  inputModalities?: string[];
  outputModalities?: string[];
  supportedParameters?: string[];
  expirationDate?: string;
}

const PARAMETERS = [
  "temperature",
  "top_p",
  "max_tokens",
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "response_format",
  "structured_outputs",
  "tools",
  "tool_choice",
  "reasoning",
  "include_reasoning",
];

export function canonicalSlug(id: string, facts: ModelFacts = {}): string {
  if (facts.canonicalSlug !== undefined) return facts.canonicalSlug;
  return /:|-\d{8}$|-\d{4}-\d{2}-\d{2}$/.test(id) ? id : `${id}-2025-08-07`;
}

export function priceOf(id: string, facts: ModelFacts = {}): { prompt: number; completion: number } {
  const free = id.endsWith(":free");
  return {
    prompt: facts.promptPrice ?? (free ? 0 : 0.000005),
    completion: facts.completionPrice ?? (free ? 0 : 0.000025),
  };
}

/** USD per token as the strings of the wire, never in exponents. */
function priceText(price: number): string {
  return price === 0 ? "0" : price.toFixed(12).replace(/0+$/, "");
}

/** One entry of `GET /models`. */
export function modelEntry(id: string, facts: ModelFacts = {}): Record<string, unknown> {
  const price = priceOf(id, facts);
  const input = facts.inputModalities ?? ["text"];
  const output = facts.outputModalities ?? ["text"];
  const context = facts.contextLength ?? 128_000;
  return {
    id,
    canonical_slug: canonicalSlug(id, facts),
    hugging_face_id: null,
    name: facts.name ?? id,
    created: 1_692_901_234,
    description: `${facts.name ?? id}, simulated.`,
    context_length: context,
    architecture: {
      modality: `${input.join("+")}->${output.join("+")}`,
      input_modalities: input,
      output_modalities: output,
      tokenizer: "GPT",
      instruct_type: null,
    },
    pricing: {
      prompt: priceText(price.prompt),
      completion: priceText(price.completion),
      request: "0",
      image: "0",
    },
    top_provider: {
      context_length: facts.topProviderContextLength ?? context,
      max_completion_tokens: facts.maxCompletionTokens ?? 16_384,
      is_moderated: facts.moderated ?? false,
    },
    per_request_limits: null,
    supported_parameters: facts.supportedParameters ?? PARAMETERS,
    supported_voices: null,
    default_parameters: null,
    knowledge_cutoff: null,
    expiration_date: facts.expirationDate ?? null,
    links: { details: `/api/v1/models/${id}/endpoints` },
  };
}

/** `GET /models/{author}/{slug}/endpoints`: the model with one endpoint. */
export function endpointsEntry(id: string, facts: ModelFacts = {}): Record<string, unknown> {
  const { name, created, description, architecture, pricing, top_provider, supported_parameters } =
    modelEntry(id, facts);
  const { provider } = upstreamOf(id);
  const top = top_provider as { context_length: number; max_completion_tokens: number };
  return {
    id,
    name,
    created,
    description,
    architecture,
    endpoints: [
      {
        name: `${provider} | ${canonicalSlug(id, facts)}`,
        model_id: id,
        model_name: name,
        provider_name: provider,
        tag: provider.toLowerCase().replaceAll(" ", "-"),
        context_length: top.context_length,
        max_completion_tokens: top.max_completion_tokens,
        max_prompt_tokens: null,
        pricing,
        quantization: "unknown",
        status: 0,
        uptime_last_5m: 100,
        uptime_last_30m: 100,
        uptime_last_1d: 100,
        latency_last_30m: null,
        throughput_last_30m: null,
        supported_parameters,
      },
    ],
  };
}
