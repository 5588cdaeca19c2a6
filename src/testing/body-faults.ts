import { gzipSync } from "node:zlib";
import { envelope, wrapped } from "./bodies.js";
import { bodyOf, type Fault } from "./fault.js";
import { end, head, type Op, type Ops, send, wait } from "./ops.js";
import type { Plan } from "./plan.js";
import {
  completion,
  DONE,
  deltaChunk,
  event,
  healthyOps,
  jsonHeaders,
  jsonOps,
  PADDING,
  sseHeaders,
} from "./stream.js";

function* body(
  plan: Plan,
  headers: Record<string, string>,
  ...parts: (string | Uint8Array)[]
): Generator<Op> {
  yield wait(plan.pace.headersMs);
  yield head(200, headers);
  for (const part of parts) yield send(part);
  yield end;
}

const json = (plan: Plan, value: unknown) => body(plan, jsonHeaders(plan.occasion.id), JSON.stringify(value));

function errorBody(says: string, value: unknown): Fault {
  return { says, play: (plan) => json(plan, value) };
}

/** `choices` of this value: in an event when a stream was asked for, else in the JSON body. */
function choices(says: string, value: null | []): Fault {
  return {
    says,
    play: (plan) => {
      if (!plan.sse) return json(plan, { ...completion(plan), choices: value });
      const chunk = { ...deltaChunk(plan, {}), choices: value };
      return body(plan, sseHeaders(plan.occasion.id), event(chunk), DONE);
    },
  };
}

/** A JSON reply behind the whitespace with which long calls are kept alive. */
function padded(says: string, text: (plan: Plan) => string): Fault {
  return {
    says,
    play: (plan) => body(plan, jsonHeaders(plan.occasion.id), PADDING.repeat(60), text(plan)),
  };
}

function encoded(plan: Plan, encoding: string, bytes: Iterable<Uint8Array>): Ops {
  const headers = plan.sse ? sseHeaders(plan.occasion.id) : jsonHeaders(plan.occasion.id);
  return body(plan, { ...headers, "Content-Encoding": encoding }, ...bytes);
}

const MIB = 1_048_576;
let spaces: Buffer | undefined;

/** Gzip members concatenate: a bomb of any size out of one small one. */
function* bomb(bytes: number): Generator<Uint8Array> {
  spaces ??= gzipSync(Buffer.alloc(MIB, " "));
  for (let inflated = 0; inflated < bytes; inflated += MIB) yield spaces;
}

/** A 200 with the wrong body. */
export const BODY_FAULTS = {
  "html-200": {
    says: "200 with an HTML page, as a captive portal sends it.",
    play: (plan) =>
      body(
        plan,
        { "Content-Type": "text/html; charset=UTF-8" },
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Welcome to the network</h1></body></html>",
      ),
  },
  "err-body-200": errorBody(
    "200 with an error envelope: 429 of a provider.",
    wrapped(429, "Too Many Requests", "Hyperbolic"),
  ),
  "err-body-200-1015": errorBody(
    "200 with an error envelope: Cloudflare 1015 behind a provider.",
    wrapped(429, "error code: 1015", "Kluster"),
  ),
  "err-body-200-500": errorBody("200 with an error envelope: 500.", envelope("Internal Server Error", 500)),
  "err-body-200-524": errorBody(
    "200 with an error envelope: 524.",
    wrapped(524, "error code: 524", "Parasail"),
  ),
  "choices-null": choices("`choices: null` and no error.", null),
  "choices-empty": choices("`choices: []` and no error.", []),
  padded: {
    says: "Whitespace, then the JSON answer: healthy, as long calls without a stream are.",
    play: (plan) => jsonOps({ ...plan, comments: { ...plan.comments, before: 60 } }),
  },
  "padded-error": padded("Whitespace, then an error envelope.", () =>
    JSON.stringify(envelope("Internal Server Error", 500)),
  ),
  "padded-truncated": padded("Whitespace, then half of the JSON answer.", (plan) => {
    const text = JSON.stringify(completion(plan));
    return text.slice(0, text.length / 2);
  }),
  "padded-dot": padded("Whitespace, then a full stop.", () => "."),
  "padded-only": padded("Whitespace and nothing else.", () => ""),
  gzip: {
    says: "The healthy answer, gzipped whether asked for or not.",
    play: (plan) => encoded(plan, "gzip", [gzipSync(bodyOf(healthyOps(plan)))]),
  },
  "gzip-bomb": {
    says: "A gzipped body that inflates to `bytes` (default 256 MiB) of spaces.",
    play: (plan) => encoded(plan, "gzip", bomb(plan.occasion.script.bytes ?? 256 * MIB)),
  },
  "gzip-truncated": {
    says: "Half of the gzipped answer, with a clean end.",
    play: (plan) => {
      const whole = gzipSync(bodyOf(healthyOps(plan)));
      return encoded(plan, "gzip", [whole.subarray(0, whole.length / 2)]);
    },
  },
  "gzip-plain": {
    says: "Content-Encoding: gzip on a body that is not.",
    play: (plan) => encoded(plan, "gzip", [bodyOf(healthyOps(plan))]),
  },
  "unknown-encoding": {
    says: "Content-Encoding: x-rot13.",
    play: (plan) => encoded(plan, "x-rot13", [bodyOf(healthyOps(plan))]),
  },
} satisfies Record<string, Fault>;
