import type { Disk, DiskFile } from "./disk.js";
import type { Waiting } from "./line-queue.js";
import type { WriterInit } from "./writer-init.js";

/** The device is full, or refuses for now: the same bytes can be tried again where they ended. */
const PASSING = new Set(["ENOSPC", "EDQUOT", "EAGAIN", "EINTR", "ENOBUFS", "ENOMEM", "EMFILE", "ENFILE"]);

const OF_CALLS = ["request.start", "attempt", "request.end"];

/** Says whether a write that failed is worth another try. */
export function isPassing(error: unknown): boolean {
  return PASSING.has((error as NodeJS.ErrnoException).code ?? "");
}

/** The segment that is being written. */
export class OpenSegment {
  readonly path: string;
  readonly index: number;
  /** Monotonic ms. */
  readonly openedAt: number;
  readonly #file: DiskFile;
  /** Of lines that count: written, and on the disk where that is asked for. */
  bytes = 0;
  lines = 0;
  /** Lines that count, by event. */
  readonly events: Record<string, number> = {};

  private constructor(file: DiskFile, path: string, index: number, openedAt: number) {
    this.#file = file;
    this.path = path;
    this.index = index;
    this.openedAt = openedAt;
  }

  /** @throws the system's error, EEXIST among them */
  static async create(disk: Disk, path: string, index: number, now: number): Promise<OpenSegment> {
    return new OpenSegment(await disk.create(path), path, index, now);
  }

  get identity(): string {
    return this.#file.identity;
  }

  /** Writes all bytes. `pause` is asked after an error that may pass; it rejects to give up. */
  async append(bytes: Buffer, pause: (error: unknown) => Promise<void>): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      try {
        written += await this.#file.append(bytes.subarray(written));
      } catch (error) {
        if (!isPassing(error)) throw error;
        await pause(error);
      }
    }
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  /** These lines count from now on. */
  counts(bytes: number, lines: readonly Pick<Waiting, "event">[]): void {
    this.bytes += bytes;
    this.lines += lines.length;
    for (const { event } of lines) this.events[event] = (this.events[event] ?? 0) + 1;
  }

  /** Why it is to be closed, if it is. */
  due(
    now: number,
    { maxSegmentAgeMs, maxSegmentBytes }: Pick<WriterInit, "maxSegmentAgeMs" | "maxSegmentBytes">,
  ): "age" | "full" | undefined {
    if (now - this.openedAt >= maxSegmentAgeMs) return "age";
    return this.#isFull(maxSegmentBytes) ? "full" : undefined;
  }

  /**
   * It holds so many bytes, and something of calls. One that the open calls alone fill would be left for the next, and that
   * one too, as long as retention has a tombstone to write for each.
   */
  #isFull(maxBytes: number): boolean {
    return this.bytes >= maxBytes && OF_CALLS.some((event) => event in this.events);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
