import type { Dispatch } from "./audit/dispatch.js";
import { RecordFold } from "./audit/fold.js";
import type { AuditRefusal } from "./errors.js";
import type { ChainEvent, Emit } from "./events.js";
import { logFold } from "./log.js";
import type { Logger } from "./logger.js";
import type { AuditRecord, CallContent, CallStart } from "./record.js";

/** All that is told of one call: its events go into the record, the log and the sinks. */
export class Evidence {
  /** Resolves however the call ends. */
  readonly record: Promise<AuditRecord>;
  readonly #start: CallStart;
  readonly #fold: RecordFold;
  readonly #log: Emit;
  readonly #dispatch: Dispatch;
  readonly #content: CallContent;
  #resolve!: (record: AuditRecord) => void;
  #closed = false;

  constructor(
    start: CallStart,
    at: number,
    sinks: { logger: Logger; dispatch: Dispatch; content: CallContent },
  ) {
    this.#start = start;
    this.#fold = new RecordFold(start, at);
    this.#log = logFold(sinks.logger, start.callId, start.labels);
    this.#dispatch = sinks.dispatch;
    this.#content = sinks.content;
    this.record = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.emit({ type: "call.started", at, start });
  }

  /** What comes after the end is not told: the record is out. */
  emit(event: ChainEvent): void {
    if (this.#closed) return;
    const ended = this.#fold.apply(event);
    this.#log(event);
    if (ended) this.#dispatch.attempt(ended, this.#start.callId);
  }

  /** Resolves when the sinks know of the call, with what one refuses it for; undefined when none wants to know. */
  announce(): Promise<AuditRefusal | undefined> | undefined {
    return this.#dispatch.start(this.#start, this.#content);
  }

  close(event: Extract<ChainEvent, { type: "call.finished" }>): AuditRecord {
    this.emit(event);
    this.#closed = true;
    const record = frozen(this.#fold.record(event));
    this.#resolve(record);
    this.#dispatch.write(record, this.#content);
    return record;
  }
}

/** Evidence stays as it is, whatever the first of several sinks would make of it. */
function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) frozen(inner);
  return Object.freeze(value);
}
