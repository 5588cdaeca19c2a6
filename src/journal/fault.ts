import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { cutAt, cutOnly, setAside } from "./aside.js";
import type { Gap, SetAside } from "./entry.js";
import type { OpenSegment } from "./open-segment.js";

/** Why the last segment was left before its time: the next one says so, and then the last one is put right. */
export class Fault {
  readonly setAside: SetAside | undefined;
  readonly #reason: Gap["reason"];
  readonly #lost: Record<string, number>;
  readonly #error: string | undefined;
  readonly #cut: string | undefined;
  /** Lines that will be written once more. */
  rewritten = 0;

  private constructor(
    reason: Gap["reason"],
    {
      lost = {},
      error,
      aside,
      cut,
    }: { lost?: Record<string, number>; error?: string; aside?: SetAside | undefined; cut?: string },
  ) {
    this.#reason = reason;
    this.#lost = lost;
    this.#error = error;
    this.setAside = aside;
    this.#cut = cut;
  }

  /** A recovery has found a torn end. */
  static torn(dir: string, aside: SetAside): Fault {
    return new Fault("write_failed", { aside, cut: join(dir, aside.file) });
  }

  /** Somebody has moved or deleted the segment, and what was written to it. */
  static gone({ events }: OpenSegment): Fault {
    return new Fault("segment_lost", { lost: { ...events } });
  }

  /** A write or a sync has failed: what stands behind the last line that counts is put out of the chain. */
  static async of(segment: OpenSegment, error: unknown): Promise<Fault> {
    const { syscall, code = "unknown" } = error as NodeJS.ErrnoException;
    const reason = syscall === "fdatasync" || syscall === "fsync" ? "fsync_failed" : "write_failed";
    // A file in which nothing counts is gone, or will be found to be empty.
    if (segment.lines === 0) return new Fault(reason, { error: code });
    try {
      const aside = await setAside(segment.path, segment.bytes).catch(() =>
        cutOnly(segment.path, segment.bytes),
      );
      return new Fault(reason, { error: code, aside, cut: segment.path });
    } catch {
      return Fault.gone(segment);
    }
  }

  /** What the next segment tells of it, given the sequence numbers that were used up in vain. */
  gap(skipped: [number, number] | undefined): Gap | undefined {
    if (!skipped && this.#reason !== "segment_lost") return undefined;
    return {
      event: "gap",
      reason: this.#reason,
      lost: this.#lost,
      ...(this.rewritten > 0 && { rewritten: this.rewritten }),
      ...(skipped && { skipped }),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** To be called when the next segment has told of it. @throws the system's error */
  async mend(): Promise<void> {
    if (this.#cut !== undefined && this.setAside) await cutAt(this.#cut, this.setAside);
  }
}

/** Removes a segment in which nothing counts. False when it stays. */
export async function discard({ path }: OpenSegment): Promise<boolean> {
  return unlink(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code === "ENOENT",
  );
}
