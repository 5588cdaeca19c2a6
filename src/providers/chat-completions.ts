import type { OpenAI } from "openai";
import { OptionsError, SignalError } from "../errors.js";
import type { OpenContext, ProviderPart, WireRequest } from "../types.js";
import { readErrorText } from "./body-text.js";
import { hasError } from "./chunk.js";
import { EXCHANGE, type Exchange, isEncoded, type Reply, replyHeaders, requestIdOf } from "./exchange.js";
import { asObject, own, parse, text } from "./json.js";
import { PartStream } from "./part-stream.js";
import { RESPONSE_LIMIT, SSE_LIMITS } from "./sse.js";
import { thrownSignal } from "./thrown.js";
import { webBytes } from "./web-bytes.js";

const JSON_TYPE = /^(?:application|text)\/(?:[\w.+-]+\+)?json$/;

export interface OpenChatOptions {
  client: () => OpenAI;
  /** Asks for the usage chunk with `stream_options`. */
  usageInStream: boolean;
}

/**
 * Sends one streamed chat completion. Resolves when the head of a 2xx is in and its type is right.
 *
 * @throws SignalError with the raw evidence; OptionsError when the client cannot be built
 */
export async function openChatCompletion(
  request: WireRequest,
  context: OpenContext,
  { client, usageInStream }: OpenChatOptions,
): Promise<AsyncIterable<readonly ProviderPart[]>> {
  const { signal } = context;
  if (signal.aborted) throw new SignalError({ kind: "aborted" });
  const exchange: Exchange = {
    onReply({ status, headers }) {
      const requestId = requestIdOf(headers);
      context.onHeaders({ status, ...(requestId !== undefined && { requestId }) });
    },
  };
  // The client never removes its abort listener, so it gets a signal of our own, and ours leaves with the answer.
  const closer = new AbortController();
  const abort = () => closer.abort();
  signal.addEventListener("abort", abort, { once: true });
  const onClose = () => signal.removeEventListener("abort", abort);
  try {
    const body = streamed(request, usageInStream);
    const sent = client().chat.completions.create(body as never, {
      signal: closer.signal,
      maxRetries: 0,
      fetchOptions: { [EXCHANGE]: exchange } as object,
    });
    const response = await beforeAbort(sent.asResponse() as Promise<Response>, signal);
    const reply = exchange.reply ?? foreignReply(response, exchange);
    const json = await beforeAbort(isJson(reply, signal), signal);
    // An abort in this very tick would come before the stream listens for it.
    if (signal.aborted) throw new SignalError({ kind: "aborted" });
    return new PartStream(reply, {
      json,
      limits: limitsFor(request),
      audioFormat: audioFormat(request),
      signal,
      onClose,
    });
  } catch (error) {
    onClose();
    closer.abort();
    exchange.reply?.destroy();
    throw reported(error, exchange, signal);
  }
}

/** What the engine gets to see of an error that ended `open`. */
function reported(error: unknown, exchange: Exchange, signal: AbortSignal): Error {
  if (error instanceof OptionsError || error instanceof SignalError) {
    return exchange.failure?.kind === "http" ? new SignalError(exchange.failure) : error;
  }
  if (signal.aborted && exchange.failure?.kind !== "http") return new SignalError({ kind: "aborted" });
  return new SignalError(exchange.failure ?? foreignFailure(error, exchange));
}

function streamed(request: WireRequest, usageInStream: boolean): Record<string, unknown> {
  const body: Record<string, unknown> = { ...request, stream: true };
  if (usageInStream) body.stream_options = { ...asObject(request.stream_options), include_usage: true };
  return body;
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

/** Tells a JSON document from an event stream. @throws SignalError when the reply is neither */
async function isJson(reply: Reply, signal: AbortSignal): Promise<boolean> {
  const { status, headers } = reply;
  if (!reply.body || headers["content-length"] === "0") {
    reply.destroy();
    throw new SignalError({ kind: "empty", reasoning: false, status });
  }
  if (isEncoded(reply)) {
    reply.destroy();
    const message = "the reply is compressed although identity was asked for";
    throw new SignalError({ kind: "invalid", reason: "content_encoding", status, message });
  }
  const given = (headers["content-type"] ?? "").split(";", 1)[0]?.trim() ?? "";
  const type = given.toLowerCase();
  if (type === "text/event-stream") return false;
  if (JSON_TYPE.test(type)) return true;
  let start = "";
  await readErrorText(reply, signal, (soFar) => {
    start = soFar;
  });
  const body = asObject(parse(start));
  if (hasError(body)) throw new SignalError({ kind: "error_body", body, headers, afterContent: false });
  const message = `expected an event stream or JSON, got ${given.slice(0, 100) || "no content type"}`;
  throw new SignalError({ kind: "invalid", reason: "content_type", status, message });
}

/** Images and audio come as base64 in one line, megabytes long; only who asks for them gets such lines. */
function limitsFor(request: WireRequest): typeof SSE_LIMITS {
  const modalities: unknown = request.modalities;
  const media = Array.isArray(modalities) && modalities.some((modality) => modality !== "text");
  return media ? { line: RESPONSE_LIMIT, event: RESPONSE_LIMIT } : SSE_LIMITS;
}

function audioFormat(request: WireRequest): string | undefined {
  return text(own(asObject(request.audio), "format"));
}

/** A client that the user brought may have a fetch that knows nothing of the Exchange. */
function foreignReply(response: Response, exchange: Exchange): Reply {
  const { status, headers, body } = response;
  const reply: Reply = { status, headers: replyHeaders(headers), ...webBytes(body) };
  exchange.onReply(reply);
  return reply;
}

function foreignFailure(error: unknown, exchange: Exchange): NonNullable<Exchange["failure"]> {
  const { status, headers: given, error: inner } = Object(error) as Record<string, unknown>;
  if (typeof status !== "number" || !(given instanceof Headers)) return thrownSignal(error, false);
  const headers = replyHeaders(given);
  exchange.onReply({ status, headers, body: null, destroy: () => {} });
  // The client keeps nothing of the body but what was in the envelope.
  return { kind: "http", status, headers, body: JSON.stringify({ error: inner ?? null }) };
}
