import type { FailureClass } from "../../src/chain.js";
import type { FaultName } from "../../src/testing/index.js";
import { answer, type FaultCase, fault, midStream, SHORT_MS, script, stopped } from "./fault-case.js";
import {
  blackHolePlace,
  muteTlsPlace,
  type Place,
  plainTlsPlace,
  refusingPlace,
  selfSignedPlace,
  unknownHostPlace,
  uploadResetPlace,
} from "./place.js";

const WIDE = "Grüße aus 東京 👋🏽 – “naïve café”, Ω≈ç√.";
const MIB = 1_048_576;

const next = (name: FailureClass) => answer("fallback", [1, 1], name);
const retried = (name: FailureClass) => answer("fallback", [2, 1], name);
const healthy = answer("primary", [1, 0]);

const connect = { clocks: { connectMs: SHORT_MS } };
const firstToken = { clocks: { firstTokenMs: SHORT_MS } };

const at = (row: number, ...faults: FaultCase[]) => faults.map((one) => ({ ...one, row }));

const place = (
  name: string,
  does: string,
  primary: () => Promise<Place>,
  expect: FaultCase["expect"],
  more: Partial<FaultCase> = {},
): FaultCase => ({ name, does, primary, expect, ...more });

const wire = (name: FaultName, does: string) =>
  fault(name, does, healthy, { says: WIDE, primary: script(name, { text: WIDE }) });

/** Rows 4–45 of the fault matrix: what a network and a server can do to a client. */
export const MATRIX_FAULTS: FaultCase[] = [
  ...at(
    4,
    place(
      "unknown-host",
      "has a name that does not resolve",
      unknownHostPlace,
      answer("fallback", [0, 1], "network"),
    ),
  ),
  ...at(5, place("refused", "refuses the connection", refusingPlace, answer("fallback", [0, 1], "network"))),
  ...at(
    6,
    place(
      "black-hole",
      "lets the SYN vanish (a full accept queue)",
      blackHolePlace,
      answer("fallback", [0, 1], "timeout"),
      connect,
    ),
  ),
  ...at(
    7,
    place("self-signed", "has a certificate that nobody vouches for", selfSignedPlace, next("network")),
    place("plain-tls", "speaks plain HTTP where TLS is expected", plainTlsPlace, next("network")),
  ),
  ...at(8, place("tls-stall", "never ends the TLS handshake", muteTlsPlace, next("timeout"), connect)),
  ...at(
    9,
    place("upload-reset", "RST while an 8 MB prompt is being sent", uploadResetPlace, retried("network"), {
      request: { messages: [{ role: "user", content: "lorem ipsum ".repeat(700_000) }] },
    }),
  ),
  ...at(10, fault("reset", "RST before headers", retried("network"))),
  ...at(11, fault("fin", "FIN before headers", retried("network"))),
  ...at(12, fault("ttfb-stall", "sends no headers", next("timeout"), connect)),
  ...at(13, fault("header-drip", "sends headers a byte at a time", next("timeout"), connect)),
  ...at(14, fault("huge-header", "a header of 1 MiB", next("invalid_response"))),
  ...at(
    15,
    fault("cl-te", "Content-Length beside Transfer-Encoding", retried("network")),
    fault("bad-chunk-size", "a chunk size that is no number", retried("network")),
    fault("bad-status-line", "a first line that is not HTTP", retried("network")),
    fault("negative-length", "Content-Length: -5", retried("network")),
  ),
  ...at(16, fault("early-hints-flood", "5,000 times 103, then the answer", healthy)),
  ...at(17, fault("endless-100", "100 Continue for ever", retried("network"))),
  ...at(18, fault("upgrade-101", "101 Switching Protocols", retried("network"))),
  ...at(
    19,
    fault("204", "204 without a body", next("invalid_response")),
    fault("205", "205 without a body", next("invalid_response")),
    fault("empty-200", "200 without a body", next("empty_response")),
  ),
  ...at(
    20,
    fault("redirect-307", "307 to another host", next("invalid_response")),
    fault("redirect-308", "308 to the same host", next("invalid_response"), {
      primary: script("redirect-308", { location: "/api/v1/chat/completions" }),
    }),
    fault("redirect-301", "301 to a metadata service", next("invalid_response"), {
      primary: script("redirect-301", { location: "http://169.254.169.254/latest" }),
    }),
  ),
  ...at(
    21,
    fault("status-999", "status 999", next("invalid_response")),
    fault("status-099", "status 099", next("invalid_response")),
  ),
  ...at(22, fault("html-200", "200 with an HTML page", next("invalid_response"))),
  ...at(
    23,
    fault("err-body-200", "200 with a 429 in its JSON body", next("rate_limit")),
    fault("err-body-200-500", "200 with a 500 in its JSON body", retried("server_error")),
  ),
  ...at(
    24,
    fault("429-ra", "429 with Retry-After as a date, 1 s ahead", answer("fallback", [3, 1], "rate_limit"), {
      primary: script("429-ra", { retryAfter: { inSeconds: 1 } }),
    }),
    fault("429-bare", "429 without Retry-After", next("rate_limit")),
    fault("429-ra", "429 with `Retry-After: soon`", next("rate_limit"), {
      primary: script("429-ra", { retryAfter: "soon" }),
    }),
    fault("429-ra", "429 with `Retry-After: 1000000000000`", next("rate_limit"), {
      primary: script("429-ra", { retryAfter: 1e12 }),
    }),
  ),
  ...at(
    25,
    fault("500", "500 of the server", retried("server_error")),
    fault("502", "502 of a gateway", retried("server_error")),
    fault("502-html", "502 with an HTML page", retried("server_error")),
    fault("503", "503, overloaded", retried("overloaded")),
    fault("504", "504, the upstream timed out", next("timeout")),
    fault("524", "524, the upstream timed out at Cloudflare", next("timeout")),
    fault("529", "529, overloaded", retried("overloaded")),
  ),
  ...at(
    26,
    fault("400-bad", "400, a bad request", stopped("invalid_request")),
    fault("400-model", "400, no such model", next("not_found")),
    fault("400-wrapped", "400 that one upstream provider gave", next("unsupported")),
    fault("404-endpoints", "404, no endpoints for the model", next("not_found")),
    fault("400-ctx", "400, the context is too long", next("context_length")),
    fault("413-anthropic", "413, the prompt is too large", next("context_length")),
    fault("422", "422, an invalid argument", stopped("invalid_request")),
  ),
  ...at(
    27,
    fault("401", "401, the key is dead", stopped("auth"), { expectOtherKey: next("auth") }),
    fault("401-byok", "401 of an upstream provider for a key of one's own", next("auth")),
    fault("403-key-limit", "403, the key's limit is reached", stopped("payment"), {
      expectOtherKey: next("payment"),
    }),
  ),
  ...at(28, fault("ttft-stall", "headers, then silence", next("timeout"), firstToken)),
  ...at(29, fault("ttft-keepalive", "headers, then comments for ever", next("timeout"), firstToken)),
  ...at(30, midStream("cut", "FIN in the middle of a chunked body")),
  ...at(31, midStream("close-cut", "FIN that looks like a clean end (no length, no chunking)")),
  ...at(32, midStream("cut-rst", "RST mid-stream")),
  ...at(
    33,
    midStream("err-mid", "an `overloaded_error` event mid-stream", {
      primary: script("err-mid", {
        error: { code: 529, message: "Overloaded", metadata: { error_type: "overloaded_error" } },
      }),
    }),
    midStream("err-choice", "an error inside the choice mid-stream"),
  ),
  ...at(
    34,
    midStream("idle", "silence mid-stream", { clocks: { idleMs: SHORT_MS }, expect: next("timeout") }),
  ),
  ...at(35, fault("slow-drip", "the body a byte a second", next("timeout"), firstToken)),
  ...at(
    36,
    midStream("huge-line", "a line of 64 MiB", { expect: next("invalid_response"), maxBytes: 16 * MIB }),
  ),
  ...at(
    37,
    midStream("endless", "tokens without end, as fast as they go", {
      primary: script("endless", { text: undefined, tokens: ["x".repeat(65_536)] }),
      expect: next("invalid_response"),
      maxBytes: 80 * MIB,
    }),
    midStream("endless", "a token every 10 ms without end, against attemptMs", {
      primary: script("endless", { everyMs: 10 }),
      // Long enough for the first token to come on a machine that is busy with other things.
      clocks: { attemptMs: 5 * SHORT_MS },
      expect: next("timeout"),
    }),
  ),
  ...at(38, midStream("malformed", "broken JSON in one event", { expect: next("invalid_response") })),
  ...at(39, fault("done-twice", "`[DONE]` twice", healthy)),
  ...at(40, fault("data-after-done", "data behind `[DONE]`", healthy)),
  ...at(
    41,
    fault("length", "`finish_reason: length` behind text", healthy, {
      primary: script("length", { at: 20 }),
    }),
    fault("filter-mid", "`finish_reason: content_filter` behind half of the text", stopped("content_filter")),
  ),
  ...at(
    42,
    wire("split-utf8", "characters split between their bytes"),
    wire("split-bytes", "one byte per write"),
    wire("bom", "a byte order mark"),
    wire("cr", "CR line ends"),
    wire("crlf", "CRLF line ends"),
  ),
  ...at(
    43,
    fault("gzip-bomb", "a body that inflates to 256 MiB", next("invalid_response"), { maxBytes: MIB }),
    fault("gzip", "the answer gzipped, unasked", next("invalid_response")),
  ),
  ...at(44, fault("gzip-truncated", "half of a gzipped answer", next("invalid_response"))),
  ...at(
    45,
    fault("gzip-plain", "a gzip header on a plain body", next("invalid_response")),
    fault("unknown-encoding", "an unknown Content-Encoding", next("invalid_response")),
  ),
];
