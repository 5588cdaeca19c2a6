import { access } from "node:fs/promises";
import { UsageError } from "../io.js";

export interface ExportFlags {
  dir: string;
  /** Wall-clock ms. */
  since?: number;
  until?: number;
  parquet?: string;
  jsonl?: string;
  force?: boolean;
  json?: boolean;
}

export interface Written {
  file: string;
  rows: number;
}

/** @throws UsageError when one is there already, and was not to be written over */
export async function refuseExisting(paths: readonly string[], force = false): Promise<void> {
  if (force) return;
  for (const path of paths) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) throw new UsageError(`${path} is there already: --force writes over it`);
  }
}
