import { type Disk, type DiskFile, nodeDisk } from "../../src/journal/disk.js";

/** What a disk does before it does what it should: throws, waits, or takes fewer bytes. */
export interface DiskFaults {
  create?: (path: string) => void | Promise<void>;
  /** Returns how many bytes it takes; undefined: all. */
  append?: (bytes: Uint8Array) => number | undefined | Promise<number | undefined>;
  datasync?: () => void | Promise<void>;
}

/** The real disk with faults, which may be changed while it is in use. */
export function faultyDisk(faults: DiskFaults): Disk {
  return {
    ...nodeDisk,
    async create(path) {
      await faults.create?.(path);
      return faultyFile(await nodeDisk.create(path), faults);
    },
  };
}

function faultyFile(file: DiskFile, faults: DiskFaults): DiskFile {
  return {
    identity: file.identity,
    async append(bytes) {
      const count = await faults.append?.(bytes);
      return file.append(count === undefined ? bytes : bytes.subarray(0, count));
    },
    async datasync() {
      await faults.datasync?.();
      return file.datasync();
    },
    close: () => file.close(),
  };
}

/** An error as the system gives it. */
export function systemError(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}

/** A promise, and what ends it. */
export function gate(): { opened: Promise<undefined>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { opened, open };
}
