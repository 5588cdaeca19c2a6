import type { ChainReport } from "./verify-report.js";

const number = (value: number) => value.toLocaleString("en-US");

/** What could have happened to a journal without `verify` seeing it, in plain words. */
export function cannotSee(chains: readonly ChainReport[], signatures: boolean): string[] {
  const said: string[] = [];
  const unseen = "a tail that was cut off, a log that was written anew as a whole, or a chain that is gone";
  if (chains.every(({ checkpoints }) => checkpoints.given === 0)) {
    said.push(
      `No checkpoints were given, so it cannot see ${unseen}. Keep them in a second place (checkpoint.to) and give them with --checkpoints.`,
    );
  } else {
    for (const { chainId, checkpoints, firstSeq, lastSeq } of chains) {
      if (checkpoints.lastSeq >= lastSeq) continue;
      const from = Math.max(firstSeq, checkpoints.lastSeq + 1);
      const lines =
        from === lastSeq ? `line ${number(from)} comes` : `lines ${number(from)}–${number(lastSeq)} come`;
      said.push(
        checkpoints.matched > 0
          ? `${chainId}: ${lines} after the last checkpoint that was given. What comes after it could have been changed or cut off, with more that is no longer here.`
          : `${chainId}: no checkpoint that was given vouches for a line that is here. It could have been cut off, or written anew as a whole.`,
      );
    }
    said.push("A chain of which no checkpoint was given could be gone as a whole.");
  }
  if (!signatures) {
    said.push(
      "No public key was given, so signatures were not checked: whoever can write the checkpoints, too, could have made up everything.",
    );
  }
  for (const { chainId, removed, checkpoints } of chains) {
    if (!removed) continue;
    const out = checkpoints.outOfReach;
    said.push(
      `${chainId}: retention removed lines up to ${number(removed.lastSeq)}. What stood in them cannot be checked${out > 0 ? `, nor can ${number(out)} checkpoint${out === 1 ? "" : "s"} of them` : ""}.`,
    );
  }
  return said;
}
