import type { IncomingHttpHeaders } from "node:http";
import type { Meter } from "./player.js";
import type { Script } from "./script.js";

/** What the provider saw and did: one entry per request, in order of arrival. Filled in as the answer goes on. */
export interface SimulatedRequest extends Meter {
  /** From 1. */
  n: number;
  /** Unix milliseconds. */
  at: number;
  method: string;
  /** As sent, with the query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** The API key as sent. */
  key?: string;
  /** The parsed JSON body, or its text when it is none. */
  body?: unknown;
  /** The model the request names. */
  model?: string;
  stream?: boolean;
  /** The script that answered, and where it stands, e.g. `models["a/b"][1]`. */
  script?: Script;
  step?: string;
  generationId?: string;
  /** The model as the answer names it. */
  servedModel?: string;
  provider?: string;
  /** As planned, like `finish` and `cost`: the client was told when `usageSentAt` is set. */
  promptTokens?: number;
  completionTokens?: number;
  /** The finish reason as planned. */
  finish?: string | null;
  /** USD as planned. */
  cost?: number;
  /** HTTP status; absent while no head was sent, or where it was no HTTP. */
  status?: number;
  /** Unix milliseconds: headers, first token. */
  headersAt?: number;
  firstTokenAt?: number;
  /** Bytes of the body handed to the socket, framing not counted. */
  bytesSent: number;
  /** Events with content. */
  tokensSent: number;
  /** Unix milliseconds: a finish reason, or the end of a JSON reply, was sent; usage was, in a stream. */
  finishSentAt?: number;
  usageSentAt?: number;
  /** Unix milliseconds. */
  closedAt?: number;
  /** Who ended the answer; absent while it goes on. `server`: it was sent to its end, or the fault ended it. */
  closedBy?: "server" | "client";
}

/** The requests so far, and who waits for more of them or for their end. */
export class RequestLog {
  readonly requests: SimulatedRequest[] = [];
  open = 0;
  arrived = 0;
  #count = 0;
  #limit: number;
  #watchers = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(entry: Omit<SimulatedRequest, "n" | "at" | "bytesSent" | "tokensSent">): SimulatedRequest {
    const full: SimulatedRequest = {
      n: ++this.#count,
      at: Date.now(),
      ...entry,
      bytesSent: 0,
      tokensSent: 0,
    };
    // In blocks: shifting one entry off a long array at every request would cost more than the request.
    if (this.requests.length >= this.#limit) this.requests.splice(0, Math.ceil(this.#limit / 10));
    this.requests.push(full);
    this.open++;
    return full;
  }

  arrive(): void {
    this.arrived++;
    this.changed();
  }

  ended(): void {
    this.open--;
    this.changed();
  }

  clear(): void {
    this.requests.length = 0;
    this.arrived = 0;
  }

  private changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Resolves when the condition holds; rejects after `timeoutMs`. */
  until(condition: () => boolean, what: string, timeoutMs: number): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watcher);
        reject(new Error(`${what} took longer than ${timeoutMs} ms`));
      }, timeoutMs);
      const watcher = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }
}
