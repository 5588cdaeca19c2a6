import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** One file of a chain. */
export interface Segment {
  /** Name within the folder: `CHAINID.000001.jsonl`. */
  file: string;
  path: string;
  chainId: string;
  /** From 1. */
  index: number;
  bytes: number;
  /** When it was written to last, Unix ms. */
  modifiedMs: number;
}

/** Segments of one chain, oldest first. */
export interface Chain {
  chainId: string;
  segments: Segment[];
}

const NAME = /^([0-9a-f]{16})\.(\d{6,})\.jsonl$/;

export function segmentFile(chainId: string, index: number): string {
  return `${chainId}.${String(index).padStart(6, "0")}.jsonl`;
}

/** The chain and the number that a file's name says; undefined for other files. */
export function parseSegmentFile(file: string): { chainId: string; index: number } | undefined {
  const [, chainId = "", digits] = NAME.exec(file) ?? [];
  const index = Number(digits);
  // One name for one segment: `0000001` would be a second first one.
  return index > 0 && segmentFile(chainId, index) === file ? { chainId, index } : undefined;
}

/**
 * The chains in a journal's folder, by id; or that one alone.
 *
 * @throws the system's error when the folder cannot be read
 */
export async function chainsIn(dir: string, chainId?: string): Promise<Chain[]> {
  const chains = new Map<string, Segment[]>();
  for (const file of await readdir(dir)) {
    const parsed = parseSegmentFile(file);
    if (!parsed || (chainId !== undefined && parsed.chainId !== chainId)) continue;
    const path = join(dir, file);
    // Retention may have been quicker. Of what is no file, some could be read without end: a pipe, a device.
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const segments = chains.get(parsed.chainId) ?? [];
    segments.push({ ...parsed, file, path, bytes: found.size, modifiedMs: found.mtimeMs });
    chains.set(parsed.chainId, segments);
  }
  return [...chains]
    .map(([chainId, segments]) => ({ chainId, segments: segments.sort((a, b) => a.index - b.index) }))
    .sort((a, b) => (a.chainId < b.chainId ? -1 : 1));
}
