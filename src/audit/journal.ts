import { createHmac } from "node:crypto";
import { systemClock } from "../clock.js";
import { defined } from "../defined.js";
import { AuditRefusal } from "../errors.js";
import type { Disk } from "../journal/disk.js";
import type { JournalEvent, RequestEnd, RequestStart } from "../journal/entry.js";
import { Journal } from "../journal/journal.js";
import { signerOf } from "../journal/signer.js";
import type { AuditAttempt, AuditRecord, AuditSink, CallContent, CallStart } from "../record.js";
import type { Clock } from "../types.js";
import { VERSION } from "../version.js";
import {
  checkJournalOptions,
  DEFAULT_JOURNAL,
  type JournalContent,
  type JournalOptions,
} from "./journal-options.js";

/** What tests put in place of disk and time. */
export interface JournalSeams {
  disk?: Disk;
  clock?: Clock;
}

/** For how long `close` tries on a disk that takes nothing. */
const CLOSE_MS = 2_000;

export interface JournalAudit extends AuditSink {
  /** 16 hex digits, once the folder has been read: names the files that this journal writes. */
  readonly chainId: string | undefined;
  /** Lines that were lost so far. */
  readonly lost: number;
  /** Of lines that wait for the disk. */
  readonly queuedBytes: number;
}

/**
 * Writes the evidence of every call to a folder, as lines that are chained by hashes: its start before the first request
 * leaves, each attempt, its end. `open-router audit` reads, verifies and shows it.
 *
 * @throws OptionsError at construction, naming the option and its value, or the folder that cannot be written
 */
export function journalAudit(options: JournalOptions, seams: JournalSeams = {}): JournalAudit {
  checkJournalOptions(options);
  return new JournalSink(options, seams);
}

class JournalSink implements JournalAudit {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #options: JournalOptions;
  readonly #durability: NonNullable<JournalOptions["durability"]>;
  readonly #onFull: NonNullable<JournalOptions["onFull"]>;
  readonly #maxWaitMs: number;
  /** To be thrown by the next call of a method, since whoever called the last one has gone on. */
  #trouble: Error | undefined;

  constructor(options: JournalOptions, { disk, clock = systemClock }: JournalSeams) {
    const { durability, onFull, maxWaitMs, maxQueueBytes } = { ...DEFAULT_JOURNAL, ...defined(options) };
    const { rotate, checkpoint, retain } = options;
    const { maxBytes, maxAgeMs } = { ...DEFAULT_JOURNAL.rotate, ...defined(rotate) };
    const { sign, to, ...every } = checkpoint ?? {};
    this.#options = options;
    this.#clock = clock;
    this.#durability = durability;
    this.#onFull = onFull;
    this.#maxWaitMs = maxWaitMs;
    this.#journal = new Journal({
      dir: options.dir,
      clock,
      version: VERSION,
      durability,
      maxSegmentBytes: maxBytes,
      maxSegmentAgeMs: maxAgeMs,
      maxQueueBytes,
      closeMs: CLOSE_MS,
      onTrouble: (error) => {
        this.#trouble ??= error;
      },
      ...(retain && { retain }),
      ...(checkpoint && {
        checkpoint: {
          ...DEFAULT_JOURNAL.checkpoint,
          ...defined(every),
          ...(sign !== undefined && { signer: signerOf(sign, "journalAudit: checkpoint.sign") }),
          ...(to !== undefined && { to }),
        },
      }),
      ...(disk && { disk }),
    });
  }

  get chainId(): string | undefined {
    return this.#journal.chainId;
  }

  get lost(): number {
    return this.#journal.writer.lost;
  }

  get queuedBytes(): number {
    return this.#journal.writer.queuedBytes;
  }

  async start(call: CallStart, content?: CallContent): Promise<void> {
    const event: RequestStart = {
      event: "request.start",
      callId: call.callId,
      start: this.#digested(call),
      ...(content && this.#content({ callId: call.callId, at: "start", request: content.request })),
    };
    const isDurable = await this.#durable(event);
    if (!isDurable && this.#onFull === "reject") {
      throw new AuditRefusal(
        `the audit journal did not take the start of this call within ${this.#maxWaitMs} ms, and its onFull is "reject". Look after its disk, or choose onFull: "block" or "drop".`,
      );
    }
    this.#complain();
  }

  attempt({ callId, ...attempt }: AuditAttempt & { callId: string }): void {
    this.#append({ event: "attempt", callId, attempt });
    this.#complain();
  }

  write(record: AuditRecord, content?: CallContent): void {
    const { callId, outcome } = record;
    const event: RequestEnd = {
      event: "request.end",
      callId,
      outcome,
      record: this.#digested(record),
      ...(content && this.#content({ callId, at: "end", text: content.text })),
    };
    this.#append(event);
    this.#complain();
  }

  async flush(): Promise<void> {
    await this.#journal.writer.flush();
  }

  async close(): Promise<void> {
    await this.#journal.close();
    this.#complain();
  }

  /** Resolves with true when the line counts, with false when the call should wait no longer. */
  async #durable(event: RequestStart): Promise<boolean> {
    const { writer } = this.#journal;
    const isLate = () => writer.busyMs >= this.#maxWaitMs;
    let timer: unknown;
    const timeUp = new Promise<boolean>((resolve) => {
      timer = this.#clock.setTimeout(() => resolve(false), this.#maxWaitMs);
    });
    try {
      let onDurable!: () => void;
      const durable = new Promise<boolean>((resolve) => {
        onDurable = () => resolve(true);
      });
      while (!writer.append(event, onDurable)) {
        const hasRoom =
          this.#onFull === "block" && (await Promise.race([writer.progress().then(() => true), timeUp]));
        if (hasRoom) continue;
        writer.lose(event.event);
        return false;
      }
      if (this.#durability === "memory") return true;
      if (this.#onFull !== "block" && isLate()) return false;
      return await Promise.race([durable, timeUp]);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  #append(event: JournalEvent): void {
    const { writer } = this.#journal;
    if (!writer.append(event)) writer.lose(event.event);
  }

  #complain(): void {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble) throw trouble;
  }

  #digested<T extends { requestDigest: string }>(evidence: T): T {
    const { digestKey } = this.#options;
    if (digestKey === undefined) return evidence;
    const digest = createHmac("sha256", digestKey).update(evidence.requestDigest).digest("hex");
    return { ...evidence, requestDigest: `hmac-sha256:${digest}` };
  }

  #content(content: JournalContent): { content?: unknown; contentError?: string } {
    const redact = this.#options.content?.redact;
    if (!redact) return {};
    try {
      const kept = redact(content);
      // What cannot be written as JSON must not cost the line.
      return kept === undefined || JSON.stringify(kept) === undefined ? {} : { content: kept };
    } catch (error) {
      return { contentError: error instanceof Error ? error.name : "thrown" };
    }
  }
}
