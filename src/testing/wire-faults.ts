import { words } from "./answer.js";
import { closeDelimited, type Fault, rewritten } from "./fault.js";
import { type Op, type Ops, send, turn, wait } from "./ops.js";
import { type Plan, saying, textDeltas } from "./plan.js";

type Send = Op & { do: "send" };

const text = (op: Send) => Buffer.from(op.bytes as string).toString();

const textual = (says: string, change: (text: string) => string): Fault => ({
  says,
  wrap: (ops, plan) => (plan.sse ? rewritten(ops, (op) => [{ ...op, bytes: change(text(op)) }]) : ops),
});

const headers = (says: string, more: Record<string, string>): Fault => ({
  says,
  wrap: function* (ops) {
    for (const op of ops) yield op.do === "head" ? { ...op, headers: { ...op.headers, ...more } } : op;
  },
});

/** The parts of one event as network reads of their own; the event keeps its kind. */
function* apart(op: Send, cuts: number[], pause: Op): Generator<Op> {
  const bytes = Buffer.from(op.bytes as string);
  let from = 0;
  for (const cut of cuts) {
    if (cut <= from || cut >= bytes.length) continue;
    yield send(bytes.subarray(from, cut));
    yield pause;
    from = cut;
  }
  yield { ...op, bytes: bytes.subarray(from) };
}

const splitting = (
  says: string,
  cuts: (bytes: Buffer) => number[],
  pause: Op,
  alter?: Fault["alter"],
): Fault => ({
  says,
  wrap: (ops) => rewritten(ops, (op) => apart(op, cuts(Buffer.from(op.bytes as string)), pause)),
  ...(alter === undefined ? {} : { alter }),
});

/** Every place inside a character of several bytes. */
function insideCharacters(bytes: Buffer): number[] {
  const cuts: number[] = [];
  for (let i = 1; i < bytes.length; i++) if (((bytes[i] ?? 0) & 0xc0) === 0x80) cuts.push(i);
  return cuts;
}

/** An answer in ASCII has nothing to split. */
function withWideCharacters(plan: Plan): Plan {
  if (plan.deltas.some((delta) => /[^ -~\s]/.test(JSON.stringify(delta)))) return plan;
  return saying(plan, textDeltas(words("Grüße aus 東京 👋🏽 – “naïve café”, Ω≈ç√.")), plan.finish);
}

function* withMark(ops: Ops): Generator<Op> {
  let first = true;
  for (const op of ops) {
    if (first && op.do === "send") {
      first = false;
      yield {
        ...op,
        bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(op.bytes as string)]),
      };
    } else yield op;
  }
}

/** Answers that are right, in a form that trips parsers. */
export const WIRE_FAULTS = {
  crlf: textual("CRLF line ends.", (t) => t.replaceAll("\n", "\r\n")),
  cr: textual("CR line ends.", (t) => t.replaceAll("\n", "\r")),
  bom: { says: "A byte order mark before the first byte.", wrap: withMark },
  "no-space": textual("`data:` without the space.", (t) => t.replaceAll("data: ", "data:")),
  "event-fields": textual("`event:`, `id:` and `retry:` lines.", (t) =>
    t.startsWith("data: ") ? `event: message\nid: 1\nretry: 10\n${t}` : t,
  ),
  charset: headers("Content-Type with a charset.", { "Content-Type": "text/event-stream; charset=utf-8" }),
  "close-delimited": {
    says: "The whole answer without length or chunking, ended by FIN.",
    wrap: (ops) => closeDelimited(ops),
  },
  "split-utf8": splitting(
    "Every character of several bytes cut between its bytes.",
    insideCharacters,
    wait(2),
    withWideCharacters,
  ),
  "split-line": splitting(
    "Every event cut inside `data:`, inside its JSON and before its last newline.",
    (bytes) => [3, Math.floor(bytes.length / 2), bytes.length - 1],
    wait(2),
  ),
  "split-bytes": splitting("One byte per write.", (bytes) => Array.from(bytes, (_, i) => i), turn),
} satisfies Record<string, Fault>;
