import { createServer, type Socket } from "node:net";
import { bodyOf, type Plan, planOf } from "./wire.js";

/**
 * The server of all contestants, in a process of its own. It speaks just enough HTTP/1.1 and writes prepared bytes, so
 * that it is always ahead of whoever reads.
 */
const HEAD = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
);
const END = Buffer.from("0\r\n\r\n");
const CATALOGUE = json(200, { data: [{ id: "good/two", context_length: 128_000 }] });
const UNAVAILABLE = json(503, { error: { code: 503, message: "Provider returned error" } });
const UNPLANNED = json(400, { error: { code: 400, message: "no plan in the prompt" } });

const bodies = new Map<number, Buffer[]>();
const wholes = new Map<number, Buffer>();

function json(status: number, body: object): Buffer {
  const text = JSON.stringify(body);
  return Buffer.from(
    `HTTP/1.1 ${status} Bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function cached<V>(map: Map<number, V>, key: number, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function answer(socket: Socket, path: string, body: string): void {
  const plan = planOf(body);
  if (path.includes("/models")) socket.write(CATALOGUE);
  else if (!plan) socket.write(UNPLANNED);
  else if (plan.fault !== "none" && body.includes('"bad/')) {
    if (plan.fault === "503") socket.write(UNAVAILABLE);
    else socket.resetAndDestroy();
  } else {
    const events = cached(bodies, plan.events, () => bodyOf(plan.events));
    if (plan.everyMs > 0) paced(socket, plan, events);
    else socket.write(cached(wholes, plan.events, () => Buffer.concat([HEAD, ...events, END])));
  }
}

function paced(socket: Socket, { everyMs }: Plan, events: readonly Buffer[]): void {
  let next = 0;
  const timer = setInterval(() => {
    const event = events[next++];
    if (!socket.destroyed) socket.write(event ?? END);
    if (!event || socket.destroyed) clearInterval(timer);
  }, everyMs);
  socket.write(Buffer.concat([HEAD, events[next++] as Buffer]));
}

function serve(socket: Socket): void {
  let got = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    got += bytes.toString("latin1");
    for (;;) {
      const end = got.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = got.slice(0, end);
      const [, path = ""] = head.split(" ", 2);
      const rest = got.slice(end + 4);
      const length = bodyLength(head, rest);
      if (length === undefined || rest.length < length) return;
      got = rest.slice(length);
      answer(socket, path, rest.slice(0, length));
    }
  });
}

/** Undefined: not all of it has come. */
function bodyLength(head: string, rest: string): number | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return 0;
  const end = rest.indexOf("0\r\n\r\n");
  return end === -1 ? undefined : end + 5;
}

const server = createServer(serve);
server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, () => {
  const address = server.address() as { port: number };
  process.send?.(address.port);
});
process.on("disconnect", () => process.exit());
