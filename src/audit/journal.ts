import { createHmac } from "node:crypto";
import { resolve } from "node:path";
import { systemClock } from "../clock.js";
import { defined } from "../defined.js";
import { AuditRefusal } from "../errors.js";
import type { Disk } from "../journal/disk.js";
import type { JournalEvent, RequestEnd, RequestStart } from "../journal/entry.js";
import { Journal } from "../journal/journal.js";
import { lineOf } from "../journal/line-queue.js";
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
import { type KeptContent, keptContent } from "./kept-content.js";
import { startWait } from "./start-wait.js";

/** What tests put in place of disk and time. */
export interface JournalSeams {
  disk?: Disk;
  clock?: Clock;
}

/** For how long `close` tries on a disk that takes nothing. */
const CLOSE_MS = 2_000;
/** For how long `close` waits in all, when a write, a callback or a file system does not come back. */
const CLOSE_WAIT_MS = 3_000;
/** Content may take so much of the queue, at most. */
const CONTENT_SHARE = 0.25;

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
  readonly #maxContentBytes: number;
  /** To be thrown by the next call of a method, since whoever called the last one has gone on. */
  #trouble: Error | undefined;

  constructor(options: JournalOptions, { disk, clock = systemClock }: JournalSeams) {
    const { durability, onFull, maxWaitMs, maxQueueBytes } = { ...DEFAULT_JOURNAL, ...defined(options) };
    const { rotate, checkpoint, retain } = options;
    const { maxBytes, maxAgeMs } = { ...DEFAULT_JOURNAL.rotate, ...defined(rotate) };
    const { sign, to, ...every } = checkpoint || {};
    this.#options = options;
    this.#clock = clock;
    this.#durability = durability;
    this.#onFull = onFull;
    this.#maxWaitMs = maxWaitMs;
    this.#maxContentBytes = maxQueueBytes * CONTENT_SHARE;
    this.#journal = new Journal({
      // Lines must not go elsewhere when the process changes its folder.
      dir: resolve(options.dir),
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
          ...(to !== undefined && { to: typeof to === "string" ? resolve(to) : to }),
        },
      }),
      ...(disk && { disk }),
    });
  }

  get chainId(): string | undefined {
    return this.#journal.chainId;
  }

  get lost(): number {
    return this.#journal.writer.queue.lost;
  }

  get queuedBytes(): number {
    return this.#journal.writer.queue.bytes;
  }

  async start(call: CallStart, content?: CallContent): Promise<void> {
    const event: RequestStart = {
      event: "request.start",
      callId: call.callId,
      start: this.#digested(call),
      ...this.#content(content, ({ request }) => ({ callId: call.callId, at: "start", request })),
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
      ...this.#content(content, ({ text }) => ({ callId, at: "end", text })),
    };
    this.#append(event);
    this.#complain();
  }

  async flush(): Promise<void> {
    await this.#within(CLOSE_MS, this.#journal.writer.flush());
    this.#complain();
  }

  async close(): Promise<void> {
    const { writer } = this.#journal;
    const isClosed = await this.#within(CLOSE_WAIT_MS, this.#journal.close());
    const untold = writer.queue.untold + (isClosed ? 0 : writer.queue.count);
    if (untold > 0) {
      throw new Error(
        `the journal was closed with ${untold} lines that are not in it: its disk did not take them`,
        {
          cause: this.#trouble,
        },
      );
    }
    this.#complain();
  }

  async #within(ms: number, work: Promise<void>): Promise<boolean> {
    let timer: unknown;
    const timeUp = new Promise<boolean>((resolve) => {
      timer = this.#clock.setTimeout(() => resolve(false), ms);
    });
    try {
      return await Promise.race([work.then(() => true), timeUp]);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** Whether the line counts, or the call should wait no longer. */
  #durable(event: RequestStart): Promise<boolean> | boolean {
    const { writer } = this.#journal;
    const line = lineOf(event);
    const untilDurable = this.#durability !== "memory";
    const forRoom = this.#onFull === "block";
    if (!untilDurable && writer.append(line)) return true;
    if (untilDurable && !forRoom && writer.busyMs >= this.#maxWaitMs) {
      if (!writer.append(line)) writer.lose(line.event);
      return false;
    }
    return startWait(writer, line, { clock: this.#clock, maxWaitMs: this.#maxWaitMs, forRoom, untilDurable });
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

  /** Looked at only where it is kept: each look at a request makes a copy of it. */
  #content(content: CallContent | undefined, of: (content: CallContent) => JournalContent): KeptContent {
    const redact = this.#options.content?.redact;
    return content && redact ? keptContent(redact, of(content), this.#maxContentBytes) : {};
  }
}
