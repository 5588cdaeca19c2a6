import {
  type FallbackChainOptions,
  OptionsError,
  type Provider,
  type ResilienceOptions,
  type TargetOptions,
} from "../chain.js";

export const DEFAULT_CHAT_MODEL = "openai/gpt-4o";

/** The options that go to the chain as they are. */
export const RESILIENCE = [
  "timeouts",
  "retry",
  "maxRetryAfterMs",
  "strategy",
  "recovery",
  "coalesce",
  "breaker",
  "budget",
  "maxConcurrent",
  "health",
  "minTokensPerSecond",
  "maxCostUsd",
  "neverDearerThan",
  "catalogue",
  "audit",
  "telemetry",
  "logger",
  "labels",
] as const satisfies (keyof ResilienceOptions)[];

interface ChatModelTargets extends ResilienceOptions {
  model?: string | null;
  fallbackModels?: (string | TargetOptions)[] | null;
}

/** Where a target stands in the options of OpenRouterChatModel. */
export const targetPath = (index: number) => (index === 0 ? "model" : `fallbackModels[${index - 1}]`);

/**
 * The constructor's options as the chain takes them.
 *
 * @throws OptionsError for what the chain could not tell any more
 */
export function chainOptions(options: ChatModelTargets, provider: Provider): FallbackChainOptions {
  // As everywhere in AIGNE, null is an option that is not set.
  const model = options.model ?? DEFAULT_CHAT_MODEL;
  const fallbackModels = options.fallbackModels ?? [];
  if (!Array.isArray(fallbackModels)) {
    throw new OptionsError(`fallbackModels must be a list of models, got ${JSON.stringify(fallbackModels)}`);
  }
  fallbackModels.forEach(refuseGetters);
  const set = RESILIENCE.flatMap((key) => {
    const value = options[key];
    return value === undefined || value === null ? [] : [[key, value]];
  });
  return {
    targets: [model, ...fallbackModels],
    provider,
    ...(Object.fromEntries(set) as ResilienceOptions),
  };
}

/** AIGNE resolves `$get` in the model's own modelOptions; in a target's it would go to the wire as it is. */
function refuseGetters(target: string | TargetOptions, index: number): void {
  const options = typeof target === "object" ? target?.modelOptions : undefined;
  for (const [key, value] of Object.entries(options ?? {})) {
    if (holdsGetter(value)) {
      throw new OptionsError(
        `fallbackModels[${index}].modelOptions.${key} cannot hold a $get: only the modelOptions beside model can`,
      );
    }
  }
}

function holdsGetter(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "$get" in value || Object.values(value).some(holdsGetter);
}
