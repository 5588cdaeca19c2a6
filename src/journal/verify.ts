import type { KeyObject } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { cannotSee } from "./cannot-see.js";
import { checkpointFault } from "./checkpoint-shape.js";
import type { Checkpoint } from "./entry.js";
import { type Chain, chainsIn, parseSegmentFile } from "./segment.js";
import { verifyChain } from "./verify-chain.js";
import type { ChainReport, Problem, VerifyReport } from "./verify-report.js";

export interface VerifyOptions {
  /** Kept in a second place. Read them before the journal is verified, or they may know of lines that came later. */
  checkpoints?: readonly Checkpoint[];
  /** Ed25519. Without it, signatures are not checked. */
  publicKey?: KeyObject;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/** Of a chain: retention may remove a segment while it is waiting to be read. */
const ATTEMPTS = 20;
/** A writer's own files: who owns a chain, what recovery moved aside. */
const OWN_FILE = /^[0-9a-f]{16}\.[\w.-]+(?<!\.jsonl)$/;

/**
 * Checks every line of every chain in a journal's folder: that it is what was written, that none is missing, put in or out
 * of place, that calls begin and end as they should, and that all checkpoints hold. Memory does not grow with the journal.
 *
 * @throws the system's error when the folder or a file cannot be read, and the signal's reason
 */
export async function verifyJournal(dir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { publicKey, onProgress, signal } = options;
  const chains = await listed(dir);
  const { byChain, problems } = sorted(options.checkpoints ?? []);
  const totalBytes = chains.reduce((sum, { segments }) => sum + bytesOf(segments), 0);
  const reports: ChainReport[] = [];
  let before = 0;
  for (let chain of chains) {
    let read = 0;
    const onRead = (bytes: number) => {
      read += bytes;
      onProgress?.(Math.min(before + read, totalBytes), totalBytes);
    };
    const checkpoints = byChain.get(chain.chainId) ?? [];
    for (let attempt = 1; ; attempt++) {
      try {
        reports.push(await verifyChain(chain, { checkpoints, publicKey, onRead, signal }));
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt === ATTEMPTS) throw error;
        read = 0;
        chain = (await listed(dir)).find(({ chainId }) => chainId === chain.chainId) ?? chain;
      }
    }
    before = Math.min(before + bytesOf(chain.segments), totalBytes);
    onProgress?.(before, totalBytes);
    byChain.delete(chain.chainId);
  }
  for (const [chainId, { length }] of byChain) {
    const whose = length === 1 ? "a checkpoint vouches" : `${length} checkpoints vouch`;
    problems.push({ what: `chain ${chainId} is not in the folder, and ${whose} for it` });
  }
  return {
    ok: problems.length === 0 && reports.every(({ ok }) => ok),
    chains: reports,
    problems,
    notes: await strangers(dir, new Set(chains.flatMap(({ segments }) => segments.map(({ file }) => file)))),
    cannotSee: cannotSee(reports, publicKey !== undefined),
    signatures: publicKey !== undefined,
    bytes: totalBytes,
    lines: reports.reduce((sum, { lines }) => sum + lines, 0),
  };
}

/** The last segments are measured last of all: what a tombstone buried before is in them. */
async function listed(dir: string): Promise<Chain[]> {
  const chains = await chainsIn(dir);
  for (const { segments } of chains) {
    const last = segments.at(-1);
    if (last) last.bytes = (await stat(last.path)).size;
  }
  return chains;
}

function sorted(checkpoints: readonly Checkpoint[]) {
  const byChain = new Map<string, Checkpoint[]>();
  const problems: Problem[] = [];
  for (const [i, checkpoint] of checkpoints.entries()) {
    const fault = checkpointFault(checkpoint);
    if (fault !== undefined) {
      problems.push({ what: `number ${i + 1} of the checkpoints given is none: ${fault}` });
      continue;
    }
    const { chainId } = checkpoint;
    byChain.set(chainId, [...(byChain.get(chainId) ?? []), checkpoint]);
  }
  return { byChain, problems };
}

/** `read`: names of the segments that were. */
async function strangers(dir: string, read: ReadonlySet<string>): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const files = entries
    .filter((entry) => {
      const { name } = entry;
      return parseSegmentFile(name) ? !entry.isFile() && !read.has(name) : !OWN_FILE.test(name);
    })
    .map(({ name }) => name)
    .sort();
  if (files.length === 0) return [];
  const more = files.length > 5 ? `, and ${files.length - 5} more` : "";
  return [`not part of a journal, and ignored: ${files.slice(0, 5).join(", ")}${more}`];
}

function bytesOf(segments: Chain["segments"]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
