import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { FallbackChain, FallbackChainError, openRouter } from "../../src/chain.js";
import { eventually } from "../support/eventually.js";

const sockets = new Set<Socket>();
let accepted = 0;
const server = createServer((socket) => {
  sockets.add(socket.resume());
  socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  // The first handshake never ends, a later one fails at once.
  if (++accepted > 1) socket.end("this is not TLS");
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("a connection attempt ends with its request, and the next request makes one of its own", async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const chain = new FallbackChain({
    targets: ["a/b"],
    provider: openRouter({ apiKey: "sk-or-v1-x", baseURL: `https://127.0.0.1:${port}/v1` }),
    timeouts: { connectMs: 200 },
    retry: { network: { retries: 0 } },
    logger: false,
  });
  const classOf = async () => {
    const error = await chain
      .complete({ messages: [{ role: "user", content: "x" }] })
      .catch((e: unknown) => e);
    return FallbackChainError.is(error) ? error.attempts.map(({ failure }) => failure?.class) : error;
  };
  expect(await classOf()).toEqual(["timeout"]);
  expect(await eventually(() => sockets.size === 0)).toBe(true);
  expect(await classOf()).toEqual(["network"]);
  expect(accepted).toBe(2);
  await chain.close();
});
