import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { journalEntry } from "../../src/chain.js";

/** What a receiver does with a batch: keeps it; fails before it does; or keeps it, and the answer gets lost. */
export type Reception = "keep" | "fail" | "keep and hang up";

/** A store of journal lines behind HTTP that dedupes by `(chainId, seq)`. */
export class LineReceiver {
  /** By chain and seq, in order of first arrival. */
  readonly chains = new Map<string, Map<number, string>>();
  /** Bytes of each request's body. */
  readonly bodies: number[] = [];
  duplicates = 0;
  /** A line that came again with other bytes. */
  conflicts = 0;
  next: () => Reception = () => "keep";
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of request) chunks.push(chunk);
      } catch {
        // Its sender was killed.
        return;
      }
      const body = Buffer.concat(chunks);
      this.bodies.push(body.length);
      const reception = this.next();
      if (reception === "fail") return response.writeHead(503).end();
      for (const line of body.toString().split("\n").slice(0, -1)) this.#keep(line);
      if (reception === "keep") response.end();
      else response.destroy();
    });
  }

  static async start(): Promise<LineReceiver> {
    const receiver = new LineReceiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/lines`;
  }

  /** Lines of all chains. */
  get size(): number {
    return [...this.chains.values()].reduce((sum, { size }) => sum + size, 0);
  }

  seqs(chainId: string): number[] {
    return [...(this.chains.get(chainId)?.keys() ?? [])];
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #keep(line: string): void {
    const { chainId, seq } = journalEntry(Buffer.from(line));
    const lines = this.chains.get(chainId) ?? new Map<number, string>();
    this.chains.set(chainId, lines);
    const known = lines.get(seq);
    if (known === undefined) lines.set(seq, line);
    else this.duplicates++;
    if (known !== undefined && known !== line) this.conflicts++;
  }
}
