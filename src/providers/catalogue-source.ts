import { SignalError } from "../errors.js";
import { type CatalogueSource, MAX_CATALOGUE_BYTES } from "../model-facts.js";
import { EXCHANGE, type Exchange, isEncoded, type Reply } from "./exchange.js";
import { createFetch, type Fetch } from "./fetch.js";

export interface CatalogueSourceOptions {
  url: () => string;
  /** What the provider sends its requests with: the user's fetch, and what else goes into its `init` (a dispatcher). */
  transport: () => { fetch?: Fetch | undefined; fetchOptions?: object | undefined };
  /** Takes secrets out of a text. */
  redact: (text: string) => string;
}

/** The list of models at a URL, got without a key by the transport of the provider. Redirects are refused. */
export function catalogueSource({ url, transport, redact }: CatalogueSourceOptions): CatalogueSource {
  return {
    get url() {
      return url();
    },
    async load(url, { headers, signal }) {
      const { fetch, fetchOptions } = transport();
      let seen: Pick<Reply, "status" | "headers"> | undefined;
      const exchange: Exchange = {
        onReply(reply) {
          seen = reply;
        },
      };
      const init = { ...fetchOptions, method: "GET", body: null, headers, signal, [EXCHANGE]: exchange };
      try {
        await createFetch(fetch)(url, init);
      } catch (error) {
        const signal = error instanceof SignalError ? error.signal : undefined;
        // What it says goes into the log, and a fetch of the user's may quote its headers or its proxy.
        if (signal?.kind !== "invalid") throw new Error(redact(messageOf(error)));
        // The transport refuses it with the redirects, since a chat has no use for either.
        if (signal.status === 304) return { status: 304, headers: seen?.headers ?? {}, body: "" };
        throw new Error(signal.message);
      }
      const { reply, failure } = exchange;
      if (reply) return { status: reply.status, headers: reply.headers, body: await readBody(reply, signal) };
      if (failure?.kind === "http") return { ...failure };
      throw new Error("nothing came");
    },
  };
}

function messageOf(error: unknown): string {
  return String((error as { message?: unknown } | null)?.message ?? error).slice(0, 2_000);
}

/** @throws Error when it is too long or compressed */
async function readBody(reply: Reply, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stop = () => reply.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (isEncoded(reply)) throw new Error("the list is compressed although identity was asked for");
    for await (const chunk of reply.body ?? []) {
      size += chunk.length;
      if (size > MAX_CATALOGUE_BYTES) throw new Error(`the list is longer than ${MAX_CATALOGUE_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    reply.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return new TextDecoder().decode(Buffer.concat(chunks));
}
