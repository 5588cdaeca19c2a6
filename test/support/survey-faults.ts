import type { FaultName } from "../../src/testing/index.js";
import { answer, type FaultCase, fault, midStream, SHORT_MS, script, stopped } from "./fault-case.js";
import { refusingPlace } from "./place.js";
import { TOOLS } from "./trial.js";

const tool = (name: FaultName, does: string) =>
  fault(name, does, answer("fallback", [1, 1], "stream_interrupted"), {
    primary: script(name, {
      text: undefined,
      toolCalls: [{ name: "weather", arguments: { city: "Paris" } }],
    }),
    fallback: { toolCalls: [{ name: "weather", arguments: { city: "Florence" } }] },
    request: { tools: TOOLS },
  });

const idle: Partial<FaultCase> = {
  clocks: { idleMs: SHORT_MS },
  expect: answer("fallback", [1, 1], "timeout"),
};
const silent = { clocks: { firstTokenMs: SHORT_MS } };

/** The 33 faults of the field survey of 2026-11-23, by its names; persistent on the primary except `…-once`. */
export const SURVEY_FAULTS: FaultCase[] = [
  fault("429-ra", "429 with `Retry-After: 1`, always", answer("fallback", [3, 1], "rate_limit")),
  fault("429-ra-once", "429 with `Retry-After: 1`, once", answer("primary", [2, 0], "rate_limit")),
  fault("429-ra-60", "429 with `Retry-After: 60`", answer("fallback", [1, 1], "rate_limit")),
  fault("500", "500, always", answer("fallback", [2, 1], "server_error")),
  fault("500-once", "500, once", answer("primary", [2, 0], "server_error")),
  fault("503", "503, always", answer("fallback", [2, 1], "overloaded")),
  {
    name: "refused",
    does: "refuses the connection",
    primary: refusingPlace,
    expect: answer("fallback", [0, 1], "network"),
  },
  fault("reset", "RST in place of a response", answer("fallback", [2, 1], "network")),
  fault("ttfb-stall", "sends no headers", answer("fallback", [1, 1], "timeout"), {
    clocks: { connectMs: SHORT_MS },
  }),
  fault("ttft-stall", "sends headers, then nothing", answer("fallback", [1, 1], "timeout"), silent),
  fault("ttft-keepalive", "sends headers, then only comments", answer("fallback", [1, 1], "timeout"), silent),
  fault(
    "ttft-role-only",
    "an empty delta with the role, then comments",
    answer("fallback", [1, 1], "timeout"),
    silent,
  ),
  midStream("cut", "closes the socket after 10 of 20 tokens"),
  midStream("eof", "a clean end after 10 tokens, no finish reason"),
  fault("no-done", "the whole answer without `[DONE]`", answer("primary", [1, 0])),
  midStream("err-mid", "an error event after 10 tokens"),
  fault("err-first", "an error as the first event", answer("fallback", [1, 1], "rate_limit")),
  fault(
    "err-first-bare",
    "the bare error envelope as the first event",
    answer("fallback", [1, 1], "rate_limit"),
    {
      primary: { fault: "err-first-bare", error: { code: 429, message: "Rate limit exceeded" } },
    },
  ),
  midStream("idle", "silence after 10 tokens", idle),
  midStream("idle-keepalive", "only comments after 10 tokens", idle),
  fault("empty-200", "200 without a body", answer("fallback", [1, 1], "empty_response")),
  fault("empty-content", "`finish_reason: stop` and no text", answer("fallback", [1, 1], "empty_response")),
  fault("html-200", "200 with an HTML page", answer("fallback", [1, 1], "invalid_response")),
  fault("err-body-200", "200 with an error as its JSON body", answer("fallback", [1, 1], "rate_limit")),
  midStream("malformed", "one event of broken JSON after 10 tokens, then the rest", {
    expect: answer("fallback", [1, 1], "invalid_response"),
  }),
  fault("filter-empty", "`finish_reason: content_filter` and no text", stopped("content_filter")),
  fault("400-ctx", "400: the context is too long", answer("fallback", [1, 1], "context_length")),
  fault("400-bad", "400: a bad request", stopped("invalid_request")),
  fault("401", "401: the key is dead", stopped("auth"), {
    expectOtherKey: answer("fallback", [1, 1], "auth"),
  }),
  fault("402", "402: no credits", stopped("payment"), {
    expectOtherKey: answer("fallback", [1, 1], "payment"),
  }),
  fault("403-mod", "403: the input was flagged", stopped("content_filter")),
  tool("tool-cut", "closes the socket inside tool arguments"),
  tool("tool-done-cut", "closes the socket after the tool arguments, before the finish reason"),
];
