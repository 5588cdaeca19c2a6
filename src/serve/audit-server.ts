import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Api } from "./api.js";
import { CallIndex } from "./call-index.js";
import { Door, type Refusal } from "./door.js";
import { LiveFeed, type LiveTimes } from "./live-feed.js";
import { policyOf } from "./page-policy.js";
import { type Follow, watch } from "./watcher.js";

export interface AuditServerOptions {
  dir: string;
  /** 0: any free one. */
  port: number;
  /** HTML. */
  page: string;
  follow: Follow;
  /** How many calls are kept in memory: 100,000. */
  calls?: number;
  live?: Partial<LiveTimes>;
}

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** A journal, shown on loopback to whoever has the token. */
export class AuditServer {
  readonly #door = new Door();
  readonly #stop = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #page: { html: Buffer; policy: string };
  readonly #api: Api;
  readonly #feed: LiveFeed;
  #watching: Promise<void> | undefined;
  readonly #watch: () => Promise<void>;

  private constructor({ dir, page, follow, calls, live }: AuditServerOptions) {
    const index = new CallIndex(calls);
    const { signal } = this.#stop;
    this.#page = { html: Buffer.from(page), policy: policyOf(page) };
    this.#api = new Api(dir, index);
    this.#feed = new LiveFeed(() => index.state, live);
    this.#watch = () => watch(dir, index, { follow, signal });
    this.#server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** @throws the system's error when it cannot listen */
  static async start(options: AuditServerOptions): Promise<AuditServer> {
    const server = new AuditServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject).listen(options.port, "127.0.0.1", resolve);
    });
    server.#door.listensOn(server.port);
    server.#watching = server.#watch();
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get token(): string {
    return this.#door.token;
  }

  /** With the token behind #, which no browser sends to anyone. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/#token=${this.token}`;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#feed.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#watching;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    const refusal = this.#door.refusal(request.method, request.headers);
    if (refusal) return refuse(response, refusal);
    const url = addressOf(request.url);
    if (url?.pathname === "/") return this.#sendPage(response);
    if (!url?.pathname.startsWith("/api/"))
      return sendJson(response, 404, { error: "there is no such address" });
    const tokenRefusal = this.#door.tokenRefusal(request.headers);
    if (tokenRefusal) return refuse(response, tokenRefusal);
    if (url.pathname === "/api/live") {
      if (!this.#feed.add(response)) sendJson(response, 503, { error: "too many pages are open" });
      return;
    }
    const left = new AbortController();
    response.on("close", () => left.abort());
    try {
      const { status, body } = await this.#api.answer(url, left.signal);
      sendJson(response, status, body);
    } catch (error) {
      if (response.destroyed) return;
      sendJson(response, 500, { error: (error as Error).message });
    }
  }

  #sendPage(response: ServerResponse): void {
    const { html, policy } = this.#page;
    response.setHeader("content-security-policy", policy);
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-length": html.length });
    response.end(html);
  }
}

/** undefined: no address of ours, such as `//other.example` or `http://other.example/`. */
function addressOf(target = ""): URL | undefined {
  if (!target.startsWith("/") || target.startsWith("//")) return undefined;
  return URL.canParse(target, "http://127.0.0.1") ? new URL(target, "http://127.0.0.1") : undefined;
}

function refuse(response: ServerResponse, { status, error }: Refusal): void {
  if (status === 405) response.setHeader("allow", "GET");
  // A body that nobody wants is not waited for.
  response.setHeader("connection", "close");
  sendJson(response, status, { error });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": json.length,
  });
  response.end(json);
}
