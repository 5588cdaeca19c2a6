import type { OpenAI } from "openai";
import { OptionsError, SignalError } from "../errors.js";
import type { OpenContext, ProviderPart, WireRequest } from "../types.js";
import { readErrorText } from "./body-text.js";
import { type SentChat, sendChat } from "./chat-sending.js";
import { ChunkDecoder, hasError } from "./chunk.js";
import { type Exchange, isEncoded, type Reply, replyHeaders, requestIdOf } from "./exchange.js";
import { asObject, own, parse, text } from "./json.js";
import { PartStream } from "./part-stream.js";
import { RESPONSE_LIMIT, SSE_LIMITS, SseDecoder } from "./sse.js";
import { thrownSignal } from "./thrown.js";

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
  let sent: SentChat | undefined;
  try {
    const [limits, format] = [limitsFor(request), audioFormat(request)];
    const sending = sendChat(client(), streamed(request, usageInStream), exchange, signal);
    // Of the first request of a client nothing has been sent yet; any other is on its way, and nobody waits for this process.
    const decoders = { events: new SseDecoder(limits), chunks: new ChunkDecoder(format) };
    sent = await sending;
    const { reply, onClose } = sent;
    const json = isJson(reply);
    const refused = json === undefined ? await refusal(reply, signal) : undefined;
    // An abort in this very tick would come before the stream listens for it.
    if (signal.aborted) throw new SignalError({ kind: "aborted" });
    if (refused) throw refused;
    return new PartStream(reply, { json: json === true, ...decoders, signal, onClose });
  } catch (error) {
    sent?.onClose();
    sent?.reply.destroy();
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
  const options = usageInStream && {
    stream_options: Object.assign({}, asObject(request.stream_options), { include_usage: true }),
  };
  return Object.assign({}, request, { stream: true }, options);
}

/** Tells a JSON document from an event stream; undefined when it says to be neither. @throws SignalError when it is unusable */
function isJson(reply: Reply): boolean | undefined {
  const { status, headers } = reply;
  if (!reply.body || headers["content-length"] === "0") {
    throw new SignalError({ kind: "empty", reasoning: false, status });
  }
  if (isEncoded(reply)) {
    const message = "the reply is compressed although identity was asked for";
    throw new SignalError({ kind: "invalid", reason: "content_encoding", status, message });
  }
  const type = typeOf(reply).toLowerCase();
  if (type === "text/event-stream") return false;
  return JSON_TYPE.test(type) || undefined;
}

function typeOf({ headers }: Reply): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim() ?? "";
}

/** What a reply that is neither says. */
async function refusal(reply: Reply, signal: AbortSignal): Promise<SignalError> {
  const { status, headers } = reply;
  let start = "";
  await readErrorText(reply, signal, (soFar) => {
    start = soFar;
  });
  const body = asObject(parse(start));
  if (hasError(body)) return new SignalError({ kind: "error_body", body, headers, afterContent: false });
  const message = `expected an event stream or JSON, got ${typeOf(reply).slice(0, 100) || "no content type"}`;
  return new SignalError({ kind: "invalid", reason: "content_type", status, message });
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

function foreignFailure(error: unknown, exchange: Exchange): NonNullable<Exchange["failure"]> {
  const { status, headers: given, error: inner } = Object(error) as Record<string, unknown>;
  if (typeof status !== "number" || !(given instanceof Headers)) return thrownSignal(error, false);
  const headers = replyHeaders(given);
  exchange.onReply({ status, headers, body: null, destroy: () => {} });
  // The client keeps nothing of the body but what was in the envelope.
  return { kind: "http", status, headers, body: JSON.stringify({ error: inner ?? null }) };
}
