import type { OpenAI } from "openai";
import { OptionsError } from "../errors.js";
import type { CatalogueSource } from "../model-facts.js";
import type { Provider, Supports } from "../types.js";
import { catalogueSource } from "./catalogue-source.js";
import { openChatCompletion } from "./chat-completions.js";
import { createClient, type PassedClientOptions, withClient } from "./client.js";
import { accountOf, checkBaseURL, checkHeaders, checkKey, secretsOf, serverOf } from "./endpoint.js";
import type { Fetch } from "./fetch.js";
import { lastResult } from "./last-result.js";
import { redactor } from "./redactor.js";

export const OPENROUTER_BASE_URL = "https://openrouter.ai/api/v1";
export const OPENROUTER_KEY_ENV = "OPEN_ROUTER_API_KEY";
export const OPENROUTER_BASE_URL_ENV = "OPEN_ROUTER_BASE_URL";

/**
 * `prefill`: OpenRouter hands a last assistant message on, and most models continue it. Some refuse it (Claude with
 * extended thinking, for one) or begin anew; `recovery: "continue"` then falls back to a restart.
 */
const SUPPORTS: Supports = {
  usageInStream: true,
  tools: true,
  jsonSchema: true,
  prefill: true,
  openRouterKeys: true,
};

export interface OpenRouterOptions {
  /** Default: the environment variable OPEN_ROUTER_API_KEY, read at the first request. */
  apiKey?: string | undefined;
  /** Which environment variable holds the key, asked at the first request. Default OPEN_ROUTER_API_KEY. */
  apiKeyEnv?: (() => string) | undefined;
  /** Default: the environment variable OPEN_ROUTER_BASE_URL, else https://openrouter.ai/api/v1. */
  baseURL?: string | undefined;
  /** Address of your app, for OpenRouter's rankings: the header `HTTP-Referer`. */
  referer?: string | undefined;
  /** Name of your app: the headers `X-OpenRouter-Title` and `X-Title`. */
  title?: string | undefined;
  /** Routing preferences (`order`, `only`, `sort`, …): the body's `provider`, where a request has none. */
  provider?: Record<string, unknown> | undefined;
  headers?: Record<string, string> | undefined;
  /** Does the sending, in place of undici. */
  fetch?: Fetch | undefined;
  /** Passed to the `openai` client; its `maxRetries` and `timeout` have no effect. */
  clientOptions?: PassedClientOptions | undefined;
  /** Brings a client of your own; everything above but `provider` is then its affair. */
  client?: (() => OpenAI) | undefined;
  /** Default "openrouter". */
  name?: string | undefined;
}

export interface OpenRouterProvider extends Provider {
  /** The `openai` client the requests go through, made at the first use. */
  readonly client: OpenAI;
  readonly catalogue: CatalogueSource;
}

type Sending = Pick<PassedClientOptions, "fetch" | "fetchOptions">;

/**
 * The provider for https://openrouter.ai.
 *
 * @throws OptionsError at once for a bad option, and from `ready` and `open` when there is no API key
 */
export function openRouter(options: OpenRouterOptions = {}): OpenRouterProvider {
  const { name = "openrouter", referer, title, provider: routing, clientOptions } = options;
  if (typeof name !== "string" || name === "") throw new OptionsError("name must be a non-empty string");
  if (options.apiKey) checkKey("apiKey", options.apiKey);
  if (options.baseURL) checkBaseURL("baseURL", options.baseURL);
  const headers = {
    ...checkHeaders("clientOptions.defaultHeaders", clientOptions?.defaultHeaders),
    ...checkHeaders("headers", options.headers),
    ...checkHeaders("referer", referer === undefined ? {} : { "HTTP-Referer": referer }),
    ...checkHeaders("title", title === undefined ? {} : { "X-OpenRouter-Title": title, "X-Title": title }),
  };

  // The environment is read late, so that a module may build its models before it loads its .env file.
  const givenURL = lastResult((url: string) => checkBaseURL("baseURL", url));
  const environmentURL = lastResult((url: string) => checkBaseURL(OPENROUTER_BASE_URL_ENV, url));
  const baseURL = () => {
    if (options.baseURL) return givenURL(options.baseURL);
    const env = process.env[OPENROUTER_BASE_URL_ENV]?.trim();
    return env ? environmentURL(env) : OPENROUTER_BASE_URL;
  };
  const keyEnv = () => options.apiKeyEnv?.() ?? OPENROUTER_KEY_ENV;
  const apiKey = () => {
    if (options.apiKey) return options.apiKey;
    const env = process.env[keyEnv()]?.trim();
    return env ? checkKey(keyEnv(), env) : undefined;
  };
  let made: OpenAI | undefined;
  const client = () => {
    if (options.client) return options.client();
    if (made) return made;
    const key = apiKey();
    if (key === undefined) {
      throw new OptionsError(`no API key: set the option apiKey or the environment variable ${keyEnv()}`);
    }
    made = createClient({ baseURL: baseURL(), apiKey: key, headers, fetch: options.fetch, clientOptions });
    return made;
  };

  const own = () => {
    try {
      return options.client?.();
    } catch {
      // Whoever sends with it will say so; a failure can be told without.
      return undefined;
    }
  };
  const redactorOf = lastResult((key: string | undefined, ...theirs: (string | undefined)[]) =>
    redactor([...secretsOf(key, headers), ...theirs.filter((secret) => typeof secret === "string")]),
  );
  const withoutOwn = (text: string) => {
    const client = own();
    return redactorOf(apiKey(), client?.apiKey ?? undefined, client?.adminAPIKey ?? undefined)(text);
  };
  const account = lastResult(accountOf);
  const server = lastResult(serverOf);
  const catalogue = catalogueSource({
    redact: withoutOwn,
    url: () => `${(options.client?.().baseURL ?? baseURL()).replace(/\/+$/, "")}/models`,
    transport: () =>
      // Its fetch is private to TypeScript only.
      (options.client?.() as unknown as Sending | undefined) ?? {
        fetch: options.fetch ?? clientOptions?.fetch,
        fetchOptions: clientOptions?.fetchOptions,
      },
  });

  const provider: Omit<OpenRouterProvider, "client"> = {
    name,
    supports: SUPPORTS,
    catalogue,
    get account() {
      const client = own();
      return client
        ? account(client.baseURL, client.apiKey ?? client.adminAPIKey ?? undefined)
        : account(baseURL(), apiKey());
    },
    get server() {
      return server(own()?.baseURL ?? baseURL());
    },
    ready: () => void client(),
    redact: withoutOwn,
    open: (request, context) =>
      openChatCompletion(
        routing && request.provider === undefined ? { ...request, provider: routing } : request,
        context,
        {
          client,
          usageInStream: SUPPORTS.usageInStream,
        },
      ),
  };
  return withClient(provider, client);
}
