import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { checkpointBytes, keyIdOf } from "../../src/journal/checkpoint.js";
import type { Checkpoint } from "../../src/journal/entry.js";

export const keys = () => generateKeyPairSync("ed25519");

export interface Signer {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

/** A checkpoint as a writer makes it. */
export function signed(
  { publicKey, privateKey }: Signer,
  about: Pick<Checkpoint, "chainId" | "n" | "seq" | "head">,
): Checkpoint {
  const checkpoint: Checkpoint = {
    v: 1,
    ...about,
    ts: "2026-11-25T09:00:00.000Z",
    keyId: keyIdOf(publicKey),
  };
  return {
    ...checkpoint,
    signature: sign(null, checkpointBytes(checkpoint), privateKey).toString("base64"),
  };
}
