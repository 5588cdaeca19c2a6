import { createHash, type KeyObject, verify } from "node:crypto";
import type { Checkpoint } from "./entry.js";

/** What is signed: every field but the signature, a line each, so that no two checkpoints give the same bytes. */
export function checkpointBytes({ v, chainId, n, seq, head, ts, keyId = "" }: Checkpoint): Buffer {
  return Buffer.from(["open-router audit checkpoint", v, chainId, n, seq, head, ts, keyId, ""].join("\n"));
}

/** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
export function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

/** Whether the checkpoint was signed by the owner of this Ed25519 key. */
export function isSignedBy(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const { signature } = checkpoint;
  if (typeof signature !== "string") return false;
  return verify(null, checkpointBytes(checkpoint), publicKey, Buffer.from(signature, "base64"));
}
