import { as, type Diagnosis } from "./failure/case.js";
import { contextSizes } from "./failure/context-length.js";
import { diagnose } from "./failure/diagnosis.js";
import { type Evidence, readEvidence } from "./failure/evidence.js";
import { finishMeaning } from "./failure/finish-reason.js";
import { answerIn, isTlsCode, readThrown } from "./failure/thrown.js";
import { clockWords, codeOf, lineOf, wordsOf } from "./failure/wording.js";
import { sanitizeText } from "./redaction.js";
import { retryAfterMs, statedWaitMs } from "./retry-after.js";
import type { Failure, FailureClass, Signal } from "./types.js";

type Headers = Record<string, string>;

/** Where to look for an id to give to support, best first. */
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-generation-id", "cf-ray"];
/** Classes after which a server's wish to wait makes sense. */
const WAITING: ReadonlySet<FailureClass> = new Set([
  "rate_limit",
  "overloaded",
  "server_error",
  "timeout",
  "unknown",
]);
export interface ClassifyOptions {
  /** Unix milliseconds against which dates are read; default `Date.now()`. */
  wallNow?: number;
}

/**
 * Says what a piece of evidence means. Pure but for the default of `wallNow`; never throws; anything it does not
 * recognise is `unknown`. A thrown `AbortError` is `aborted`: whoever aborts for another reason has to signal that instead.
 *
 * What ends a stream after content is `stream_interrupted`, with the class it would have had before as `inner`; only
 * `content_filter` and `aborted` keep their class.
 */
export function classify(signal: Signal, options: ClassifyOptions = {}): Failure {
  try {
    return classifySignal(signal, options.wallNow ?? Date.now());
  } catch {
    // Evidence with hostile getters or proxies.
    return failure(as("unknown"), "the failure could not be read");
  }
}

/** True for a failed handshake or certificate: the same target will fail the same way again. */
export function isTlsFailure(failure: Failure): boolean {
  return (failure.class === "network" || failure.inner === "network") && isTlsCode(failure.code);
}

function classifySignal(signal: Signal, wallNow: number): Failure {
  switch (signal.kind) {
    case "aborted":
      return failure(as("aborted"), signal.message || "the caller aborted the call");
    case "deadline":
      return failure(as("deadline"), `the deadline of ${signal.ms} ms passed`);
    case "timeout":
      return { ...failure(as("timeout"), clockWords(signal)), phase: signal.phase };
    case "thrown":
      return interruptedIf(signal.afterContent, thrown(signal.error, wallNow));
    case "http":
      return http(signal, wallNow);
    case "error_body":
      return interruptedIf(
        signal.afterContent,
        answer(readEvidence(signal.body), undefined, signal.headers, wallNow),
      );
    case "eof":
      return interruptedIf(signal.afterContent, failure(as("empty_response"), eofWords(signal.afterContent)));
    case "empty":
      return empty(signal);
    case "refusal":
      return { ...failure(as("content_filter"), `the model refused: ${signal.text}`), code: "refusal" };
    case "finish":
      return finish(signal);
    case "invalid":
      return invalid(signal);
    default:
      return failure(as("unknown"), "an unknown kind of failure");
  }
}

function http({ status, headers, body }: Signal & { kind: "http" }, wallNow: number): Failure {
  const evidence = readEvidence(body);
  if (status >= 400 && status <= 599) return answer(evidence, status, headers, wallNow);
  const head = requestIdIn(headers);
  if (status >= 300 && status <= 399) {
    return {
      ...failure(as("invalid_response", "provider"), `HTTP ${status}: redirects are not followed`),
      status,
      ...head,
    };
  }
  if (status >= 200 && status <= 299 && evidence.structured && evidence.found) {
    return answer(evidence, undefined, headers, wallNow);
  }
  const shown = Number.isInteger(status) ? { status } : {};
  return { ...failure(as("invalid_response"), `HTTP ${status}: not an answer`), ...shown, ...head };
}

function answer(
  evidence: Evidence,
  httpStatus: number | undefined,
  given: Headers | undefined,
  wallNow: number,
): Failure {
  const headers = given ?? {};
  const { status, ...diagnosis } = diagnose(evidence, httpStatus);
  const code = codeOf(evidence);
  const upstream = sanitizeText(evidence.providerName ?? evidence.chunkProvider ?? "", 64);
  const wait = waitIn(diagnosis.class, headers, evidence, wallNow);
  return {
    ...failure(diagnosis, wordsOf(evidence, status)),
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code }),
    ...(wait !== undefined && { retryAfterMs: wait }),
    ...requestIdIn(headers),
    ...(upstream && { upstream }),
    ...(diagnosis.class === "context_length" && sizesIn(evidence)),
  };
}

function waitIn(
  name: FailureClass,
  headers: Headers,
  { error }: Evidence,
  wallNow: number,
): number | undefined {
  if (name === "rate_limit") return retryAfterMs(headers, error, wallNow);
  return WAITING.has(name) ? statedWaitMs(headers, error, wallNow) : undefined;
}

function sizesIn({
  texts,
  contextTokens,
  promptTokens,
}: Evidence): Pick<Failure, "limitTokens" | "neededTokens" | "outputTokens"> {
  return {
    ...contextSizes(texts.join("\n").slice(0, 4096).toLowerCase()),
    ...(contextTokens !== undefined && { limitTokens: contextTokens }),
    ...(promptTokens !== undefined && { neededTokens: promptTokens }),
  };
}

function thrown(error: unknown, wallNow: number): Failure {
  const found = answerIn(error);
  if (found) return answer(readEvidence(found.body), found.status, found.headers, wallNow);
  const { class: name, message, ...facts } = readThrown(error);
  return { ...failure(as(name), message), ...facts };
}

function empty({ finishReason, reasoning, status = 200 }: Signal & { kind: "empty" }): Failure {
  if (status !== 200) return { ...failure(as("invalid_response"), `HTTP ${status}: not an answer`), status };
  const reason = sanitizeText(finishReason ?? "", 64);
  if (finishMeaning(reason) === "content_filter") {
    return { ...failure(as("content_filter"), `no answer: ${reason}`), code: reason };
  }
  const what = reasoning ? "only reasoning and no answer" : "no text and no tool call";
  return failure(as("empty_response"), reason ? `${what} (finish reason ${reason})` : what);
}

function finish({ reason, detail = "", afterContent }: Signal & { kind: "finish" }): Failure {
  const filtered = reason === "content_filter" || finishMeaning(detail) === "content_filter";
  const found = failure(
    as(filtered ? "content_filter" : "server_error"),
    finishWords(reason, filtered, detail),
  );
  return interruptedIf(afterContent, found);
}

function finishWords(reason: string, filtered: boolean, detail: string): string {
  const shown = sanitizeText(detail, 64);
  if (reason === "unknown" && !filtered) {
    return `the answer ended with the unknown finish reason "${shown}", which does not say that it is whole`;
  }
  const words = `the answer ended with finish reason ${filtered ? "content_filter" : "error"}`;
  return shown ? `${words}: ${shown}` : words;
}

function invalid({ reason, message, status }: Signal & { kind: "invalid" }): Failure {
  const scope = reason === "redirect" ? "provider" : "model";
  return {
    ...failure(as("invalid_response", scope), message || `the answer is invalid (${reason})`),
    code: reason,
    ...(status !== undefined && { status }),
  };
}

function eofWords(afterContent: boolean): string {
  return afterContent ? "the stream ended in the middle of the answer" : "the stream ended without an answer";
}

function interruptedIf(afterContent: boolean, found: Failure): Failure {
  if (!afterContent || found.class === "content_filter" || found.class === "aborted") return found;
  // The phase belongs to class `timeout` alone.
  const { phase: _, ...rest } = found;
  return { ...rest, class: "stream_interrupted", inner: found.class };
}

function failure({ class: name, scope, tier }: Diagnosis, message: string): Failure {
  return { class: name, scope, message: lineOf(message), ...(tier && { tier }) };
}

function requestIdIn(headers: Headers): { requestId?: string } {
  const names = new Map(Object.keys(headers ?? {}).map((name) => [name.toLowerCase(), name]));
  for (const wanted of REQUEST_ID_HEADERS) {
    const name = names.get(wanted);
    const value: unknown = name === undefined ? undefined : headers[name];
    const id = typeof value === "string" ? sanitizeText(value, 128) : "";
    if (id) return { requestId: id };
  }
  return {};
}
