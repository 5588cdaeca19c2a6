import type { Dispatcher } from "undici";
import type { Signal } from "../types.js";
import { undici } from "./undici.js";

/** Response headers, lower-case names; repeated ones joined by ", ". `set-cookie` is left out. */
export type ReplyHeaders = Record<string, string>;

/** A response as the transport saw it, before any decoding. */
export interface Reply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** Bytes as they came, one chunk per network read; null where the response has none. */
  readonly body: AsyncIterable<Uint8Array> | null;
  /** Closes the connection; harmless after the body has ended. */
  destroy(): void;
  /** True when all of the body has been read from the wire; absent where nobody can tell. */
  isComplete?(): boolean;
}

/** What a request has beside its body. */
export interface RequestHead {
  readonly origin: string;
  readonly path: string;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
}

/** Travels with one request through the `openai` client to our fetch and back: the client drops most of this. */
export interface Exchange {
  onReply(reply: Reply): void;
  /** Set for a 2xx. */
  reply?: Reply;
  /** What went wrong, when it was no 2xx or no response. */
  failure?: Signal;
}

/** The key of an Exchange in the `fetchOptions` of a request. A symbol, so that it can be no header or body. */
export const EXCHANGE = Symbol("exchange");

/** Takes the place of an Exchange in a request that is not to be sent, to learn its head. */
export interface Rehearsal {
  head?: RequestHead;
}

export const REHEARSAL = Symbol("rehearsal");

/** Where the id of a request may be, most specific first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-generation-id", "cf-ray"];

export function requestIdOf(headers: ReplyHeaders): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers[name];
    if (value) return value.slice(0, 200);
  }
  return undefined;
}

/** Headers for a Signal. */
export function replyHeaders(
  entries: Iterable<readonly [string, string | string[] | undefined]>,
): ReplyHeaders {
  const headers: ReplyHeaders = Object.create(null);
  for (const [name, value] of entries) enter(headers, name.toLowerCase(), value);
  return headers;
}

/** The same of what undici's handlers get: names and values by turns. */
export function rawReplyHeaders(raw: Buffer[]): ReplyHeaders {
  // Its names are in lower case.
  const parsed = undici().util.parseHeaders(raw);
  const headers: ReplyHeaders = Object.create(null);
  for (const name of Object.keys(parsed)) enter(headers, name, parsed[name]);
  return headers;
}

/** Cookies are secrets and tell nothing. */
function enter(headers: ReplyHeaders, name: string, value: string | string[] | undefined): void {
  if (value === undefined || name === "set-cookie") return;
  headers[name] = typeof value === "string" ? value : value.join(", ");
}

/** True when the body is compressed although we asked for `identity`; it is never inflated. */
export function isEncoded(reply: Reply): boolean {
  const encoding = reply.headers["content-encoding"]?.trim().toLowerCase();
  return encoding !== undefined && encoding !== "" && encoding !== "identity";
}
