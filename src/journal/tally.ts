import type { JournalEvent } from "./entry.js";

/** What must be known of a chain to go on with it: calls that have begun and not ended, and how many checkpoints it has. */
export class Tally {
  readonly #open: Set<string>;
  checkpoints: number;

  constructor({ openCalls, checkpoints }: { openCalls: Iterable<string>; checkpoints: number }) {
    this.#open = new Set(openCalls);
    this.checkpoints = checkpoints;
  }

  get openCalls(): string[] {
    return [...this.#open];
  }

  see({ event, callId }: { event: JournalEvent["event"]; callId?: string | undefined }): void {
    if (event === "checkpoint") this.checkpoints++;
    if (callId === undefined) return;
    if (event === "request.start") this.#open.add(callId);
    else if (event === "request.end") this.#open.delete(callId);
  }
}
