import type { Reply } from "./exchange.js";

/** The body of a Response as a Reply has it. A reader is used because only it can be cancelled while a read waits. */
export function webBytes(body: ReadableStream<Uint8Array> | null): Pick<Reply, "body" | "destroy"> {
  if (!body) return { body: null, destroy: () => {} };
  if (!("getReader" in body)) return nodeBytes(body as NodeJS.ReadableStream & { destroy?: () => void });
  const reader = body.getReader();
  // Cancelling rejects when the stream has failed already, which says nothing new.
  const destroy = () => void reader.cancel().catch(() => {});
  async function* chunks() {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      destroy();
    }
  }
  return { body: chunks(), destroy };
}

/** Some fetch libraries give a Node stream as the body. */
function nodeBytes(body: NodeJS.ReadableStream & { destroy?: () => void }): Pick<Reply, "body" | "destroy"> {
  body.on("error", () => {});
  return { body: body as unknown as AsyncIterable<Uint8Array>, destroy: () => body.destroy?.() };
}
