import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { OptionsError } from "../errors.js";
import { keyIdOf } from "./checkpoint.js";

/** Signs a checkpoint's bytes with Ed25519; such as by a key that never leaves another machine. */
export type SignCallback = (bytes: Buffer) => Uint8Array | Promise<Uint8Array>;

export interface Signer {
  /** Absent: the callback's key is not known here. */
  keyId?: string;
  sign(bytes: Buffer): Promise<Uint8Array>;
}

/** Of a private key: PEM, JWK, or PKCS #8 (RFC 8410) as base64 or hex. */
const KEY_TEXT = /-----|\n|^\s*\{|^\s*MC4CAQ|^\s*MFECAQ|^\s*30(2e|51)0201/i;

const signAsync = promisify(sign) as (algorithm: null, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * From a file with a private key (PEM), the key itself, or a callback.
 *
 * @throws OptionsError that names the option and never the key
 */
export function signerOf(option: string | KeyObject | SignCallback, path: string): Signer {
  if (typeof option === "function") return { sign: async (bytes) => option(bytes) };
  const key = typeof option === "string" ? keyIn(option, path) : option;
  if (key.type !== "private" || key.asymmetricKeyType !== "ed25519")
    throw new OptionsError(
      `${path} must be an Ed25519 private key (openssl genpkey -algorithm ed25519), got a ${key.type} key of type ${key.asymmetricKeyType ?? "unknown"}`,
    );
  return { keyId: keyIdOf(createPublicKey(key)), sign: (bytes) => signAsync(null, bytes, key) };
}

function keyIn(file: string, path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    // Whoever hands in the key's text instead must not find it in a log.
    const got = KEY_TEXT.test(file) ? "the text of a key" : `${JSON.stringify(file)} (${code})`;
    throw new OptionsError(
      `${path} must be a file with an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519), got ${got}`,
    );
  }
}
