import type { Reply } from "./exchange.js";

/** Bytes read of an error body: enough to classify any error OpenRouter sends, the HTML pages of its CDN included. */
export const ERROR_BODY_LIMIT = 64 * 1024;

/**
 * Reads at most 64 KiB as UTF-8 and closes the rest. What came before a cut is kept: `onText` gets the text so far
 * after each read, so that an abort loses nothing. Never rejects.
 */
export async function readErrorText(reply: Reply, onText: (text: string) => void): Promise<void> {
  if (!reply.body) return;
  const decoder = new TextDecoder();
  let room = ERROR_BODY_LIMIT;
  let text = "";
  try {
    for await (const chunk of reply.body) {
      text += decoder.decode(chunk.subarray(0, room), { stream: true });
      room -= Math.min(room, chunk.length);
      onText(text);
      if (room === 0) break;
    }
  } catch {
    // The attempt failed by its status or its type, and not by the connection that closed afterwards.
  }
  reply.destroy();
}
