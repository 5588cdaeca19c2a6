import type { Dispatcher } from "undici";
import { SignalError } from "../errors.js";
import type { Signal } from "../types.js";
import { readErrorText } from "./body-text.js";
import {
  EXCHANGE,
  type Exchange,
  isEncoded,
  REHEARSAL,
  type Rehearsal,
  type Reply,
  replyHeaders,
} from "./exchange.js";
import { thrownSignal } from "./thrown.js";
import { badStatus, requestHead, sendByUndici } from "./undici-request.js";
import { webBytes } from "./web-bytes.js";

export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

type Init = RequestInit & { [EXCHANGE]?: Exchange; [REHEARSAL]?: Rehearsal; dispatcher?: Dispatcher };

const nativeFetch = globalThis.fetch;
const noop = () => {};

/** True while nobody has replaced the global fetch, as tracing and mocking libraries do after we were loaded. */
export function isFetchNative(): boolean {
  return globalThis.fetch === nativeFetch;
}

/**
 * The `fetch` that the `openai` client gets. Unlike the global one it follows no redirect, decompresses nothing, has no
 * clocks of its own, reads at most 64 KiB and 2 s of an error body, and throws at a status outside 200–599. With an Exchange
 * in `init` it reports there what it saw, and the Response of a 2xx has only what the client looks at.
 *
 * @param custom the user's own fetch, which then does the sending; it never sees the Exchange.
 */
export function createFetch(custom?: Fetch): Fetch {
  return async (url, init = {}) => {
    const { [EXCHANGE]: exchange, [REHEARSAL]: rehearsal, ...rest } = init as Init;
    if (rehearsal) {
      rehearsal.head = requestHead(url as string, rest);
      return new Response();
    }
    const chosen = custom ?? (isFetchNative() ? undefined : globalThis.fetch);
    if (!exchange) return direct(chosen, url, rest);
    const send = () => (chosen ? sendByFetch(chosen, url, rest) : sendOurWay(url, rest));
    return responseOf(await carryOut(send, exchange, rest.signal), exchange);
  };
}

/**
 * Sends and enters into the exchange what came of it: the reply of a 2xx, the failure of anything else.
 *
 * @throws what the sending threw, or SignalError for a status that is neither success nor error
 */
export async function carryOut(
  send: () => Promise<Reply>,
  exchange: Exchange,
  signal: AbortSignal | null | undefined,
): Promise<Reply> {
  let reply: Reply | undefined;
  try {
    signal?.throwIfAborted();
    reply = await send();
    signal?.throwIfAborted();
    exchange.onReply(reply);
    await enter(reply, exchange, signal);
    return reply;
  } catch (error) {
    reply?.destroy();
    exchange.failure ??= error instanceof SignalError ? error.signal : thrownSignal(error, false);
    throw error;
  }
}

/** A call the user makes with the client on their own: the usual Response, sent our way where that is possible. */
async function direct(chosen: Fetch | undefined, url: string | URL | Request, init: Init): Promise<Response> {
  const { body } = init;
  const plain = body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array;
  if (chosen || !plain || url instanceof Request) {
    return (chosen ?? nativeFetch)(url, { ...init, redirect: "manual" });
  }
  const exchange: Exchange = { onReply: noop };
  const reply = await sendOurWay(url, init);
  if (reply.status < 200 || reply.status > 299 || reply.status === 204) {
    await enter(reply, exchange, init.signal);
    return responseOf(reply, exchange);
  }
  init.signal?.addEventListener("abort", () => reply.destroy(), { once: true });
  if (init.signal?.aborted) reply.destroy();
  return new Response(reply.body as ConstructorParameters<typeof Response>[0], {
    status: reply.status,
    headers: reply.headers,
  });
}

async function sendByFetch(fetch: Fetch, url: string | URL | Request, init: Init): Promise<Reply> {
  const headers = new Headers(init.headers);
  headers.set("accept-encoding", "identity");
  const response = await fetch.call(undefined, url, { ...init, headers, redirect: "manual" });
  return {
    // What browsers make of a redirect that is not to be followed.
    status: response.type === "opaqueredirect" ? 302 : response.status,
    headers: replyHeaders(response.headers),
    ...webBytes(response.body),
  };
}

function sendOurWay(url: string | URL | Request, init: Init): Promise<Reply> {
  const head = requestHead(url as string | URL, init);
  return sendByUndici(head, (init.body ?? null) as string | Uint8Array | null, init.signal, init.dispatcher);
}

async function enter(reply: Reply, exchange: Exchange, signal: Init["signal"]): Promise<void> {
  const { status, headers } = reply;
  if (status >= 200 && status < 300) {
    const empty = status === 204 || status === 205;
    if (empty) reply.destroy();
    exchange.reply = empty ? { ...reply, body: null } : reply;
  } else if (status >= 400 && status < 600) {
    const failure: Signal = { kind: "http", status, headers, body: "" };
    exchange.failure = failure;
    if (isEncoded(reply)) reply.destroy();
    else await readErrorText(reply, signal, (text) => (failure.body = text));
  } else {
    reply.destroy();
    throw status >= 300 && status < 400 ? redirect(reply) : badStatus(status);
  }
}

function responseOf({ status, headers }: Reply, { reply, failure }: Exchange): Response {
  if (!reply) {
    return new Response(failure?.kind === "http" ? failure.body : null, {
      status,
      headers: new Headers([["content-type", headers["content-type"] ?? ""]]),
    });
  }
  if (!reply.body) return new Response(null, { status, headers });
  // The client looks at nothing else; a real Response would wrap the body in two web streams.
  return {
    ok: true,
    status,
    headers: new Headers(headers),
    body: reply.body,
    url: "",
  } as unknown as Response;
}

function redirect({ status, headers: { location } }: Reply): SignalError {
  // The origin only: paths and queries of a redirect may hold tokens.
  const to = location && URL.canParse(location) ? ` to ${new URL(location).origin}` : "";
  const message = `the server answered ${status}, a redirect${to}, which is never followed`;
  return new SignalError({ kind: "invalid", reason: "redirect", status, message });
}
