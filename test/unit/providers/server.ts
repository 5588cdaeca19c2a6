import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { SignalError } from "../../../src/errors.js";
import type { OpenContext, Provider, ProviderPart, Signal, WireRequest } from "../../../src/types.js";

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  rawHeaders: string[];
  body: Record<string, unknown>;
}

export interface TestServer {
  baseURL: string;
  port: number;
  requests: SeenRequest[];
  /** Sockets accepted so far. */
  accepted: number;
  sockets: Set<Socket>;
  close(): Promise<void>;
}

function track(server: Server, requests: SeenRequest[]): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const test: TestServer = {
    baseURL: "",
    port: 0,
    requests,
    accepted: 0,
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  server.on("connection", (socket: Socket) => {
    test.accepted++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", 1024, () => {
      test.port = (server.address() as AddressInfo).port;
      test.baseURL = `http://127.0.0.1:${test.port}/api/v1`;
      resolve(test);
    }),
  );
}

/** A node:http server that calls `handler` once the request is read. */
export function serve(
  handler: (response: ServerResponse, request: SeenRequest) => void,
): Promise<TestServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const seen: SeenRequest = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: text === "" ? {} : JSON.parse(text),
      };
      requests.push(seen);
      handler(response, seen);
    });
  });
  return track(server, requests);
}

/** A raw TCP server: `handler` runs when the first bytes of a request are in. */
export function serveRaw(handler: (socket: Socket) => void): Promise<TestServer> {
  const server = createTcpServer((socket) => {
    socket.once("data", () => handler(socket));
  });
  return track(server, []);
}

export const SSE = { "content-type": "text/event-stream" };

/** One chunk of a stream as OpenRouter sends it. */
export function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  const head = {
    id: "gen-1",
    object: "chat.completion.chunk",
    model: "openai/gpt-4o-2024-08-06",
    provider: "OpenAI",
  };
  return `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
}

export const DONE = "data: [DONE]\n\n";
export const HELLO = `${chunk({ role: "assistant", content: "Hello" })}${chunk({ content: " world" })}${chunk({ content: "" }, "stop")}`;

export const REQUEST: WireRequest = { model: "openai/gpt-4o", messages: [{ role: "user", content: "hi" }] };

export interface Taken {
  batches: (readonly ProviderPart[])[];
  parts: ProviderPart[];
  text: string;
  /** What `open` or the iterator threw. */
  signal?: Signal;
  error?: unknown;
  heads: { status: number; requestId?: string }[];
}

/** Opens and reads one answer to its end. */
export async function take(
  provider: Provider,
  request: WireRequest = REQUEST,
  signal: AbortSignal = new AbortController().signal,
): Promise<Taken> {
  const taken: Taken = { batches: [], parts: [], text: "", heads: [] };
  const context: OpenContext = { signal, attemptId: "a1", onHeaders: (head) => void taken.heads.push(head) };
  try {
    for await (const batch of await provider.open(request, context)) {
      taken.batches.push(batch);
      taken.parts.push(...batch);
      for (const part of batch) if (part.type === "text") taken.text += part.text;
    }
  } catch (error) {
    taken.error = error;
    if (error instanceof SignalError) taken.signal = error.signal;
  }
  return taken;
}

/** Waits until `condition` holds. @throws Error after `ms` milliseconds */
export async function eventually(condition: () => boolean, ms = 5_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error("it never happened");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
