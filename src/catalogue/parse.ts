import type { ModelFacts, Price, PriceTier } from "../model-facts.js";

/** OpenRouter lists some hundreds of models; whoever sends more than this is not listing models. */
const MAX_MODELS = 100_000;
const MAX_TIERS = 32;
/** USD per million tokens, or per request or image; what is said to be dearer is a mistake, and unknown. */
const MAX_PRICE = 1_000_000;
const MAX_TOKENS = 1_000_000_000;
const DECIMAL = /^(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** What the name of a condition of an override begins with. */
const CONDITION = /^(?:min|max|utc)_/;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the body of `GET /models` in OpenRouter's format: facts by id, and by canonical slug where no id is the same. What is of a wrong
 * type is unknown. Prices become USD per million tokens.
 *
 * @returns undefined when the body is no list of models, or an empty one
 */
export function parseCatalogue(body: string): ReadonlyMap<string, ModelFacts> | undefined {
  const data = own(json(body), "data");
  if (!Array.isArray(data)) return undefined;
  const models = new Map<string, ModelFacts>();
  const slugs = new Map<string, ModelFacts>();
  for (const entry of data.slice(0, MAX_MODELS)) {
    const id = text(own(entry, "id"));
    if (id === undefined || models.has(id)) continue;
    const facts = readFacts(entry);
    models.set(id, facts);
    const slug = slugOf(id, text(own(entry, "canonical_slug")));
    if (slug !== undefined && !slugs.has(slug)) slugs.set(slug, facts);
  }
  for (const [slug, facts] of slugs) if (!models.has(slug)) models.set(slug, facts);
  return models.size > 0 ? models : undefined;
}

/** A variant has the slug of the model it is a variant of, but not its price: the slug of `a/b:free` is `…:free`, too. */
function slugOf(id: string, slug: string | undefined): string | undefined {
  const variant = /:[^:/]*$/.exec(id)?.[0] ?? "";
  return slug?.endsWith(variant) === false ? `${slug}${variant}` : slug;
}

function readFacts(entry: unknown): ModelFacts {
  const top = own(entry, "top_provider");
  const windows = [own(entry, "context_length"), own(top, "context_length")].map(count);
  const known = windows.filter((window) => window !== undefined);
  const maxOutputTokens = count(own(top, "max_completion_tokens"));
  const price = readPrice(own(entry, "pricing"));
  const parameters = names(own(entry, "supported_parameters"));
  const modalities = names(own(own(entry, "architecture"), "input_modalities"));
  return {
    ...(known.length > 0 && { contextWindow: Math.min(...known) }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(price && { price }),
    ...(parameters && {
      tools: parameters.includes("tools"),
      jsonSchema: parameters.includes("structured_outputs"),
    }),
    ...(modalities && { imageInput: modalities.includes("image") }),
  };
}

function readPrice(pricing: unknown): Price | undefined {
  const { input, output, ...rest } = readRates(pricing);
  if (input === undefined || output === undefined) return undefined;
  const overrides = own(pricing, "overrides");
  const tiers = Array.isArray(overrides) ? overrides.slice(0, MAX_TIERS).flatMap(readTier) : [];
  return { input, output, ...rest, ...(tiers.length > 0 && { tiers }) };
}

function readTier(override: unknown): PriceTier[] {
  const minInputTokens = own(override, "min_prompt_tokens");
  if (typeof minInputTokens !== "number" || !(minInputTokens >= 0)) return [];
  // It holds where all its conditions do, and what depends on the time of day, for one, is not known here.
  const others = Object.keys(override as Json).filter((key) => key !== "min_prompt_tokens");
  return others.some((key) => CONDITION.test(key)) ? [] : [{ minInputTokens, ...readRates(override) }];
}

function readRates(pricing: unknown): Omit<PriceTier, "minInputTokens"> {
  const rates: Omit<PriceTier, "minInputTokens"> = {};
  const set = (key: keyof typeof rates, name: string, scale: number) => {
    const value = usd(own(pricing, name), scale);
    if (value !== undefined) rates[key] = value;
  };
  set("input", "prompt", 1_000_000);
  set("output", "completion", 1_000_000);
  set("cacheRead", "input_cache_read", 1_000_000);
  set("cacheWrite", "input_cache_write", 1_000_000);
  set("request", "request", 1);
  set("image", "image", 1);
  return rates;
}

/** A price as a string, as OpenRouter writes it, or as a number. */
function usd(value: unknown, scale: number): number | undefined {
  const given = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  if (typeof given !== "number" || !(given >= 0)) return undefined;
  // Without the binary dust of the multiplication.
  const price = Number((given * scale).toPrecision(12));
  return price <= MAX_PRICE ? price : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MAX_TOKENS
    ? (value as number)
    : undefined;
}

/** An empty list says nothing. */
function names(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) && value.some((name) => typeof name === "string") ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function own(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Json)[key]
    : undefined;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
