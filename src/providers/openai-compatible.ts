import type { OpenAI } from "openai";
import { OptionsError } from "../errors.js";
import { redact } from "../redaction.js";
import type { AttemptTimeouts, Provider, Supports } from "../types.js";
import { openChatCompletion } from "./chat-completions.js";
import { createClient, type PassedClientOptions, withClient } from "./client.js";
import {
  accountOf,
  checkBaseURL,
  checkHeaders,
  checkKey,
  isPrivateHost,
  secretsOf,
  serverOf,
} from "./endpoint.js";
import type { Fetch } from "./fetch.js";
import { asObject } from "./json.js";
import { redactor } from "./redactor.js";

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
  /**
   * Clock defaults of this endpoint: milliseconds above 0, or false to turn a clock off. On a private host it has 120 s
   * to connect and to the first token, where these say nothing else.
   */
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
  const timeouts = { ...(isPrivateHost(baseURL) && LOCAL_TIMEOUTS), ...clocks(options.timeouts) };
  let made: OpenAI | undefined;
  const client = () => {
    made ??= createClient({ baseURL, apiKey, headers, fetch, clientOptions });
    return made;
  };
  const provider: Provider = {
    name,
    account: accountOf(baseURL, apiKey),
    supports,
    timeouts,
    server: serverOf(baseURL),
    redact: redactor(secretsOf(apiKey, headers)),
    open: (request, context) =>
      openChatCompletion(request, context, { client, usageInStream: supports.usageInStream }),
  };
  return withClient(provider, client);
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

const CLOCKS: ReadonlySet<string> = new Set<keyof AttemptTimeouts>([
  "connectMs",
  "firstTokenMs",
  "idleMs",
  "attemptMs",
]);

function clocks(timeouts: unknown): Partial<AttemptTimeouts> {
  if (timeouts === undefined) return {};
  if (!asObject(timeouts)) throw new OptionsError(`timeouts must be an object, got ${shown(timeouts)}`);
  const result: Partial<AttemptTimeouts> = {};
  for (const [key, value] of Object.entries(timeouts as object)) {
    if (!CLOCKS.has(key))
      throw new OptionsError(`timeouts.${key} is not an option here, got ${shown(value)}`);
    if (value === undefined) continue;
    if (value !== false && !(Number.isFinite(value) && value > 0)) {
      throw new OptionsError(
        `timeouts.${key} must be > 0 (milliseconds), or false to turn it off, got ${shown(value)}`,
      );
    }
    result[key as keyof AttemptTimeouts] = value;
  }
  return result;
}

/** A wrong value in a few words; a key in the wrong place is not repeated. */
function shown(value: unknown): string {
  if (typeof value === "string") return redact(JSON.stringify(value.slice(0, 60)), { secrets: [] });
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
