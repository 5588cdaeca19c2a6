/** What a target's answers cost. USD per million tokens, but for `request` and `image`: USD each. */
export interface Price {
  input: number;
  output: number;
  /** Input tokens read from a prompt cache. Default: `input`. */
  cacheRead?: number;
  /** Input tokens written to a prompt cache. Default: `input`. */
  cacheWrite?: number;
  /** USD per request. */
  request?: number;
  /** USD per input image. */
  image?: number;
  /** Other prices from a prompt length on; of several that apply, later ones win key by key. */
  tiers?: readonly PriceTier[];
}

export interface PriceTier extends Partial<Omit<Price, "tiers">> {
  /** The tier applies to requests of at least so many input tokens. */
  minInputTokens: number;
}

/** What is known of a model, from the user or a catalogue. What is absent is unknown. */
export interface ModelFacts {
  /** Tokens of input and output together that the model and its provider take. */
  contextWindow?: number;
  /** Tokens. */
  maxOutputTokens?: number;
  price?: Price;
  tools?: boolean;
  /** Keeps to a JSON schema. */
  jsonSchema?: boolean;
  imageInput?: boolean;
}

/** Where a provider lists its models, and how to get that list; OpenRouter's `GET /models` format. */
export interface CatalogueSource {
  /** Absolute; asked for at each use, since the environment may be read late. */
  readonly url: string;
  /** Sends a GET without a key. Rejects when nothing came. */
  load(
    url: string,
    init: { headers: Record<string, string>; signal: AbortSignal },
  ): Promise<{ status: number; headers: Record<string, string>; body: string }>;
}

/** The longest list that is read, in bytes. */
export const MAX_CATALOGUE_BYTES = 16 * 1024 * 1024;
