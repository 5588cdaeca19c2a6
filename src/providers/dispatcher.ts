import { Agent, type Dispatcher, getGlobalDispatcher } from "undici";

/** Bytes of response headers; node:http's own default (`--max-http-header-size`). */
export const MAX_HEADER_BYTES = 16 * 1024;

let shared: Agent | undefined;

/**
 * The process-wide keep-alive pool. All of undici's clocks are off, since the chain has its own and theirs
 * (10 s, 300 s, 300 s) would fire first or hide it. Idle sockets close after undici's default of 4 s: below the
 * 5 s after which node and uvicorn servers close theirs, so that no request is sent into a closing socket.
 */
function sharedAgent(): Agent {
  shared ??= new Agent({
    connect: { timeout: 0 },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 1,
  });
  return shared;
}

/** True for the Agent that undici or Node installs unasked: no options, no interceptors. */
function isStock(dispatcher: Dispatcher): boolean {
  const proto = Object.getPrototypeOf(dispatcher);
  if (dispatcher.constructor.name !== "Agent" || dispatcher.dispatch !== proto.dispatch) return false;
  const options = Object.getOwnPropertySymbols(dispatcher).find((symbol) => symbol.description === "options");
  if (!options) return false;
  const values = Object.values((dispatcher as unknown as Record<symbol, object>)[options] ?? {});
  return values.every((value) => value === undefined || value === Number.POSITIVE_INFINITY);
}

/** The user's `setGlobalDispatcher()` (a proxy, a mock, own certificates) wins over our pool. */
export function currentDispatcher(): Dispatcher {
  const installed = getGlobalDispatcher();
  return isStock(installed) ? sharedAgent() : installed;
}
