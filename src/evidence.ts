import type { Dispatch } from "./audit/dispatch.js";
import { RecordFold } from "./audit/fold.js";
import type { AuditRefusal } from "./errors.js";
import type { ChainEvent } from "./events.js";
import { CallLog } from "./log.js";
import type { Logger } from "./logger.js";
import type { AuditAttempt, AuditRecord, CallContent, CallStart } from "./record.js";
import { isWatched, publish } from "./telemetry/diagnostics.js";
import type { CallObservers, Observers } from "./telemetry/observers.js";

/** Runs a function in the asynchronous context that a call was made in. */
export type Within = <R>(action: () => R) => R;

/** Who is told of a call. */
export interface EvidenceInit {
  logger: Logger;
  dispatch: Dispatch;
  content: CallContent;
  observers: Observers;
  /** A provider may tell of headers, and an abort may come, in any context; what is told of a call is told in its own. */
  within: Within;
}

/** All that is told of one call: its events go into the record, the log, the sinks and the telemetry. */
export class Evidence {
  /** Resolves however the call ends. */
  readonly record: Promise<AuditRecord>;
  readonly #start: CallStart;
  readonly #fold: RecordFold;
  readonly #log: CallLog;
  readonly #dispatch: Dispatch;
  readonly #content: CallContent;
  readonly #observers: CallObservers | undefined;
  readonly #within: Within;
  readonly #untold: (() => void)[] = [];
  #telling = false;
  #resolve!: (record: AuditRecord) => void;
  #announced = false;
  #closed = false;

  constructor(start: CallStart, at: number, { logger, dispatch, observers, within, content }: EvidenceInit) {
    this.#start = frozen(start);
    this.#fold = new RecordFold(start, at);
    this.#log = new CallLog(logger, start.callId, start.labels);
    this.#dispatch = dispatch;
    this.#content = content;
    this.#observers = observers.call(this.#start);
    this.#within = within;
    this.record = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.emit({ type: "call.started", at, start: this.#start });
  }

  /** What comes after the end is not told: the record is out. */
  emit(event: ChainEvent): void {
    if (this.#closed) return;
    const ended = this.#fold.apply(event);
    const isLogged = this.#log.hears(event);
    // Most of what happens in a call that goes well concerns nobody but its record.
    if (!isLogged && !ended && !this.#observers && !isWatched(event)) return;
    this.#tell(() => {
      if (isLogged) this.#log.tell(event);
      this.#observers?.event(event);
      publish(this.#start.callId, event);
      if (ended) this.#told(ended);
    });
  }

  /** Runs what sends attempt `n`'s request where the call's telemetry wants it. */
  attempt<T>(n: number, open: () => T): T {
    return this.#observers ? this.#observers.attempt(n, open) : open();
  }

  /** Resolves when the sinks know of the call, with what one refuses it for; undefined when none wants to know. */
  announce(): Promise<AuditRefusal | undefined> | undefined {
    this.#announced = true;
    return this.#dispatch.start(this.#start, this.#content);
  }

  close(event: Extract<ChainEvent, { type: "call.finished" }>): AuditRecord {
    this.emit(event);
    this.#closed = true;
    // A call that was over before it began has a start all the same: each end has one.
    if (!this.#announced) this.#tell(() => void this.announce());
    // Whoever follows attempts one by one is to have seen all that the record holds.
    for (const entry of this.#fold.close(event.at)) this.#tell(() => this.#told(entry));
    const record = frozen(this.#fold.record(event));
    this.#resolve(record);
    this.#tell(() => this.#dispatch.write(record, this.#content));
    return record;
  }

  /** Each sink gets a copy of the entry; what is in it, they share with the record. */
  #told(entry: AuditAttempt): void {
    freezeWithin(entry);
    this.#dispatch.attempt(entry, this.#start.callId);
  }

  /** Whoever is told of an event may end the call by it: what follows from that is told when all have heard the first. */
  #tell(telling: () => void): void {
    this.#untold.push(telling);
    if (this.#telling) return;
    this.#telling = true;
    try {
      this.#within(() => {
        for (let next = this.#untold.shift(); next; next = this.#untold.shift()) next();
      });
    } finally {
      this.#telling = false;
    }
  }
}

/** Evidence stays as it is, whatever the first of several sinks would make of it. */
function frozen<T extends object>(value: T): T {
  freezeWithin(value);
  return Object.freeze(value);
}

function freezeWithin(value: object): void {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) frozen(inner);
}
