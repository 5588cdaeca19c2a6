import type { Reply } from "./exchange.js";

/** Bytes read of an error body: enough to classify any error OpenRouter sends, the HTML pages of its CDN included. */
export const ERROR_BODY_LIMIT = 64 * 1024;

/**
 * Milliseconds that an error body may take. Servers send it together with the head; one that stalls must not cost the
 * attempt so long that a clock ends it, and status and Retry-After are lost.
 */
export const ERROR_BODY_MS = 2_000;

/**
 * Reads at most 64 KiB, and for at most 2 s, as UTF-8 and closes the rest. What came by then is kept: `onText` gets the
 * text so far after each read, so that an abort loses nothing. Never rejects.
 */
export function readErrorText(
  reply: Reply,
  signal: AbortSignal | null | undefined,
  onText: (text: string) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let open = true;
    const stop = () => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      reply.destroy();
      resolve();
    };
    const timer = setTimeout(stop, ERROR_BODY_MS);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    void drain(reply.body, (text) => open && onText(text)).then(stop);
  });
}

async function drain(body: Reply["body"], onText: (text: string) => void): Promise<void> {
  if (!body) return;
  const decoder = new TextDecoder();
  let room = ERROR_BODY_LIMIT;
  let text = "";
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk.subarray(0, room), { stream: true });
      room -= Math.min(room, chunk.length);
      onText(text);
      if (room === 0) break;
    }
  } catch {
    // The attempt failed by its status or its type, and not by the connection that closed afterwards.
  }
}
