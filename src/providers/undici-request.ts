import type { Dispatcher } from "undici";
import { SignalError } from "../errors.js";
import { currentDispatcher } from "./dispatcher.js";
import { type Reply, type RequestHead, replyHeaders } from "./exchange.js";
import { Receiver } from "./receiver.js";

export function requestHead(url: string | URL, { method = "GET", headers }: RequestInit): RequestHead {
  const { origin, pathname, search } = new URL(url);
  return {
    origin,
    path: `${pathname}${search}`,
    method,
    headers: { ...replyHeaders(new Headers(headers)), "accept-encoding": "identity" },
  };
}

/** Sends by undici, with its clocks off. An abort of the signal counts until the head of the reply is in. */
export async function sendByUndici(
  head: RequestHead,
  body: string | Uint8Array | null,
  signal: AbortSignal | null | undefined,
  dispatcher: Dispatcher = currentDispatcher(),
): Promise<Reply> {
  try {
    return await new Promise((resolve, reject) => {
      // The signal is for our own pool, whose clients look at it while they connect.
      const options = {
        origin: head.origin,
        path: head.path,
        method: head.method,
        headers: { ...head.headers },
        body,
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      dispatcher.dispatch(options, new Receiver(signal, { resolve, reject }));
    });
  } catch (error) {
    // undici asserts that a status is at least 100.
    if ((error as { code?: string } | null)?.code === "ERR_ASSERTION") throw badStatus(undefined);
    throw error;
  }
}

export function badStatus(status: number | undefined): SignalError {
  const message = `the server sent the HTTP status ${status ?? "0xx"}`;
  return new SignalError({
    kind: "invalid",
    reason: "status",
    message,
    ...(status !== undefined && { status }),
  });
}
