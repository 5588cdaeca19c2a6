import type { Delta } from "./message.js";
import { end, head, type Op, type Ops, send, wait } from "./ops.js";
import type { Plan } from "./plan.js";

export const COMMENT = ": OPENROUTER PROCESSING\n\n";
export const DONE = "data: [DONE]\n\n";

/** What long calls without a stream are padded with. */
export const PADDING = "\n         \n";

export function sseHeaders(id: string): Record<string, string> {
  return {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    Connection: "keep-alive",
    "Transfer-Encoding": "chunked",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Generation-Id,X-Provider-Name,request-id,cf-ray",
    "X-Generation-Id": id,
  };
}

export function jsonHeaders(id: string): Record<string, string> {
  return {
    "Content-Type": "application/json",
    Connection: "keep-alive",
    "Transfer-Encoding": "chunked",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Generation-Id,X-Provider-Name,request-id,cf-ray",
    "X-Generation-Id": id,
  };
}

export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** The keys every chunk begins with, in the order of 2026. */
export function chunkBase(plan: Plan, last = false): Record<string, unknown> {
  return {
    id: plan.occasion.id,
    object: "chat.completion.chunk",
    created: plan.occasion.created,
    model: plan.model,
    provider: plan.provider,
    ...(plan.fingerprint === undefined ? {} : { system_fingerprint: plan.fingerprint }),
    ...(last && plan.tier !== undefined ? { service_tier: plan.tier } : {}),
  };
}

export function deltaChunk(plan: Plan, delta: Delta): Record<string, unknown> {
  return {
    ...chunkBase(plan),
    choices: [{ index: 0, delta, finish_reason: null, native_finish_reason: null }],
  };
}

/** The chunk that ends an answer. OpenRouter sends it twice, the second time with usage. */
export function finishChunk(plan: Plan): Record<string, unknown> {
  return {
    ...chunkBase(plan, true),
    choices: [
      {
        index: 0,
        delta: { content: "", role: "assistant" },
        finish_reason: plan.finish,
        native_finish_reason: plan.native,
      },
    ],
  };
}

/** A healthy stream. */
export function* sseOps(plan: Plan): Generator<Op> {
  const { pace, comments } = plan;
  yield wait(pace.headersMs);
  yield head(200, sseHeaders(plan.occasion.id));
  for (let i = 0; i < comments.before; i++) {
    yield send(COMMENT, "comment");
    yield wait(pace.firstTokenMs / comments.before);
  }
  if (comments.before === 0) yield wait(pace.firstTokenMs);
  for (const [i, delta] of plan.deltas.entries()) {
    if (i > 0) {
      if (comments.every > 0 && i % comments.every === 0) yield send(COMMENT, "comment");
      if (pace.tokenMs > 0) yield wait(pace.tokenMs);
    }
    yield send(event(deltaChunk(plan, delta)), "token");
  }
  yield send(event(finishChunk(plan)), "finish");
  yield send(event({ ...finishChunk(plan), usage: plan.usage }), "usage");
  yield send(DONE, "done");
  yield end;
}

/** The whole answer as one JSON object. */
export function completion(plan: Plan): Record<string, unknown> {
  return {
    id: plan.occasion.id,
    object: "chat.completion",
    created: plan.occasion.created,
    model: plan.model,
    provider: plan.provider,
    system_fingerprint: plan.fingerprint ?? null,
    service_tier: plan.tier ?? "default",
    choices: [
      {
        index: 0,
        logprobs: null,
        finish_reason: plan.finish,
        native_finish_reason: plan.native,
        message: plan.message,
      },
    ],
    usage: plan.usage,
  };
}

/** A JSON body, in as many pieces as it has tokens, so that a fault at token n works as in a stream. */
export function* jsonOps(plan: Plan, text = JSON.stringify(completion(plan))): Generator<Op> {
  const { pace, comments } = plan;
  const count = Math.max(1, plan.deltas.length);
  yield wait(pace.headersMs);
  yield head(200, jsonHeaders(plan.occasion.id));
  for (let i = 0; i < comments.before; i++) {
    yield send(PADDING, "comment");
    yield wait(pace.firstTokenMs / comments.before);
  }
  if (comments.before === 0) yield wait(pace.firstTokenMs);
  yield wait(pace.tokenMs * (count - 1));
  // The last byte closes the object: it is no token, so that a cut after the last token is still a cut.
  const bytes = Buffer.from(text);
  const body = bytes.subarray(0, -1);
  const kind = plan.deltas.length > 0 ? "token" : "role";
  for (let i = 0; i < count; i++) {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * body.length) / count));
    yield send(body.subarray(from, to), kind);
  }
  yield send(bytes.subarray(-1), "finish");
  yield end;
}

/** The healthy answer, in the form the request asks for. */
export function healthyOps(plan: Plan): Ops {
  return plan.sse ? sseOps(plan) : jsonOps(plan);
}
