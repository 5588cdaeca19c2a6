import { STATUS_CODES } from "node:http";
import type { RetryAfter } from "./answer.js";
import { ACCOUNT_ERRORS, type BodyContext, type ErrorReply, REQUEST_ERRORS } from "./bodies.js";
import { CONTEXT_ERRORS } from "./context-bodies.js";
import { LOAD_ERRORS } from "./load-bodies.js";
import { MODEL_ERRORS } from "./model-bodies.js";
import { end, head, type Op, send, wait } from "./ops.js";
import type { Plan } from "./plan.js";

/** Every HTTP error with its words. */
export const HTTP_FAULTS = {
  ...REQUEST_ERRORS,
  ...CONTEXT_ERRORS,
  ...ACCOUNT_ERRORS,
  ...MODEL_ERRORS,
  ...LOAD_ERRORS,
} satisfies Record<string, ErrorReply>;

export type HttpFaultName = keyof typeof HTTP_FAULTS;

function retryAfterText(hint: RetryAfter): string | undefined {
  if (hint === null) return undefined;
  if (typeof hint === "object") return new Date(Date.now() + hint.inSeconds * 1000).toUTCString();
  return String(hint);
}

/** An error before the stream, with the headers of one; `generationId` where a model was reached. */
export function errorReply(
  reply: ErrorReply,
  context: BodyContext,
  hint?: RetryAfter,
  generationId?: string,
) {
  const retryAfter = hint === undefined ? (reply.retryAfter ?? null) : hint;
  const seconds = typeof retryAfter === "number" ? { retryAfter } : {};
  const value: unknown =
    typeof reply.body === "function" ? reply.body({ ...context, ...seconds }) : reply.body;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const header = retryAfterText(retryAfter);
  const headers: Record<string, string> = {
    "Content-Type": reply.contentType ?? "application/json",
    ...(header === undefined ? {} : { "Retry-After": header }),
    ...(generationId === undefined ? {} : { "X-Generation-Id": generationId }),
    "Access-Control-Allow-Origin": "*",
    ...reply.headers,
    "Content-Length": String(Buffer.byteLength(text)),
  };
  return { status: reply.status, headers, text };
}

/** Status and words of an error, as a line of documentation. */
export function describeReply(reply: ErrorReply): string {
  const { status, headers, text } = errorReply(reply, {
    model: "author/model",
    promptTokens: 1,
    provider: "Provider",
  });
  const raw = /"raw":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const message = /"message":("(?:[^"\\]|\\.)*")/.exec(raw === undefined ? text : JSON.parse(raw));
  const words: string =
    message?.[1] === undefined ? (raw === undefined ? text : JSON.parse(raw)) : JSON.parse(message[1]);
  const line = words.replace(/\s+/g, " ").trim();
  const hint = headers["Retry-After"] === undefined ? "" : ` (Retry-After: ${headers["Retry-After"]})`;
  if (reply.contentType?.startsWith("text/html")) return `${status}${hint}: an HTML page of Cloudflare`;
  return `${status}${hint}: ${line === "" ? "no body" : line.length > 110 ? `${line.slice(0, 110)}…` : line}`;
}

/** The acts of an HTTP error in answer to a model request. */
export function* httpOps(reply: ErrorReply, plan: Plan): Generator<Op> {
  const { occasion, provider, pace } = plan;
  const { script, model, promptTokens, id } = occasion;
  const { status, headers, text } = errorReply(
    reply,
    { model, promptTokens, provider },
    script.retryAfter,
    id,
  );
  yield wait(pace.headersMs);
  yield head(status, { ...headers, ...script.headers });
  if (text !== "") yield send(text);
  yield end;
}

/** `fault: "http"`: whatever the script says. */
export function customReply(plan: Plan): ErrorReply {
  const { status = 500, body } = plan.occasion.script;
  const text = body ?? { error: { message: STATUS_CODES[status] ?? "Error", code: status } };
  return {
    status,
    body: text,
    ...(typeof body === "string" ? { contentType: "text/plain; charset=UTF-8" } : {}),
  };
}
