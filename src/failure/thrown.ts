import type { ClockPhase, FailureClass } from "../types.js";
import { code, type Fields } from "./evidence.js";

/** What an error that was thrown means. */
export interface Thrown {
  class: FailureClass;
  message: string;
  code?: string;
  phase?: ClockPhase;
}

/** An HTTP answer inside an error, as the clients of `openai` and `undici` throw it. */
export interface ThrownAnswer {
  status?: number;
  headers: Record<string, string>;
  body: unknown;
}

/** Errors looked at, through `cause` and `AggregateError.errors`. */
const MAX_ERRORS = 16;

// Node's names of what OpenSSL found wrong with a certificate, and of a failed handshake.
const TLS =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|CRL_|ERROR_IN_C|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|EPROTO$|UND_ERR_PRX_TLS$)/;
const TRANSPORT =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|NOTFOUND|AI_\w+|(?:HOST|NET)(?:UNREACH|DOWN)|NETRESET|TIMEDOUT|ADDRNOTAVAIL|ADDRINUSE|ACCES|PERM|MFILE|NFILE|NOTCONN|NOBUFS|NOENT)|UND_ERR_\w+|HPE_\w+|ERR_SOCKET_\w+|ERR_HTTP2_\w+|ERR_STREAM_\w+)$/;
// Bytes arrived and they are not what HTTP or the encoding allows; asking again would bring them again.
const GARBAGE =
  /^(?:UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW|UND_ERR_RES_EXCEEDED_MAX_SIZE|Z_\w+|ERR_ENCODING_INVALID_ENCODED_DATA|ERR__ERROR_\w+)$/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the server",
  EPIPE: "connection closed while sending",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name lookup failed",
  ETIMEDOUT: "connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "connection timed out",
  UND_ERR_SOCKET: "connection closed by the server",
  UND_ERR_HEADERS_OVERFLOW: "response headers are too large",
  HPE_HEADER_OVERFLOW: "response headers are too large",
};

const NOT_HTTP = "the server does not speak HTTP";

// What fetch and the openai client say when they give no code. Compared whole: other messages may hold a key.
const LOST = new Set([
  "fetch failed",
  "terminated",
  "connection error.",
  "network error",
  "failed to fetch",
  "premature close",
]);

/** Reads a thrown value by names and codes; its message is never repeated, since it may quote a header. */
export function readThrown(error: unknown): Thrown {
  const errors = errorsIn(error);
  const names = errors.map((each) => code(read(each, "name")));
  const messages = errors.map((each) => plainMessage(each));
  const codes = errors.map((each) => code(read(each, "code"))).filter((each) => each !== undefined);

  if (names.includes("AbortError") || messages.includes("request was aborted.")) {
    return { class: "aborted", message: "the request was aborted" };
  }
  const found = codes.map(byCode).find((each) => each !== undefined);
  if (found) return found;
  if (names.includes("TimeoutError") || messages.includes("request timed out.")) {
    return { class: "timeout", message: "the request timed out" };
  }
  // undici's parser gives most of its errors no code, and meets a status below 100 with an assertion.
  if (names.includes("HTTPParserError") || codes.includes("ERR_ASSERTION")) {
    return { class: "network", message: NOT_HTTP, ...(codes[0] && { code: codes[0] }) };
  }
  if (messages.some((message) => LOST.has(message)))
    return { class: "network", message: "the connection failed" };
  if (names.includes("SyntaxError") || names.includes("ParseError")) {
    return { class: "invalid_response", message: "the answer could not be parsed" };
  }
  const kind = names[0] ?? typeof error;
  const detail = codes[0] ? `${kind}, ${codes[0]}` : kind;
  return { class: "unknown", message: `unexpected error (${detail})`, ...(codes[0] && { code: codes[0] }) };
}

/** The HTTP answer that an error carries, if it carries one. */
export function answerIn(error: unknown): ThrownAnswer | undefined {
  for (const each of errorsIn(error)) {
    const status = read(each, "status") ?? read(each, "statusCode");
    const isStatus = typeof status === "number" && status >= 400 && status <= 599;
    const error = read(each, "error");
    const isError = typeof error === "object" && error !== null;
    if (!isStatus && !isError) continue;
    // The openai client hands on what was inside the envelope, undici the body as it came.
    const body = isError ? { error } : (read(each, "body") ?? read(each, "responseBody"));
    return { ...(isStatus && { status }), headers: plainHeaders(read(each, "headers")), body };
  }
  return undefined;
}

/** Whether a code names a failure of TLS. */
export function isTlsCode(name: string | undefined): boolean {
  return name !== undefined && TLS.test(name);
}

function byCode(name: string): Thrown | undefined {
  if (name === "ABORT_ERR" || name === "UND_ERR_ABORTED" || name === "UND_ERR_ABORT") {
    return { class: "aborted", message: "the request was aborted" };
  }
  if (name === "UND_ERR_HEADERS_TIMEOUT") {
    return { class: "timeout", phase: "connect", code: name, message: "no response headers in time" };
  }
  if (name === "UND_ERR_BODY_TIMEOUT") {
    return { class: "timeout", phase: "idle", code: name, message: "the response body stalled" };
  }
  if (GARBAGE.test(name)) {
    return {
      class: "invalid_response",
      code: name,
      message: `${WORDS[name] ?? "the answer is malformed"} (${name})`,
    };
  }
  if (isTlsCode(name)) return { class: "network", code: name, message: `TLS failed (${name})` };
  // A wrong argument is our caller's or our own mistake, not the network's.
  if (name === "UND_ERR_INVALID_ARG" || name === "UND_ERR_NOT_SUPPORTED") return undefined;
  if (!TRANSPORT.test(name)) return undefined;
  const words = WORDS[name] ?? (name.startsWith("HPE_") ? NOT_HTTP : "the connection failed");
  return { class: "network", code: name, message: `${words} (${name})` };
}

function errorsIn(error: unknown): unknown[] {
  const found: unknown[] = [error];
  for (let at = 0; at < found.length && found.length < MAX_ERRORS; at++) {
    const inner = read(found[at], "errors");
    const next = [read(found[at], "cause"), ...(Array.isArray(inner) ? inner.slice(0, 4) : [])];
    for (const each of next) {
      if (typeof each === "object" && each !== null && !found.includes(each)) found.push(each);
    }
  }
  return found;
}

/** A property that may be inherited, as a DOMException's are, and may throw. */
function read(object: unknown, key: string): unknown {
  if (typeof object !== "object" || object === null) return undefined;
  try {
    return (object as Fields)[key];
  } catch {
    return undefined;
  }
}

function plainMessage(error: unknown): string {
  const message = read(error, "message");
  return typeof message === "string" ? message.slice(0, 64).toLowerCase() : "";
}

function plainHeaders(headers: unknown): Record<string, string> {
  if (headers instanceof Headers) return Object.fromEntries(headers);
  return typeof headers === "object" && headers !== null && !Array.isArray(headers)
    ? (headers as Record<string, string>)
    : {};
}
