import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Worker } from "node:worker_threads";
import { unusedPort } from "../../src/testing/index.js";
import { SELF_SIGNED } from "./self-signed.js";

/** Where a faulty primary lives: as much of it as a judge needs. */
export interface Place {
  readonly baseURL: string;
  /** Requests (or, where none can be read, connections) that have arrived. */
  readonly requests: number;
  readonly openConnections: number;
  close(): Promise<void>;
}

async function listening(server: Server, scheme: string, onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let requests = 0;
  server.on("connection", (socket: Socket) => {
    requests++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    baseURL: `${scheme}://127.0.0.1:${port}/api/v1`,
    get requests() {
      return requests;
    },
    get openConnections() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A certificate that nobody vouches for. */
export function selfSignedPlace(): Promise<Place> {
  const server = createTlsServer(SELF_SIGNED, (socket) => socket.on("error", () => {}));
  server.on("tlsClientError", () => {});
  return listening(server, "https", () => {});
}

/** Accepts and says nothing, so that a TLS handshake never ends. */
export function muteTlsPlace(): Promise<Place> {
  return listening(createServer(), "https", (socket) => socket.resume());
}

/** Plain HTTP where TLS is expected. */
export function plainTlsPlace(): Promise<Place> {
  return listening(createServer(), "https", (socket) => {
    socket.resume();
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
}

/** Resets while the request body is still being sent. */
export function uploadResetPlace(): Promise<Place> {
  return listening(createServer(), "http", (socket) => {
    socket.once("data", () => {
      socket.pause();
      socket.resetAndDestroy();
    });
  });
}

/** Nobody listens here. */
export async function refusingPlace(): Promise<Place> {
  const baseURL = `http://127.0.0.1:${await unusedPort()}/api/v1`;
  return { baseURL, requests: 0, openConnections: 0, close: async () => {} };
}

/** A name that no resolver knows (RFC 6761). */
export async function unknownHostPlace(): Promise<Place> {
  return { baseURL: "http://nope.invalid/api/v1", requests: 0, openConnections: 0, close: async () => {} };
}

/**
 * A port whose accept queue is full, so that the kernel drops further SYNs: a black hole on loopback. The listener
 * has a thread of its own, which sleeps and so accepts nothing.
 */
export async function blackHolePlace(): Promise<Place> {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
     });`,
    { eval: true },
  );
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const fillers: Socket[] = [];
  // The queue holds a little more than its backlog says: fill until a connection no longer comes through.
  for (let full = false; !full && fillers.length < 32; ) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    fillers.push(socket);
    full = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), 150);
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
  return {
    baseURL: `http://127.0.0.1:${port}/api/v1`,
    requests: 0,
    openConnections: 0,
    async close() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}
