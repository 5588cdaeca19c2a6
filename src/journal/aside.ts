import { createHash } from "node:crypto";
import { open, readFile, stat, truncate, unlink } from "node:fs/promises";
import { basename } from "node:path";
import type { SetAside } from "./entry.js";

const READ_BYTES = 1 << 20;

/**
 * Copies what stands in a segment from `fromByte` on into a file of its own, beside it. Undefined when nothing does.
 * The segment is cut by `cutAt`, once the chain says where its end has gone.
 *
 * @throws the system's error
 */
export async function setAside(path: string, fromByte: number): Promise<SetAside | undefined> {
  const { size } = await stat(path);
  if (size <= fromByte) return undefined;
  const source = await open(path, "r");
  try {
    const { file, to } = await createBeside(path);
    try {
      const hash = createHash("sha256");
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (let at = fromByte; at < size; ) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(READ_BYTES, size - at), at);
        if (bytesRead === 0) break;
        const bytes = buffer.subarray(0, bytesRead);
        hash.update(bytes);
        await file.appendFile(bytes);
        at += bytesRead;
      }
      await file.datasync();
      return {
        file: basename(path),
        fromByte,
        bytes: size - fromByte,
        sha256: hash.digest("hex"),
        to: basename(to),
      };
    } catch (error) {
      // A full disk takes the name and not the bytes.
      await unlink(to).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
  } finally {
    await source.close();
  }
}

/**
 * Says the same of bytes that cannot be copied, on a full disk or a bad one. None of their lines ever counted, and a chain
 * that could not say where they begin would not verify.
 *
 * @throws the system's error when there is no such file
 */
export async function cutOnly(path: string, fromByte: number): Promise<SetAside | undefined> {
  const { size } = await stat(path);
  if (size <= fromByte) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  const sha256 = bytes && createHash("sha256").update(bytes.subarray(fromByte, size)).digest("hex");
  return { file: basename(path), fromByte, bytes: size - fromByte, ...(sha256 !== undefined && { sha256 }) };
}

/** Ends a segment where what was set aside began. Of no effect on one that has ended there already. */
export async function cutAt(path: string, { fromByte }: SetAside): Promise<void> {
  const { size } = await stat(path);
  if (size > fromByte) await truncate(path, fromByte);
}

async function createBeside(path: string) {
  for (let n = 1; ; n++) {
    const to = `${path}.${n}.torn`;
    try {
      return { file: await open(to, "ax", 0o640), to };
    } catch (error) {
      // Left by a recovery that died before it was done.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
