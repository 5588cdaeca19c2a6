import { write } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

/** What the writer asks of a file system; replaceable, so that a test can pull the plug. */
export interface Disk {
  /** A new file to append to. Rejects when there is one by this name. */
  create(path: string): Promise<DiskFile>;
  /** What distinguishes the file that has this name now; undefined when there is none. */
  identity(path: string): Promise<string | undefined>;
  /** Makes the names of new files durable. */
  syncFolder(dir: string): Promise<void>;
  /** Makes durable what is in a file that somebody else may have written, and its length. */
  sync(path: string): Promise<void>;
}

export interface DiskFile {
  readonly identity: string;
  /** Returns how many of the bytes were taken, at least one. They are overwritten afterwards. */
  append(bytes: Uint8Array): Promise<number>;
  /** Resolves when what was appended is on the disk. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export const nodeDisk: Disk = {
  async create(path) {
    const file = await open(path, "ax", 0o640);
    return new NodeFile(file, identityOf(await file.stat({ bigint: true })));
  },
  async identity(path) {
    try {
      return identityOf(await stat(path, { bigint: true }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  async syncFolder(dir) {
    // Windows cannot open folders, and needs no such thing.
    if (process.platform === "win32") return;
    const folder = await open(dir, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async sync(path) {
    // Windows syncs only what may be written.
    const file = await open(path, process.platform === "win32" ? "r+" : "r");
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  },
};

class NodeFile implements DiskFile {
  readonly identity: string;
  readonly #file: FileHandle;

  constructor(file: FileHandle, identity: string) {
    this.#file = file;
    this.identity = identity;
  }

  /** Not by the handle's own method, which puts promises of its own between: each call waits for one of these before its first request. */
  append(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#file.fd, bytes, 0, bytes.length, null, (error, written) =>
        error ? reject(error) : resolve(written),
      );
    });
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function identityOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}
