import { readdir } from "node:fs/promises";
import { parseSegmentFile } from "../../journal/segment.js";
import { UsageError } from "../io.js";

/** What the system says of a file, in words. */
export function systemText(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "it does not exist";
  if (code === "ENOTDIR") return "it is no folder";
  if (code === "EISDIR") return "it is a folder";
  return code === "EACCES" || code === "EPERM" ? "you may not read it" : message;
}

/** Whether there is any chain in a journal's folder. @throws UsageError when it cannot be read */
export async function hasChains(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).some((file) => parseSegmentFile(file));
  } catch (error) {
    throw new UsageError(`--dir ${dir}: ${systemText(error)}`);
  }
}

/** @throws UsageError when the folder cannot be read, or holds no journal */
export async function checkDir(dir: string): Promise<void> {
  if (!(await hasChains(dir)))
    throw new UsageError(
      `--dir ${dir}: there is no journal in it (files like 0123456789abcdef.000001.jsonl)`,
    );
}
