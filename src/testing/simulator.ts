import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { REQUEST_ERRORS } from "./bodies.js";
import type { ModelFacts } from "./catalogue.js";
import { errorOps } from "./chat.js";
import { checkModels, checkOptions } from "./check.js";
import { cursor, type Drawn } from "./cursor.js";
import { type KeyFacts, keyOf } from "./keys.js";
import { RequestLog, type SimulatedRequest } from "./log.js";
import { play } from "./player.js";
import { routeOps, type Site } from "./routes.js";
import type { ModelScript } from "./script.js";

export interface SimulatorOptions {
  /** What each model does. The model `"*"` stands for all that are not named; any other unknown model gets a 400. */
  models: Record<string, ModelScript>;
  /** Fixes ids and draws. Default 1. */
  seed?: number;
  /** Default 0: any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** The keys that exist. Default: any non-empty Bearer key will do. */
  keys?: Record<string, KeyFacts>;
  /** Whether a key is needed, as at OpenRouter. Default true. */
  auth?: boolean;
  /** Windows, prices and names for `/models`; models named here only are listed, too. */
  catalogue?: Record<string, ModelFacts>;
  /** Called when a request has arrived whole and its answer is about to begin. */
  onRequest?: (request: SimulatedRequest) => void;
  /** Called when an answer is over. */
  onClose?: (request: SimulatedRequest) => void;
  /** How many requests the log keeps; default 100,000. */
  logLimit?: number;
  /** Bytes of a request body beyond which the answer is 413; default 64 MiB. */
  maxBodyBytes?: number;
}

export interface Simulator {
  /** `http://127.0.0.1:PORT/api/v1` */
  readonly baseURL: string;
  readonly port: number;
  /** What the provider saw, in order of arrival; `/models` and the like included. */
  readonly requests: SimulatedRequest[];
  /** The chat requests for one model. */
  requestsTo(model: string): SimulatedRequest[];
  /** Sockets that are open now, idle keep-alive ones included. */
  readonly openConnections: number;
  /** Requests that are being answered now. */
  readonly openRequests: number;
  /** Replaces what a model does from now on, e.g. to let it recover. Throws an Error for a bad script. */
  setScript(model: string, script: ModelScript): void;
  /** Empties the log. Scripts go on where they are. */
  clear(): void;
  /** Resolves when no request is being answered; rejects after `timeoutMs` (default 5,000). */
  waitForIdle(options?: { timeoutMs?: number }): Promise<void>;
  /** Resolves when `count` requests have arrived whole since the start or `clear()`; rejects after `timeoutMs` (default 5,000). */
  waitForRequests(count: number, options?: { timeoutMs?: number }): Promise<void>;
  /** Destroys every socket and resolves when all are gone. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a local OpenRouter that does what its scripts say.
 *
 * @throws Error naming the path and the value of a bad script or option; the system's error when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  checkOptions(options);
  const { seed = 1, host = "127.0.0.1", port = 0, maxBodyBytes = 67_108_864 } = options;
  const log = new RequestLog(options.logLimit ?? 100_000);
  const sockets = new Set<Socket>();
  const cursors = new Map<string, () => Drawn>();
  const facts = options.catalogue ?? {};
  const set = (model: string, script: ModelScript) => cursors.set(model, cursor(model, script, seed));
  for (const [model, script] of Object.entries(options.models)) set(model, script);
  const ids = () => [...new Set([...cursors.keys(), ...Object.keys(facts)])].filter((id) => id !== "*");
  const site: Site = {
    seed,
    facts,
    auth: options.auth ?? true,
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    draw: (model) => (cursors.get(model) ?? cursors.get("*"))?.(),
    get defaultModel() {
      return ids()[0];
    },
    models: ids,
    generation: (id) => log.requests.findLast((request) => request.generationId === id),
  };

  const server = createServer((req, res) => void answer(req, res));
  // Node's own limits would end the slow cases before the client under test does.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client may vanish at any moment; that is what is being rehearsed.
    socket.on("error", () => {});
    socket.setNoDelay(true);
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on("error", () => {});
    const key = keyOf(req.headers);
    const entry = log.add({
      method: req.method ?? "GET",
      path: req.url ?? "/",
      headers: req.headers,
      ...(key === undefined ? {} : { key }),
    });
    try {
      const body = await bodyText(req, maxBodyBytes);
      const ops = body === undefined ? errorOps(REQUEST_ERRORS["413"]) : routeOps(site, entry, body);
      log.arrive();
      options.onRequest?.(entry);
      await play(ops, res, entry);
    } catch (error) {
      entry.closedAt ??= Date.now();
      entry.closedBy ??= req.aborted ? "client" : "server";
      if (!req.aborted) {
        res.destroy();
        process.emitWarning(error as Error);
      }
    } finally {
      log.ended();
      options.onClose?.(entry);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Node queues 511 connections; a thousand callers at once would see refusals.
    server.listen({ port, host, backlog: 4_096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = (server.address() as AddressInfo).port;
  let closing: Promise<void> | undefined;
  return {
    baseURL: `http://${host.includes(":") ? `[${host}]` : host}:${bound}/api/v1`,
    port: bound,
    requests: log.requests,
    requestsTo: (model) => log.requests.filter((request) => request.model === model),
    get openConnections() {
      return sockets.size;
    },
    get openRequests() {
      return log.open;
    },
    setScript(model, script) {
      checkModels({ [model]: script });
      set(model, script);
    },
    clear: () => log.clear(),
    waitForIdle: ({ timeoutMs = 5_000 } = {}) => log.until(() => log.open === 0, "idle", timeoutMs),
    waitForRequests: (count, { timeoutMs = 5_000 } = {}) =>
      log.until(() => log.arrived >= count, `${count} requests`, timeoutMs),
    close() {
      closing ??= (async () => {
        const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
        gone.push(new Promise((resolve) => server.close(resolve)));
        for (const request of log.requests) if (request.closedAt === undefined) request.closedBy = "server";
        for (const socket of sockets) socket.destroy();
        await Promise.all(gone);
      })();
      return closing;
    },
  };
}

/** Undefined when it is longer than allowed. */
async function bodyText(req: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= maxBytes) parts.push(part);
  }
  return size > maxBytes ? undefined : Buffer.concat(parts).toString("utf8");
}
