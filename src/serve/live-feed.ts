import type { ServerResponse } from "node:http";
import type { JournalState, LiveMessage } from "./wire.js";

export interface LiveTimes {
  /** Changes are told at most so often, ms. */
  everyMs: number;
  /** And that there are none, ms. */
  beatMs: number;
  /** A page that takes nothing for so long is let go, ms. */
  stuckMs: number;
}

const TIMES: LiveTimes = { everyMs: 250, beatMs: 5_000, stuckMs: 30_000 };
const MOST_READERS = 32;

interface Reader {
  response: ServerResponse;
  version: number;
  toldAt: number;
  /** Since when it has not taken what was sent. */
  fullSince?: number;
}

/**
 * Tells open pages that the journal has grown. A message holds the state and no calls, and none is written before the last one
 * was taken, so a slow page costs nothing.
 */
export class LiveFeed {
  readonly #state: () => JournalState;
  readonly #times: LiveTimes;
  readonly #readers = new Set<Reader>();
  #timer: NodeJS.Timeout | undefined;

  constructor(state: () => JournalState, times: Partial<LiveTimes> = {}) {
    this.#state = state;
    this.#times = { ...TIMES, ...times };
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** False: there are too many. */
  add(response: ServerResponse): boolean {
    if (this.#readers.size >= MOST_READERS) return false;
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const reader: Reader = { response, version: -1, toldAt: 0 };
    this.#readers.add(reader);
    response.on("close", () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.close();
    });
    this.#timer ??= setInterval(() => this.#tell(), this.#times.everyMs);
    this.#tell();
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tell(): void {
    const now = Date.now();
    const journal = this.#state();
    for (const reader of this.#readers) {
      if (reader.response.writableNeedDrain) {
        reader.fullSince ??= now;
        if (now - reader.fullSince > this.#times.stuckMs) reader.response.destroy();
        continue;
      }
      delete reader.fullSince;
      if (reader.version !== journal.version) this.#send(reader, { type: "changed", journal }, now);
      else if (now - reader.toldAt >= this.#times.beatMs) this.#send(reader, { type: "beat" }, now);
      reader.version = journal.version;
    }
  }

  #send(reader: Reader, message: LiveMessage, now: number): void {
    reader.toldAt = now;
    reader.response.write(`${JSON.stringify(message)}\n`);
  }
}
