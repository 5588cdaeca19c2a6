import { KeyObject } from "node:crypto";
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { OptionsError } from "../errors.js";
import type { CheckpointSink } from "../journal/checkpoints.js";
import type { Retain } from "../journal/retention.js";
import type { SignCallback } from "../journal/signer.js";
import type { Durability } from "../journal/writer-init.js";
import { optionsError } from "../option-error.js";
import type { ChatRequest } from "../types.js";

/** What `redact` is given: the request when a call begins, and the text of the answer, as far as it was shown, when it ends. */
export type JournalContent =
  | { callId: string; at: "start"; request: ChatRequest }
  | { callId: string; at: "end"; text: string };

export interface JournalOptions {
  /** The folder, made when missing. Several processes may share one: each writes files of its own. */
  dir: string;
  /**
   * What a line that counts has reached: `memory` (a queue), `os` (the kernel: survives the death of the process; the
   * default), `fsync` (the disk, in groups: survives a power cut on a disk that is honest).
   */
  durability?: Durability;
  /**
   * When the start of a call cannot be made durable within `maxWaitMs`: `block` (the default) lets it go on after that time,
   * `drop` lets calls go on at once as long as the disk is late, `reject` ends the call before any request is sent.
   */
  onFull?: "block" | "drop" | "reject";
  /** How long a call waits for its start to be durable; 200 ms, at most 240. */
  maxWaitMs?: number;
  /** Lines that wait for the disk, in bytes; 16 MiB. What does not fit is lost, counted, and told of in a `gap`. */
  maxQueueBytes?: number;
  /** When a new segment is begun; 64 MiB, 24 hours. */
  rotate?: { maxBytes?: number; maxAgeMs?: number };
  /** Which segments are deleted, at rotation. Default: none. */
  retain?: Retain | false;
  /** Signed heads of the chain, in the journal and in a second place. Default: every 1 000 records or 60 s, when given at all. */
  checkpoint?:
    | {
        everyRecords?: number;
        everyMs?: number;
        /** Ed25519: a file with a private key (PEM), the key, or a callback. Without it checkpoints are not signed. */
        sign?: string | KeyObject | SignCallback;
        /** The second place: a file, or a callback. */
        to?: CheckpointSink;
      }
    | false;
  /** Makes of `requestDigest` an HMAC-SHA-256, so that a short prompt cannot be guessed from it. */
  digestKey?: string | Uint8Array;
  /** Prompts and answers, as `redact` returns them. Default: none. */
  content?: { redact: (content: JournalContent) => unknown };
}

export const DEFAULT_JOURNAL = {
  durability: "os",
  onFull: "block",
  maxWaitMs: 200,
  maxQueueBytes: 16 << 20,
  rotate: { maxBytes: 64 << 20, maxAgeMs: 86_400_000 },
  checkpoint: { everyRecords: 1_000, everyMs: 60_000 },
} as const;

const number = (min: number, unit: string, max = Number.POSITIVE_INFINITY) =>
  z.custom<number>(
    (value) => typeof value === "number" && value >= min && value <= max,
    `must be ${max === Number.POSITIVE_INFINITY ? `>= ${min}` : `between ${min} and ${max}`} (${unit})`,
  );
const oneOf = (...values: string[]) =>
  z.custom<string>(
    (value) => values.includes(value as string),
    `must be ${values
      .map((value) => JSON.stringify(value))
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1")}`,
  );
const nonEmpty = (what: string) =>
  z.custom<string>((value) => typeof value === "string" && value.trim() !== "", `must be ${what}`);
const isCallable = (value: unknown) => typeof value === "function";

/** Less than the 250 ms for which a call waits for any sink: a refusal that came in the same millisecond would be too late. */
const MAX_WAIT_MS = 240;

const schema = z.strictObject({
  dir: nonEmpty("the path of a folder"),
  durability: oneOf("memory", "os", "fsync").optional(),
  onFull: oneOf("block", "drop", "reject").optional(),
  maxWaitMs: number(1, "milliseconds", MAX_WAIT_MS).optional(),
  maxQueueBytes: number(65_536, "bytes").optional(),
  rotate: z
    .strictObject({ maxBytes: number(4_096, "bytes"), maxAgeMs: number(1_000, "milliseconds") })
    .partial()
    .optional(),
  retain: z
    .union([
      z.literal(false),
      z
        .strictObject({
          maxAgeMs: number(1, "milliseconds"),
          maxBytes: number(1, "bytes"),
          maxSegments: number(1, "segments"),
        })
        .partial(),
    ])
    .optional(),
  checkpoint: z
    .union([
      z.literal(false),
      z
        .strictObject({
          everyRecords: number(1, "records"),
          everyMs: number(10, "milliseconds"),
          sign: z.custom(
            (value) =>
              isCallable(value) || value instanceof KeyObject || (typeof value === "string" && value !== ""),
            "must be a file with a private key (PEM), a KeyObject, or a function that signs",
          ),
          to: z.custom(
            (value) => isCallable(value) || (typeof value === "string" && value !== ""),
            "must be a file, or a function that takes a checkpoint",
          ),
        })
        .partial(),
    ])
    .optional(),
  digestKey: z
    .custom(
      (value) => (typeof value === "string" || value instanceof Uint8Array) && value.length >= 16,
      "must have at least 16 characters or bytes",
    )
    .optional(),
  content: z.strictObject({ redact: z.custom(isCallable, "must be a function") }).optional(),
});

/** @throws OptionsError that names the first wrong option and its value, or the folder that cannot be written */
export function checkJournalOptions(options: JournalOptions): void {
  const result = schema.safeParse(options);
  if (!result.success) throw optionsError(result.error, options, { prefix: "journalAudit: " });
  try {
    const made = mkdirSync(options.dir, { recursive: true, mode: 0o750 });
    if (made !== undefined && options.durability === "fsync") syncName(options.dir, made);
    accessSync(options.dir, constants.W_OK | constants.R_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OptionsError(
      `journalAudit: dir must be a folder that can be written, got ${JSON.stringify(options.dir)} (${code})`,
    );
  }
}

/** A power cut may take a new folder with all that is in it, as long as the one above has not been synced. */
function syncName(dir: string, firstMade: string): void {
  // Windows cannot open folders, and needs no such thing.
  if (process.platform === "win32") return;
  const top = dirname(resolve(firstMade));
  for (let folder = dirname(resolve(dir)); folder.length >= top.length; folder = dirname(folder)) {
    try {
      const file = openSync(folder, "r");
      try {
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch {
      // One that may not be read, or a file system that syncs no folders: the journal can be written all the same.
    }
    if (folder === dirname(folder)) return;
  }
}
