import type { ScriptedError } from "./answer.js";
import { envelope } from "./bodies.js";
import { breakAt, type Fault, strikeAt } from "./fault.js";
import { end, head, type Op, type Ops, send, wait } from "./ops.js";
import { type Plan, saying } from "./plan.js";
import { chunkBase, completion, DONE, event, healthyOps, jsonHeaders, PADDING } from "./stream.js";

/** The five shapes of an error inside a stream; see `ErrorEventScript`. */
export type ErrorShape = 1 | 2 | 3 | 4 | 5;

/** What each shape was seen to say. */
const SAMPLES: Record<ErrorShape, ScriptedError> = {
  1: { code: 429, message: "Rate limit exceeded", metadata: { error_type: "rate_limit_exceeded" } },
  2: { code: 400, message: "Token limit reached" },
  3: {
    code: 502,
    message: "Worker local total request limit reached (33/32)",
    metadata: { error_type: "provider_unavailable" },
  },
  4: {
    code: 429,
    message:
      "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
  },
  5: {
    code: 502,
    message: "Network connection lost.",
    metadata: { error_type: "provider_unavailable" },
  },
};

function errorChunk(plan: Plan, shape: ErrorShape, error: ScriptedError): Record<string, unknown> {
  const base = chunkBase(plan);
  switch (shape) {
    case 1:
      return { ...base, error, choices: [{ index: 0, delta: { content: "" }, finish_reason: "error" }] };
    case 2: {
      const delta = { role: "assistant", content: "" };
      const choice = { index: 0, delta, finish_reason: null, native_finish_reason: null, logprobs: null };
      const { id, provider, model, object, created } = base;
      return { id, provider, error, model, object, created, choices: [choice], usage: plan.usage };
    }
    case 3:
      return { ...base, error, choices: [] };
    case 4:
      return { error, user_id: envelope("", 0).user_id };
    case 5: {
      const delta = { content: "", role: "assistant" };
      return {
        ...base,
        choices: [{ index: 0, delta, finish_reason: "error", native_finish_reason: null, error }],
      };
    }
  }
}

/** Without a stream, 200 is committed early and the error comes as the body. */
function* errorJson(plan: Plan, shape: ErrorShape, error: ScriptedError, at: number): Generator<Op> {
  yield wait(plan.pace.headersMs);
  yield head(200, jsonHeaders(plan.occasion.id));
  yield send(PADDING, "comment");
  if (shape !== 5) yield send(JSON.stringify({ error, user_id: envelope("", 0).user_id }), "error");
  else {
    const partial = completion(saying(plan, plan.deltas.slice(0, at), "error"));
    const choice = (partial.choices as Record<string, unknown>[])[0];
    yield send(JSON.stringify({ ...partial, choices: [{ ...choice, error }] }), "error");
  }
  yield end;
}

function errorOps(plan: Plan, at: number, shapeByDefault: ErrorShape, errorByDefault?: ScriptedError): Ops {
  const script = plan.occasion.script;
  const shape = script.shape ?? shapeByDefault;
  const error = script.error ?? errorByDefault ?? SAMPLES[shape];
  if (!plan.sse) return errorJson(plan, shape, error, at);
  // Of the five, only shape 2 was recorded with a [DONE] behind it.
  const done = script.done ?? shape === 2;
  const tail = [
    send(event(errorChunk(plan, shape, error)), "error"),
    ...(done ? [send(DONE, "done")] : []),
    end,
  ];
  return breakAt(healthyOps(plan), at, tail);
}

const first = (says: string, shape: ErrorShape, error?: ScriptedError): Fault => ({
  says,
  play: (plan) => errorOps(plan, 0, shape, error),
});
const mid = (says: string, shape: ErrorShape, error?: ScriptedError): Fault => ({
  says,
  play: (plan) => errorOps(plan, strikeAt(plan), shape, error),
});

/** An error inside a 200. */
export const ERROR_EVENT_FAULTS = {
  "err-first": first("An error as the first event.", 1),
  "err-first-bare": first("The bare envelope (shape 4) as the first event.", 4),
  "err-first-ctx": first("Context length exceeded, as the first event (shape 3).", 3, {
    code: 400,
    message: "prompt is too long: 1284668 tokens > 1000000 maximum",
  }),
  "err-mid": mid("An error after `at` tokens.", 1),
  "err-choice": mid("An error inside the choice (shape 5) after `at` tokens.", 5),
  "err-token-limit": mid(
    "The recorded shape 2, `finish_reason: null` and a [DONE] behind it, after `at` tokens.",
    2,
  ),
  "err-idle-timeout": mid("`Upstream idle timeout exceeded` after `at` tokens.", 1, {
    code: 500,
    message: "Upstream idle timeout exceeded",
  }),
  "err-disconnected": mid("An error whose code is a string, after `at` tokens.", 1, {
    code: "server_error",
    message: "Provider disconnected unexpectedly",
  }),
} satisfies Record<string, Fault>;
