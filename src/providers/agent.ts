import type { Socket } from "node:net";
import type { Agent, buildConnector, Client, Dispatcher, Pool } from "undici";
import { undici } from "./undici.js";

/** Bytes of response headers; node:http's own default (`--max-http-header-size`). */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * A keep-alive pool with all of undici's clocks off, since the chain has its own and theirs (10 s, 300 s, 300 s) would
 * fire first or hide it. Idle sockets close after undici's default of 4 s: below the 5 s after which node and uvicorn
 * servers close theirs, so that no request is sent into a closing socket.
 */
export function createAgent(): Agent {
  const { Agent, Pool, buildConnector } = undici();
  const AbortableClient = abortableClient();
  return new Agent({
    connect: buildConnector({ timeout: 0 }),
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
    factory: (origin, options: Pool.Options) =>
      new Pool(origin, {
        ...options,
        factory: (origin, options) => new AbortableClient(origin, options as Client.Options),
      }),
  });
}

/**
 * undici lets a connection attempt run on when its request is aborted, and gives the next request to it: a host that
 * swallows a SYN or stalls a TLS handshake would keep the socket, and fail later requests too.
 */
function abortableClient() {
  const { Client } = undici();
  return class AbortableClient extends Client {
    readonly #connect: Connect;

    constructor(origin: URL, options: Client.Options) {
      const connect = new Connect(options.connect as buildConnector.connector);
      super(origin, { ...options, connect: connect.connector });
      this.#connect = connect;
      this.on("disconnect", () => {
        connect.done = false;
      });
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const { signal } = options as { signal?: AbortSignal | null };
      // Only the newest counts: without pipelining there is one request at a time.
      this.#connect.heed(signal ?? undefined);
      return super.dispatch(options, handler);
    }
  };
}

/** One client's connection while it is being made. */
class Connect {
  done = false;
  readonly connector: buildConnector.connector;
  #socket: Socket | undefined;
  #signal: AbortSignal | undefined;

  constructor(connector: buildConnector.connector) {
    this.connector = (options, callback) => {
      // The types do not say that it returns the socket.
      this.#socket = connector(options, (...result) => {
        this.#socket = undefined;
        this.done = result[0] === null;
        this.heed(undefined);
        callback(...result);
      }) as unknown as Socket | undefined;
    };
  }

  heed(signal: AbortSignal | undefined): void {
    this.#signal?.removeEventListener("abort", this);
    this.#signal = this.done ? undefined : signal;
    this.#signal?.addEventListener("abort", this, { once: true });
  }

  handleEvent(): void {
    this.#socket?.destroy(new Error("the request was aborted while connecting"));
  }
}
