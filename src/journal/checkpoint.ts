import { createHash, type KeyObject, verify } from "node:crypto";
import { checkpointFault } from "./checkpoint-shape.js";
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

/** Whether the checkpoint was signed by the owner of this Ed25519 key. False for whatever is no checkpoint. */
export function isSignedBy(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  if (checkpointFault(checkpoint) !== undefined || publicKey.asymmetricKeyType !== "ed25519") return false;
  const { signature = "" } = checkpoint;
  const bytes = Buffer.from(signature, "base64");
  // Node reads base64 around whatever is none, and one signature has one text.
  if (bytes.toString("base64") !== signature) return false;
  return verify(null, checkpointBytes(checkpoint), publicKey, bytes);
}
