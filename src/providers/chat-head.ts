import type { OpenAI } from "openai";
import { REHEARSAL, type Rehearsal, type RequestHead } from "./exchange.js";
import { isFetchNative } from "./fetch.js";

/** All that a chat completion passes through in the client. */
const METHODS = [
  "post",
  "methodRequest",
  "request",
  "makeRequest",
  "prepareOptions",
  "buildRequest",
  "prepareRequest",
  "buildURL",
  "stringifyQuery",
  "defaultQuery",
  "buildHeaders",
  "authHeaders",
  "bearerAuth",
  "adminAPIKeyAuth",
  "getUserAgent",
  "validateHeaders",
  "buildBody",
  "fetchWithAuth",
  "fetchWithTimeout",
] as const;

/** What would send a request another way, or log it. */
const SETTINGS = ["fetch", "fetchOptions", "idempotencyHeader", "logLevel", "timeout"] as const;

/** None of them may be another one by now. */
export const PARTS = [...METHODS, ...SETTINGS];

/** What the head of a request is made of. */
const SOURCES = ["baseURL", "apiKey", "adminAPIKey", "organization", "project"] as const;

type Parts = Record<(typeof PARTS)[number], unknown>;
type Fields = Parts & Record<(typeof SOURCES)[number], unknown>;

/**
 * The head that one client puts before every chat completion. The client makes it anew for each, which takes longer than
 * all the rest of a short answer. As soon as anything in the client is not as it was made (a tracing library wraps a
 * method, the user replaces `fetch`) requests go through the client again.
 */
class ChatHead {
  readonly #client: OpenAI;
  readonly #create: unknown;
  readonly #made: Parts;
  readonly #pure: boolean;
  #known: { sources: readonly unknown[]; head: RequestHead } | undefined;

  constructor(client: OpenAI) {
    this.#client = client;
    this.#create = client.chat.completions.create;
    const fields = fieldsOf(client);
    this.#made = Object.fromEntries(PARTS.map((name) => [name, fields[name]])) as Parts;
    this.#pure = [this.#create, ...METHODS.map((name) => fields[name])].every(isMethod);
  }

  /** undefined: the request has to go through the client. */
  get(): RequestHead | undefined | Promise<RequestHead | undefined> {
    if (!this.#isUntouched()) return undefined;
    if (this.#known && this.#has(this.#known.sources)) return this.#known.head;
    return this.#learn();
  }

  async #learn(): Promise<RequestHead | undefined> {
    const sources = SOURCES.map((name) => fieldsOf(this.#client)[name]);
    const head = await rehearse(this.#client);
    if (!this.#isUntouched() || !this.#has(sources)) return undefined;
    this.#known = { sources, head };
    return head;
  }

  #isUntouched(): boolean {
    const { chat } = this.#client;
    return (
      this.#pure &&
      isFetchNative() &&
      chat.completions.create === this.#create &&
      isSame(fieldsOf(this.#client), this.#made)
    );
  }

  #has(sources: readonly unknown[]): boolean {
    const fields = fieldsOf(this.#client);
    return SOURCES.every((name, index) => fields[name] === sources[index]);
  }
}

/** Some of them are private, to TypeScript. */
function fieldsOf(client: OpenAI): Fields {
  return client as unknown as Fields;
}

/** Name by name: a loop over names takes many times as long, and before each request at that. */
function isSame(a: Parts, b: Parts): boolean {
  return (
    a.post === b.post &&
    a.methodRequest === b.methodRequest &&
    a.request === b.request &&
    a.makeRequest === b.makeRequest &&
    a.prepareOptions === b.prepareOptions &&
    a.buildRequest === b.buildRequest &&
    a.prepareRequest === b.prepareRequest &&
    a.buildURL === b.buildURL &&
    a.stringifyQuery === b.stringifyQuery &&
    a.defaultQuery === b.defaultQuery &&
    a.buildHeaders === b.buildHeaders &&
    a.authHeaders === b.authHeaders &&
    a.bearerAuth === b.bearerAuth &&
    a.adminAPIKeyAuth === b.adminAPIKeyAuth &&
    a.getUserAgent === b.getUserAgent &&
    a.validateHeaders === b.validateHeaders &&
    a.buildBody === b.buildBody &&
    a.fetchWithAuth === b.fetchWithAuth &&
    a.fetchWithTimeout === b.fetchWithTimeout &&
    a.fetch === b.fetch &&
    a.fetchOptions === b.fetchOptions &&
    a.idempotencyHeader === b.idempotencyHeader &&
    a.logLevel === b.logLevel &&
    a.timeout === b.timeout
  );
}

/** Lets the client do all but the sending. */
async function rehearse(client: OpenAI): Promise<RequestHead> {
  const rehearsal: Rehearsal = {};
  const options = { maxRetries: 0, fetchOptions: { [REHEARSAL]: rehearsal } as object };
  await client.chat.completions.create({ model: "", messages: [], stream: true }, options).asResponse();
  return rehearsal.head as RequestHead;
}

/** False for what a library that was loaded before us put round a method: only a class writes them so. */
function isMethod(value: unknown): boolean {
  if (typeof value !== "function") return false;
  return Function.prototype.toString
    .call(value)
    .replace(/^async /, "")
    .startsWith(`${value.name}(`);
}

const heads = new WeakMap<OpenAI, ChatHead>();

/** Says of a client that it sends by our fetch, and that all of its chat completions have the same head. */
export function keepHeadOf(client: OpenAI): void {
  heads.set(client, new ChatHead(client));
}

/** undefined for a client of the user's own. */
export function chatHeadOf(client: OpenAI): ChatHead | undefined {
  return heads.get(client);
}
