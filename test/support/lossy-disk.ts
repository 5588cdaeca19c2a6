import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import type { Disk, DiskFile } from "../../src/journal/disk.js";

/** What is known of a file: how much of it is on the disk, and whether its name is. */
interface Kept {
  synced: number;
  named: boolean;
  /** A sync of it has failed: the kernel may hold for clean what never reached the disk (fsyncgate). */
  poisoned: boolean;
  /** All that was ever written, since a cut may be lost, too. */
  written: Buffer;
}

export type Death = "power" | "kill";

const CODES = { append: "EIO", full: "ENOSPC", datasync: "EIO", create: "ENOSPC", folder: "EIO" } as const;

/** Real files in a folder, of which a power cut leaves what a disk may leave. One process at a time writes to it. */
export class LossyDisk {
  readonly #random: () => number;
  readonly #files = new Map<string, Kept>();
  readonly errors: number;
  /** Operations until the end comes. */
  #left = Number.POSITIVE_INFINITY;
  #life = 0;
  /** It has been read, and is being written. */
  #isOpen = false;
  #onDeath: () => void = () => {};

  /** `errors`: the share of operations that fail. */
  constructor(random: () => number, errors: number) {
    this.#random = random;
    this.errors = errors;
  }

  /** The disk as one process sees it, until it has used it so often; `died` resolves in the middle of something. */
  boot(operations: number): { disk: Disk; died: Promise<void> } {
    this.#left = operations;
    this.#isOpen = false;
    const died = new Promise<void>((resolve) => {
      this.#onDeath = resolve;
    });
    return { disk: this.#disk(++this.#life), died };
  }

  /** After which nothing that the process still does has any effect. */
  end(death: Death, dir: string): void {
    this.#life++;
    if (death === "power") this.#lose();
    for (const file of readdirSync(dir)) {
      if (!file.endsWith(".owner")) continue;
      // The process that wrote it is this one, and lives; it is to have been another.
      if (death === "power" && this.#random() < 0.3) unlinkSync(join(dir, file));
      else {
        const note = JSON.parse(readFileSync(join(dir, file), "utf8") || "{}");
        writeFileSync(
          join(dir, file),
          JSON.stringify({ pid: process.pid, host: hostname(), ...note, began: "once" }),
        );
      }
    }
  }

  #lose(): void {
    for (const [path, kept] of this.#files) {
      if (!existsSync(path)) continue;
      if (!kept.named && this.#random() < 0.5) {
        unlinkSync(path);
        this.#files.delete(path);
        continue;
      }
      const wasCut = statSync(path).size < kept.written.length;
      // A cut that was not synced may not have happened, and the bytes are there again.
      if (wasCut && this.#random() < 0.5) writeFileSync(path, kept.written);
      const { size } = statSync(path);
      const least = Math.min(kept.synced, size);
      const left = least + Math.floor(this.#random() * (size - least + 1));
      truncateSync(path, left);
      // What is there after the start is on the disk.
      Object.assign(kept, { synced: left, named: true, poisoned: false, written: readFileSync(path) });
    }
  }

  async #operation(life: number, fault: keyof typeof CODES, midway: () => void): Promise<void> {
    await undefined;
    if (life !== this.#life) await never();
    if (--this.#left <= 0) {
      if (this.#random() < 0.7) midway();
      this.#life++;
      this.#onDeath();
      await never();
    }
    // A chain that cannot be read is left for a new one, and what becomes of several at once is not to be repeated.
    if (this.#isOpen && this.#random() < this.errors) {
      midway();
      throw failure(CODES[fault], fault === "datasync" ? "fdatasync" : "write");
    }
  }

  #disk(life: number): Disk {
    return {
      create: async (path) => {
        const make = () => closeSync(openSync(path, "ax"));
        // An error leaves no file: there would be nothing to fail on.
        this.#isOpen = true;
        await this.#operation(life, "create", () => this.#left <= 0 && make());
        make();
        this.#files.set(path, { synced: 0, named: false, poisoned: false, written: Buffer.alloc(0) });
        return this.#file(life, path);
      },
      identity: async (path) => (existsSync(path) ? basename(path) : undefined),
      syncFolder: async () => {
        const sync = () => {
          for (const kept of this.#files.values()) kept.named = true;
        };
        await this.#operation(life, "folder", sync);
        sync();
      },
      sync: async (path) => {
        const sync = () => {
          const kept = this.#files.get(path);
          if (kept) Object.assign(kept, { synced: statSync(path).size, written: readFileSync(path) });
        };
        await this.#operation(life, "datasync", () => {});
        sync();
      },
    };
  }

  #file(life: number, path: string): DiskFile {
    const fd = openSync(path, "a");
    const kept = this.#files.get(path) as Kept;
    let isOpen = true;
    const write = (bytes: Uint8Array) => {
      writeSync(fd, bytes);
      kept.written = Buffer.concat([kept.written.subarray(0, fstatSync(fd).size - bytes.length), bytes]);
    };
    return {
      identity: basename(path),
      append: async (bytes) => {
        const some = () => bytes.subarray(0, Math.floor(this.#random() * (bytes.length + 1)));
        const isShort = this.#random() < this.errors;
        await this.#operation(life, isShort ? "full" : "append", () => !isShort && write(some()));
        const taken = isShort ? bytes.subarray(0, Math.ceil(this.#random() * bytes.length)) : bytes;
        write(taken);
        return taken.length;
      },
      datasync: async () => {
        // Some of it may be there although it failed; of what is not, the kernel knows nothing any more.
        await this.#operation(life, "datasync", () => {
          kept.synced += Math.floor(this.#random() * (fstatSync(fd).size - kept.synced + 1));
          kept.poisoned = true;
        });
        if (!kept.poisoned) kept.synced = fstatSync(fd).size;
      },
      close: async () => {
        if (isOpen) closeSync(fd);
        isOpen = false;
      },
    };
  }
}

function failure(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, syscall });
}

const never = () => new Promise<never>(() => {});
