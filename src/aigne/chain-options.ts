import {
  type FallbackChainOptions,
  OptionsError,
  type Provider,
  type ResilienceOptions,
  type TargetOptions,
} from "../chain.js";

export const DEFAULT_CHAT_MODEL = "openai/gpt-4o";

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
  const { timeouts, retry, maxRetryAfterMs, strategy, recovery, audit, logger, labels } = options;
  // As everywhere in AIGNE, null is an option that is not set.
  const model = options.model ?? DEFAULT_CHAT_MODEL;
  const fallbackModels = options.fallbackModels ?? [];
  if (!Array.isArray(fallbackModels)) {
    throw new OptionsError(`fallbackModels must be a list of models, got ${JSON.stringify(fallbackModels)}`);
  }
  fallbackModels.forEach(refuseGetters);
  const resilience = { timeouts, retry, maxRetryAfterMs, strategy, recovery, audit, logger, labels };
  const set = Object.entries(resilience).filter(([, value]) => value !== undefined && value !== null);
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
