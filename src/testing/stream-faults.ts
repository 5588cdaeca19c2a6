import { breakAt, closeDelimited, concat, type Fault, keepAlive, rewritten, strikeAt } from "./fault.js";
import { end, fin, type Op, type Ops, reset, send, silence, wait } from "./ops.js";
import type { Plan } from "./plan.js";
import { COMMENT, DONE, deltaChunk, event, finishChunk } from "./stream.js";

/** The answer up to `at` tokens, then this. */
function atToken(says: string, tail: (plan: Plan) => Ops): Fault {
  return { says, wrap: (ops, plan) => breakAt(ops, strikeAt(plan), tail(plan)) };
}

/** Headers, then this instead of a first token. */
function noToken(says: string, tail: (plan: Plan) => Ops): Fault {
  return { says, wrap: (ops, plan) => breakAt(withoutComments(ops), 0, tail(plan)) };
}

function withoutComments(ops: Ops): Ops {
  return rewritten(ops, (op) => (op.kind === "comment" ? [] : [op]));
}

/** Events of one kind replaced in a stream; a JSON reply stays as it is. */
function replacing(says: string, kinds: string[], by: (op: Op & { do: "send" }, plan: Plan) => Ops): Fault {
  const replace = (ops: Ops, plan: Plan) =>
    rewritten(ops, (op) => (op.kind !== undefined && kinds.includes(op.kind) ? by(op, plan) : [op]));
  return { says, wrap: (ops, plan) => (plan.sse ? replace(ops, plan) : ops) };
}

const role = (plan: Plan) => send(event(deltaChunk(plan, { role: "assistant", content: "" })), "role");

function* malformed(ops: Ops, plan: Plan): Generator<Op> {
  const at = strikeAt(plan);
  let tokens = 0;
  for (const op of ops) {
    if (op.do === "send" && op.kind === "token" && tokens++ === at) {
      yield send(
        plan.sse ? `data: {"id":"${plan.occasion.id}","choices":[{"delta":{"content":\n\n` : "{]",
        "error",
      );
      // In JSON the piece is lost, in a stream the event comes on top.
      if (!plan.sse) continue;
    }
    yield op;
  }
}

function* hugeLine(plan: Plan): Generator<Op> {
  const bytes = plan.occasion.script.bytes ?? 67_108_864;
  const block = Buffer.alloc(65_536, "a");
  yield send(plan.sse ? `data: {"id":"${plan.occasion.id}","choices":[{"index":0,"delta":{"content":"` : "");
  for (let sent = 0; sent < bytes; sent += block.length) yield send(block);
  yield end;
}

function* endless(plan: Plan): Generator<Op> {
  const everyMs = plan.occasion.script.everyMs ?? 0;
  if (!plan.sse) yield* keepAlive(plan, everyMs);
  for (;;) {
    for (const delta of plan.deltas) {
      yield send(event(deltaChunk(plan, delta)), "token");
      yield wait(everyMs);
    }
  }
}

function* drip(op: Op & { do: "send" }, everyMs: number): Generator<Op> {
  for (const byte of Buffer.from(op.bytes as string)) {
    yield send(Uint8Array.of(byte));
    yield wait(everyMs);
  }
}

/** Trouble in the stream, mostly after `at` tokens. */
export const STREAM_FAULTS = {
  "ttft-stall": noToken("Headers, then no byte, for ever.", () => [silence]),
  "ttft-keepalive": noToken("Headers, then comments every `everyMs` (default 100), for ever.", keepAlive),
  "ttft-role-only": noToken("An empty delta with the role, then comments, for ever.", (plan) =>
    concat(plan.sse ? [role(plan)] : [], keepAlive(plan)),
  ),
  "comments-eof": noToken("Comments, then a clean end.", (plan) =>
    plan.sse ? [send(COMMENT.repeat(3), "comment"), end] : [end],
  ),
  cut: atToken("FIN after `at` tokens, without the end of the response.", () => [fin]),
  "cut-rst": atToken("RST after `at` tokens.", () => [reset]),
  "close-cut": {
    says: "FIN after `at` tokens of a body without length or chunking: looks like a clean end.",
    wrap: (ops, plan) => closeDelimited(breakAt(ops, strikeAt(plan), [fin])),
  },
  eof: atToken("A clean end after `at` tokens: no finish reason, no [DONE].", () => [end]),
  "eof-done": atToken("[DONE] after `at` tokens, and no finish reason.", (plan) =>
    plan.sse ? [send(DONE, "done"), end] : [end],
  ),
  "no-done": replacing("The whole answer, but no [DONE].", ["done"], () => []),
  idle: atToken("Silence after `at` tokens.", () => [silence]),
  "idle-keepalive": atToken("Comments every `everyMs` (default 100) after `at` tokens, for ever.", keepAlive),
  "slow-drip": {
    says: "The body one byte every `everyMs` (default 1,000).",
    wrap: (ops, plan) => rewritten(ops, (op) => drip(op, plan.occasion.script.everyMs ?? 1_000)),
  },
  malformed: { says: "One event with broken JSON after `at` tokens; the rest follows.", wrap: malformed },
  "huge-line": atToken("A line of `bytes` (default 64 MiB) without a newline after `at` tokens.", hugeLine),
  endless: atToken("Valid tokens for ever, one every `everyMs` (default 0).", endless),
  "done-twice": replacing("[DONE] twice.", ["done"], (op) => [op, op]),
  "data-after-done": replacing("Another token behind [DONE].", ["done"], (op, plan) => [
    op,
    send(event(deltaChunk(plan, { content: " late", role: "assistant" })), "token"),
  ]),
  "done-open": {
    says: "The whole answer, but the response stays open.",
    wrap: (ops) => concat(withoutEnd(ops), [silence]),
  },
  "usage-a": replacing("Usage on a repeated finish chunk: the default.", [], () => []),
  "usage-b": replacing("Usage on a chunk of its own, `finish_reason: null` (2025).", ["usage"], (_, plan) => [
    send(event({ ...deltaChunk(plan, { role: "assistant", content: "" }), usage: plan.usage }), "usage"),
  ]),
  "usage-c": replacing("Usage on a chunk with `choices: []` (as documented).", ["usage"], (_, plan) => [
    send(event({ ...deltaChunk(plan, {}), choices: [], usage: plan.usage }), "usage"),
  ]),
  "usage-on-finish": replacing("One finish chunk only, with usage.", ["finish", "usage"], (op, plan) =>
    op.kind === "finish" ? [send(event({ ...finishChunk(plan), usage: plan.usage }), "usage")] : [],
  ),
  "usage-none": replacing("No usage.", ["usage"], () => []),
} satisfies Record<string, Fault>;

function* withoutEnd(ops: Ops): Generator<Op> {
  for (const op of ops) if (op.do !== "end") yield op;
}
