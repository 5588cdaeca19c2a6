import { checkBaseURL, checkKey } from "../providers/endpoint.js";
import { type OpenRouterProvider, openRouter } from "../providers/openrouter.js";
import { type Io, UsageError } from "./io.js";

export interface ProviderFlags {
  baseUrl?: string;
  apiKeyEnv: string;
}

/** The key, when the environment has one. @throws OptionsError, without the key, when no header can hold it */
export function keyOf({ apiKeyEnv }: ProviderFlags, { env }: Io): string | undefined {
  const key = env[apiKeyEnv]?.trim();
  return key ? checkKey(apiKeyEnv, key) : undefined;
}

/**
 * The provider that the flags name, for asking it something.
 *
 * @throws UsageError when there is no key
 */
export function providerOf(flags: ProviderFlags, io: Io): OpenRouterProvider {
  const apiKey = keyOf(flags, io);
  if (!apiKey) {
    throw new UsageError(
      `no API key: set the environment variable ${flags.apiKeyEnv} (keys: https://openrouter.ai/keys; for \`open-router simulate\` any text will do), or try \`${io.command} demo\`, which needs none`,
    );
  }
  return openRouter({ apiKey, baseURL: baseURLOf(flags, io) });
}

/** The same for what needs no key: its list of models. */
export function keylessProviderOf(flags: ProviderFlags, io: Io): OpenRouterProvider {
  return openRouter({ apiKey: keyOf(flags, io), baseURL: baseURLOf(flags, io) });
}

function baseURLOf({ baseUrl = "" }: ProviderFlags, { env }: Io): string | undefined {
  const baseURL = baseUrl || env.OPEN_ROUTER_BASE_URL?.trim() || undefined;
  return baseURL && checkBaseURL(baseUrl ? "--base-url" : "OPEN_ROUTER_BASE_URL", baseURL);
}
