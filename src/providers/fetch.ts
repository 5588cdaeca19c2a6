import { type Dispatcher, request } from "undici";
import { SignalError } from "../errors.js";
import type { Signal } from "../types.js";
import { readErrorText } from "./body-text.js";
import { currentDispatcher } from "./dispatcher.js";
import { EXCHANGE, type Exchange, isEncoded, type Reply, replyHeaders } from "./exchange.js";
import { thrownSignal } from "./thrown.js";
import { webBytes } from "./web-bytes.js";

export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

type Init = RequestInit & { [EXCHANGE]?: Exchange; dispatcher?: Dispatcher };

const nativeFetch = globalThis.fetch;
const noop = () => {};

/**
 * The `fetch` that the `openai` client gets. Unlike the global one it follows no redirect, decompresses nothing, has no
 * clocks of its own, reads at most 64 KiB and 2 s of an error body, and throws at a status outside 200–599. With an Exchange
 * in `init` it reports there what it saw, and the Response of a 2xx has only what the client looks at.
 *
 * @param custom the user's own fetch, which then does the sending; it never sees the Exchange.
 */
export function createFetch(custom?: Fetch): Fetch {
  return async (url, init = {}) => {
    const { [EXCHANGE]: exchange, ...rest } = init as Init;
    // Read at call time: tracing and mocking libraries replace it after we were loaded.
    const chosen = custom ?? (globalThis.fetch === nativeFetch ? undefined : globalThis.fetch);
    if (!exchange) return direct(chosen, url, rest);
    try {
      rest.signal?.throwIfAborted();
      const reply = await (chosen ? sendByFetch(chosen, url, rest) : sendByUndici(url, rest));
      if (rest.signal?.aborted) {
        reply.destroy();
        rest.signal.throwIfAborted();
      }
      exchange.onReply(reply);
      return await answer(reply, exchange, rest.signal);
    } catch (error) {
      exchange.failure ??= error instanceof SignalError ? error.signal : thrownSignal(error, false);
      throw error;
    }
  };
}

/** A call the user makes with the client on their own: the usual Response, sent our way where that is possible. */
async function direct(chosen: Fetch | undefined, url: string | URL | Request, init: Init): Promise<Response> {
  const { body } = init;
  const plain = body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array;
  if (chosen || !plain || url instanceof Request) {
    return (chosen ?? nativeFetch)(url, { ...init, redirect: "manual" });
  }
  const exchange: Exchange = { onReply: noop };
  const reply = await sendByUndici(url, init);
  if (reply.status < 200 || reply.status > 299 || reply.status === 204)
    return answer(reply, exchange, init.signal);
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

async function sendByUndici(url: string | URL | Request, init: Init): Promise<Reply> {
  const headers = { ...replyHeaders(new Headers(init.headers)), "accept-encoding": "identity" };
  const response = await request(url as string | URL, {
    method: (init.method ?? "GET") as Dispatcher.HttpMethod,
    headers,
    body: (init.body ?? null) as string | Uint8Array | null,
    signal: init.signal ?? null,
    dispatcher: init.dispatcher ?? currentDispatcher(),
    headersTimeout: 0,
    bodyTimeout: 0,
  }).catch((error: unknown) => {
    // undici asserts that a status is at least 100.
    if ((error as { code?: string } | null)?.code === "ERR_ASSERTION") throw badStatus(undefined);
    throw error;
  });
  // A body that is destroyed unread emits an error that nobody waits for.
  response.body.on("error", noop);
  return {
    status: response.statusCode,
    headers: replyHeaders(Object.entries(response.headers)),
    body: response.body,
    destroy: () => void response.body.destroy(),
  };
}

async function answer(reply: Reply, exchange: Exchange, signal: Init["signal"]): Promise<Response> {
  const { status, headers } = reply;
  if (status >= 200 && status < 300) {
    const empty = status === 204 || status === 205;
    if (empty) reply.destroy();
    exchange.reply = empty ? { ...reply, body: null } : reply;
    if (empty) return new Response(null, { status, headers });
    // The client looks at nothing else; a real Response would wrap the body in two web streams.
    return {
      ok: true,
      status,
      headers: new Headers(headers),
      body: reply.body,
      url: "",
    } as unknown as Response;
  }
  if (status >= 400 && status < 600) {
    const failure: Signal = { kind: "http", status, headers, body: "" };
    exchange.failure = failure;
    if (isEncoded(reply)) reply.destroy();
    else await readErrorText(reply, signal, (text) => (failure.body = text));
    return new Response(failure.body, {
      status,
      headers: new Headers([["content-type", headers["content-type"] ?? ""]]),
    });
  }
  reply.destroy();
  throw status >= 300 && status < 400 ? redirect(reply) : badStatus(status);
}

function badStatus(status: number | undefined): SignalError {
  const message = `the server sent the HTTP status ${status ?? "0xx"}`;
  return new SignalError({
    kind: "invalid",
    reason: "status",
    message,
    ...(status !== undefined && { status }),
  });
}

function redirect({ status, headers: { location } }: Reply): SignalError {
  // The origin only: paths and queries of a redirect may hold tokens.
  const to = location && URL.canParse(location) ? ` to ${new URL(location).origin}` : "";
  const message = `the server answered ${status}, a redirect${to}, which is never followed`;
  return new SignalError({ kind: "invalid", reason: "redirect", status, message });
}
