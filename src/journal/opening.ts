import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { type ChainEnd, endOf, newChain } from "./chain-end.js";
import type { Disk } from "./disk.js";
import { isPassing } from "./open-segment.js";
import { Ownership } from "./owner.js";
import { trouble } from "./patience.js";
import { type Chain, chainsIn, type Segment } from "./segment.js";

export interface Opened {
  ownership: Ownership;
  end: ChainEnd;
  segments: Segment[];
}

/**
 * A chain to write: one whose writer is gone, or a new one. Goes on with the youngest, so that a service that is started
 * anew has one chain for all its life. `onTrouble` is told of chains that cannot be gone on with.
 *
 * @throws the system's error when the folder cannot be read or written
 */
export async function openChain(dir: string, disk: Disk, onTrouble: (error: Error) => void): Promise<Opened> {
  await mkdir(dir, { recursive: true, mode: 0o750 });
  const troubles: Error[] = [];
  for (const chain of youngestFirst(await chainsIn(dir))) {
    try {
      const opened = await takeOver(dir, chain, disk);
      if (opened) return opened;
    } catch (error) {
      if (isPassing(error)) throw error;
      // Damaged, or another user's: `verify` tells more of it, and calls must not wait for that.
      troubles.push(trouble(`cannot go on with chain ${chain.chainId}`, error));
    }
  }
  while (true) {
    const chainId = randomBytes(8).toString("hex");
    const ownership = await Ownership.claim(dir, chainId);
    if (!ownership) continue;
    for (const each of troubles) onTrouble(each);
    return { ownership, end: newChain(chainId), segments: [] };
  }
}

/** Undefined when somebody writes it. @throws the system's error, and what damaged lines make of it */
export async function takeOver(
  dir: string,
  { chainId }: Pick<Chain, "chainId">,
  disk: Disk,
): Promise<Opened | undefined> {
  const ownership = await Ownership.claim(dir, chainId);
  if (!ownership) return undefined;
  try {
    // Read once more: the writer before may have gone on until just now.
    const [chain] = await chainsIn(dir, chainId);
    const end = chain ? await endOf(chain, disk) : newChain(chainId);
    return { ownership, end, segments: chain?.segments ?? [] };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

function youngestFirst(chains: readonly Chain[]): Chain[] {
  const modified = ({ segments }: Chain) => segments.at(-1)?.modifiedMs ?? 0;
  return chains.toSorted((a, b) => modified(b) - modified(a));
}
