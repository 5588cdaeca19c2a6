import { fin, type Op, type Ops, send } from "./ops.js";
import type { Plan } from "./plan.js";
import { COMMENT, healthyOps, PADDING } from "./stream.js";

/** One kind of trouble: replaces the answer (`play`), changes what is said (`alter`) or how it is sent (`wrap`). */
export interface Fault {
  /** One line for the documentation. */
  says: string;
  alter?: (plan: Plan) => Plan;
  wrap?: (ops: Ops, plan: Plan) => Ops;
  play?: (plan: Plan) => Ops;
}

/** The acts of an answer with this fault, whose plan it has altered already. */
export function faultyOps(fault: Fault, plan: Plan): Ops {
  if (fault.play !== undefined) return fault.play(plan);
  const ops = healthyOps(plan);
  return fault.wrap?.(ops, plan) ?? ops;
}

/** Where a fault strikes: after `at` tokens; by default halfway, but never before the first. */
export function strikeAt(plan: Plan): number {
  return plan.occasion.script.at ?? Math.max(1, Math.floor(plan.deltas.length / 2));
}

/** The answer up to its n-th token, then the tail instead of the rest. */
export function* breakAt(ops: Ops, at: number, tail: Ops): Generator<Op> {
  let tokens = 0;
  for (const op of ops) {
    if (op.do === "send" && op.kind !== "comment") {
      if (op.kind !== "token" || tokens >= at) break;
      yield op;
      if (++tokens === at) break;
    } else if (op.do === "end") break;
    else yield op;
  }
  yield* tail;
}

/** Comments (or whitespace, in a JSON reply) for ever. */
export function* keepAlive(plan: Plan, everyMs = plan.occasion.script.everyMs ?? 100): Generator<Op> {
  for (;;) {
    yield send(plan.sse ? COMMENT : PADDING, "comment");
    yield { do: "wait", ms: everyMs };
  }
}

/** Every `send` of the answer rewritten. */
export function* rewritten(ops: Ops, rewrite: (op: Op & { do: "send" }) => Ops): Generator<Op> {
  for (const op of ops) {
    if (op.do === "send") yield* rewrite(op);
    else yield op;
  }
}

/** The body without length and chunking: only the end of the connection ends it. */
export function* closeDelimited(ops: Ops): Generator<Op> {
  for (const op of ops) {
    if (op.do === "head") {
      const { "Transfer-Encoding": _chunked, ...headers } = op.headers;
      yield { ...op, raw: true, headers: { ...headers, Connection: "close" } };
    } else yield op.do === "end" ? fin : op;
  }
}

export function* concat(...parts: Ops[]): Generator<Op> {
  for (const part of parts) yield* part;
}

/** All bytes of an answer at once. */
export function bodyOf(ops: Ops): Buffer {
  const parts: Uint8Array[] = [];
  for (const op of ops) if (op.do === "send") parts.push(Buffer.from(op.bytes as string));
  return Buffer.concat(parts);
}
