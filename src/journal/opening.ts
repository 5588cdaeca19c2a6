import { randomBytes } from "node:crypto";
import { type ChainEnd, endOf, newChain } from "./chain-end.js";
import type { Disk } from "./disk.js";
import { Ownership } from "./owner.js";
import { type Chain, chainsIn } from "./segment.js";

export interface Opened {
  ownership: Ownership;
  end: ChainEnd;
}

/**
 * A chain to write: one whose writer is gone, or a new one. Goes on with the youngest, so that a service that is started
 * anew has one chain for all its life.
 *
 * @throws the system's error when the folder cannot be read or written
 */
export async function openChain(dir: string, disk: Disk): Promise<Opened> {
  const chains = await chainsIn(dir);
  for (const chain of youngestFirst(chains)) {
    const opened = await takeOver(dir, chain, disk);
    if (opened) return opened;
  }
  while (true) {
    const chainId = randomBytes(8).toString("hex");
    const ownership = await Ownership.claim(dir, chainId);
    if (ownership) return { ownership, end: newChain(chainId) };
  }
}

/** Undefined when somebody writes it. */
export async function takeOver(
  dir: string,
  { chainId }: Pick<Chain, "chainId">,
  disk: Disk,
): Promise<Opened | undefined> {
  const ownership = await Ownership.claim(dir, chainId);
  if (!ownership) return undefined;
  try {
    // Read once more: the writer before may have gone on until just now.
    const chain = (await chainsIn(dir)).find((each) => each.chainId === chainId);
    return { ownership, end: chain ? await endOf(chain, disk) : newChain(chainId) };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

function youngestFirst(chains: readonly Chain[]): Chain[] {
  const modified = ({ segments }: Chain) => segments.at(-1)?.modifiedMs ?? 0;
  return chains.toSorted((a, b) => modified(b) - modified(a));
}
