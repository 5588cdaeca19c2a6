import { createRequire } from "node:module";
import type { ClientOptions, OpenAI } from "openai";
import { keepHeadOf } from "./chat-head.js";
import type { HeaderValues } from "./endpoint.js";
import { createFetch, type Fetch } from "./fetch.js";

const require = createRequire(import.meta.url);

/** The largest delay a timer can hold; a larger one would fire at once. */
const NEVER_MS = 2_147_483_647;

/** What may be passed on to the `openai` client; its `maxRetries` and `timeout` are the chain's and have no effect. */
export type PassedClientOptions = Omit<ClientOptions, "apiKey" | "baseURL" | "provider" | "workloadIdentity">;

export interface CreateClientOptions {
  baseURL: string;
  /** Without one no Authorization header is sent. */
  apiKey?: string | undefined;
  /** Checked ones (see `checkHeaders`), sent with every request. */
  headers?: HeaderValues;
  /** Does the sending in place of undici. */
  fetch?: Fetch | undefined;
  clientOptions?: PassedClientOptions | undefined;
}

/** Options that make nothing of one request different from the next, or have no effect. */
const CONSTANT: ReadonlySet<string> = new Set<keyof PassedClientOptions>([
  "adminAPIKey",
  "defaultHeaders",
  "logLevel",
  "logger",
  "maxRetries",
  "organization",
  "project",
  "timeout",
  "webhookSecret",
]);

let QuietOpenAI: typeof OpenAI | undefined;

/** Loaded late: it takes 150 ms, which an import of this package should not pay. */
function load(): typeof OpenAI {
  if (QuietOpenAI) return QuietOpenAI;
  const module = require("openai") as { OpenAI: typeof OpenAI };
  // Named so because the client sends the name of its class as user agent.
  QuietOpenAI = class OpenAI extends module.OpenAI {
    constructor(options?: ClientOptions) {
      // The one variable that no option turns off: it would send the headers of another service to this host.
      const saved = process.env.OPENAI_CUSTOM_HEADERS;
      if (saved !== undefined) delete process.env.OPENAI_CUSTOM_HEADERS;
      try {
        super(options);
      } finally {
        if (saved !== undefined) process.env.OPENAI_CUSTOM_HEADERS = saved;
      }
    }
  };
  return QuietOpenAI;
}

/** Adds the client to a provider, hidden from whatever walks over it: a log of the provider would show the key in it. */
export function withClient<P extends object>(
  provider: P,
  client: () => OpenAI,
): P & { readonly client: OpenAI } {
  return Object.defineProperty(provider, "client", { get: client }) as P & { readonly client: OpenAI };
}

/** An `openai` client on our transport. It reads no OPENAI_* variable, retries nothing and has no clock. */
export function createClient(options: CreateClientOptions): OpenAI {
  const { apiKey, clientOptions = {} } = options;
  const client = new (load())({
    ...clientOptions,
    // Each of these would come from the environment if it were undefined.
    organization: clientOptions.organization ?? null,
    project: clientOptions.project ?? null,
    adminAPIKey: clientOptions.adminAPIKey ?? null,
    webhookSecret: clientOptions.webhookSecret ?? null,
    apiKey: apiKey ?? "none",
    baseURL: options.baseURL,
    logLevel: "off",
    maxRetries: 0,
    timeout: NEVER_MS,
    defaultHeaders: { ...options.headers, ...(apiKey === undefined && { Authorization: null }) },
    fetch: createFetch(options.fetch ?? clientOptions.fetch),
  });
  if (!options.fetch && Object.keys(clientOptions).every((name) => CONSTANT.has(name))) keepHeadOf(client);
  return client;
}
