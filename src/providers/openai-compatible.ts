import type { OpenAI } from "openai";
import { OptionsError } from "../errors.js";
import { redact } from "../redaction.js";
import type { AttemptTimeouts, Provider, Supports } from "../types.js";
import { openChatCompletion } from "./chat-completions.js";
import { createClient, type PassedClientOptions } from "./client.js";
import { accountOf, checkBaseURL, checkHeaders, checkKey, isPrivateHost, secretsOf } from "./endpoint.js";
import type { Fetch } from "./fetch.js";

/** What nearly every server of the chat-completions format understands. */
const SUPPORTS: Supports = {
  usageInStream: true,
  tools: true,
  jsonSchema: true,
  prefill: false,
  openRouterKeys: false,
};

/** A local server loads the model first, which takes a minute or two from disk. Source: the public contract. */
const LOCAL_TIMEOUTS: Partial<AttemptTimeouts> = { connectMs: 120_000, firstTokenMs: 120_000 };

export interface OpenAICompatibleOptions {
  /** Shown in errors and records. */
  name: string;
  /** The URL below which `/chat/completions` is, such as http://127.0.0.1:11434/v1. */
  baseURL: string;
  /** Without one no Authorization header is sent. */
  apiKey?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** What the endpoint understands, where it differs from: usage in streams, tools and JSON schemas yes, the rest no. */
  supports?: Partial<Supports> | undefined;
  /** Clock defaults of this endpoint. Default: 120 s to connect and to the first token on a private host. */
  timeouts?: Partial<AttemptTimeouts> | undefined;
  /** Does the sending, in place of undici. */
  fetch?: Fetch | undefined;
  /** Passed to the `openai` client; its `maxRetries` and `timeout` have no effect. */
  clientOptions?: PassedClientOptions | undefined;
}

/**
 * The provider for any other endpoint of the chat-completions format: OpenAI itself, Groq, vLLM, Ollama, llama.cpp.
 * No environment variable is read.
 *
 * @throws OptionsError for a bad option
 */
export function openAICompatible(options: OpenAICompatibleOptions): Provider & { readonly client: OpenAI } {
  const { name, fetch, clientOptions } = options;
  if (typeof name !== "string" || name === "") throw new OptionsError("name must be a non-empty string");
  const baseURL = checkBaseURL("baseURL", options.baseURL);
  const apiKey = options.apiKey ? checkKey("apiKey", options.apiKey) : undefined;
  const headers = {
    ...checkHeaders("clientOptions.defaultHeaders", clientOptions?.defaultHeaders),
    ...checkHeaders("headers", options.headers),
  };
  const supports = { ...SUPPORTS, ...known(options.supports) };
  const timeouts = options.timeouts ?? (isPrivateHost(baseURL) ? LOCAL_TIMEOUTS : undefined);
  let made: OpenAI | undefined;
  const client = () => {
    made ??= createClient({ baseURL, apiKey, headers, fetch, clientOptions });
    return made;
  };
  return {
    name,
    account: accountOf(baseURL, apiKey),
    supports,
    ...(timeouts && { timeouts }),
    get client() {
      return client();
    },
    redact: (text) => redact(text, { secrets: secretsOf(apiKey, headers) }),
    open: (request, context) =>
      openChatCompletion(request, context, { client, usageInStream: supports.usageInStream }),
  };
}

function known(supports: Partial<Supports> | undefined): Partial<Supports> {
  const result: Partial<Supports> = {};
  for (const [key, value] of Object.entries(supports ?? {})) {
    if (!Object.hasOwn(SUPPORTS, key)) throw new OptionsError(`supports.${key} is unknown`);
    if (value === undefined) continue;
    if (typeof value !== "boolean") throw new OptionsError(`supports.${key} must be true or false`);
    result[key as keyof Supports] = value;
  }
  return result;
}
