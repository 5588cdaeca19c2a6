import { concat, type Fault } from "./fault.js";
import { end, fin, head, type Op, type Ops, raw, reset, silence, wait } from "./ops.js";
import type { Plan } from "./plan.js";
import { healthyOps, sseHeaders } from "./stream.js";

const SSE_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

function before(ops: Ops): (plan: Plan) => Ops {
  return (plan) => concat([wait(plan.pace.headersMs)], ops);
}

function redirect(status: number): Fault {
  return {
    says: `${status} to \`location\` (default: a host that does not exist).`,
    play: (plan) => {
      const location = plan.occasion.script.location ?? "https://elsewhere.invalid/api/v1/chat/completions";
      return [wait(plan.pace.headersMs), head(status, { Location: location, "Content-Length": "0" }), end];
    },
  };
}

function* drip(plan: Plan): Generator<Op> {
  const everyMs = plan.occasion.script.everyMs ?? 100;
  for (const byte of SSE_HEAD) {
    yield raw(byte);
    yield wait(everyMs);
  }
  for (let i = 0; ; i++) {
    for (const byte of `X-Drip-${i}: drip\r\n`) {
      yield raw(byte);
      yield wait(everyMs);
    }
  }
}

function* hugeHeader(plan: Plan): Generator<Op> {
  const bytes = plan.occasion.script.bytes ?? 1_048_576;
  yield raw(`${SSE_HEAD}X-Huge: `);
  const block = "h".repeat(16_384);
  for (let sent = 0; sent < bytes; sent += block.length) yield raw(block);
  yield raw("\r\nContent-Length: 0\r\n\r\n");
  yield fin;
}

function* endlessContinue(plan: Plan): Generator<Op> {
  for (;;) {
    yield raw("HTTP/1.1 100 Continue\r\n\r\n");
    yield wait(plan.occasion.script.everyMs ?? 50);
  }
}

/** Trouble before or in the response head. */
export const HEAD_FAULTS = {
  reset: { says: "RST instead of a response.", play: before([reset]) },
  fin: { says: "FIN instead of a response.", play: before([fin]) },
  "ttfb-stall": { says: "No response headers, for ever.", play: before([silence]) },
  "header-drip": {
    says: "The response head one byte every `everyMs` (default 100), for ever.",
    play: (plan) => drip(plan),
  },
  "huge-header": { says: "A header of `bytes` (default 1 MiB).", play: (plan) => hugeHeader(plan) },
  "bad-status-line": {
    says: "A first line that is not HTTP.",
    play: before([raw("banana 200 split\r\nContent-Length: 0\r\n\r\n"), fin]),
  },
  "bad-chunk-size": {
    says: "Chunked, with a chunk size that is not a number.",
    play: before([raw(`${SSE_HEAD}Transfer-Encoding: chunked\r\n\r\nZZZ\r\ndata: {}\r\n0\r\n\r\n`), fin]),
  },
  "cl-te": {
    says: "Content-Length and Transfer-Encoding at once.",
    play: before([
      raw(`${SSE_HEAD}Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: {}\r\n0\r\n\r\n`),
      fin,
    ]),
  },
  "negative-length": {
    says: "Content-Length: -5.",
    play: before([raw(`${SSE_HEAD}Content-Length: -5\r\n\r\ndata:`), fin]),
  },
  "early-hints-flood": {
    says: "5,000 times 103 Early Hints, then a healthy answer.",
    play: (plan) =>
      concat([raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(5_000))], healthyOps(plan)),
  },
  "endless-100": {
    says: "100 Continue every `everyMs` (default 50), for ever.",
    play: (plan) => endlessContinue(plan),
  },
  "upgrade-101": {
    says: "101 Switching Protocols, then silence.",
    play: before([
      raw("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      silence,
    ]),
  },
  "204": { says: "204 No Content.", play: before([head(204, {}), end]) },
  "205": { says: "205 Reset Content.", play: before([head(205, { "Content-Length": "0" }), end]) },
  "redirect-301": redirect(301),
  "redirect-302": redirect(302),
  "redirect-307": redirect(307),
  "redirect-308": redirect(308),
  "status-999": {
    says: "Status 999.",
    play: before([head(999, { "Content-Type": "application/json", "Content-Length": "0" }), end]),
  },
  "status-099": {
    says: "Status 099.",
    play: before([raw("HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n"), fin]),
  },
  "empty-200": {
    says: "200 with the headers of a stream and no byte of body.",
    play: (plan) => [wait(plan.pace.headersMs), head(200, sseHeaders(plan.occasion.id)), end],
  },
} satisfies Record<string, Fault>;
