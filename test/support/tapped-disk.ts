import { type Disk, nodeDisk } from "../../src/journal/disk.js";

/** The real disk; `onAppend` is told of each write in the very moment in which it begins. */
export function tappedDisk(onAppend: (bytes: Uint8Array) => void): Disk {
  return {
    ...nodeDisk,
    async create(path) {
      const file = await nodeDisk.create(path);
      return {
        identity: file.identity,
        append(bytes) {
          onAppend(bytes);
          return file.append(bytes);
        },
        datasync: () => file.datasync(),
        close: () => file.close(),
      };
    },
  };
}
