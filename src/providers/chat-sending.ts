import type { OpenAI } from "openai";
import { SignalError } from "../errors.js";
import { chatHeadOf } from "./chat-head.js";
import { EXCHANGE, type Exchange, type Reply, type RequestHead, replyHeaders } from "./exchange.js";
import { carryOut } from "./fetch.js";
import { sendByUndici } from "./undici-request.js";
import { webBytes } from "./web-bytes.js";

/** A chat completion whose reply is a 2xx. */
export interface SentChat {
  readonly reply: Reply;
  /** To be called when the answer is over. */
  onClose(): void;
}

const noop = () => {};

/**
 * Sends by the client, or as it would: where that is known, the request has left when this returns. What came instead of
 * a 2xx is in the exchange.
 */
export async function sendChat(
  client: OpenAI,
  body: object,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<SentChat> {
  const known = chatHeadOf(client)?.get();
  // Not by `instanceof`: some libraries put a Promise of their own in the place of JavaScript's.
  const head = known && "then" in known ? await known : known;
  return head
    ? { reply: await sendAsClient(head, body, exchange, signal), onClose: noop }
    : sendByClient(client, body, exchange, signal);
}

async function sendAsClient(
  head: RequestHead,
  body: object,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Reply> {
  const json = JSON.stringify(body);
  await carryOut(() => sendByUndici(head, json, signal), exchange, signal);
  if (!exchange.reply) throw new SignalError(exchange.failure ?? { kind: "aborted" });
  return exchange.reply;
}

async function sendByClient(
  client: OpenAI,
  body: object,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<SentChat> {
  // The client never removes its abort listener, so it gets a signal of our own, and ours leaves with the answer.
  const closer = new AbortController();
  const abort = () => closer.abort();
  signal.addEventListener("abort", abort, { once: true });
  const onClose = () => signal.removeEventListener("abort", abort);
  try {
    const sent = client.chat.completions.create(body as never, {
      signal: closer.signal,
      maxRetries: 0,
      fetchOptions: { [EXCHANGE]: exchange } as object,
    });
    const response = await beforeAbort(sent.asResponse() as Promise<Response>, signal);
    return { reply: exchange.reply ?? foreignReply(response, exchange), onClose };
  } catch (error) {
    onClose();
    closer.abort();
    throw error;
  }
}

/** Rejects at an abort whatever a user's fetch makes of it. */
function beforeAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new SignalError({ kind: "aborted" }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A client that the user brought may have a fetch that knows nothing of the Exchange. */
function foreignReply(response: Response, exchange: Exchange): Reply {
  const { status, headers, body } = response;
  const reply: Reply = { status, headers: replyHeaders(headers), ...webBytes(body) };
  exchange.onReply(reply);
  return reply;
}
