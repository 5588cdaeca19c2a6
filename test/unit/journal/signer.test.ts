import { generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { signerOf } from "../../../src/journal/signer.js";

it("says what is wrong with a key, and never the key", () => {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const body = pem.split("\n")[1] as string;
  const hex = Buffer.from(body, "base64").toString("hex");
  for (const given of [pem, pem.trim(), body.concat("\n"), body, hex]) {
    let said = "";
    try {
      signerOf(given, "checkpoint.sign");
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(/^checkpoint\.sign must be a file .*, got the text of a key$/);
    expect(said).not.toContain(body);
    expect(said).not.toContain(hex);
  }
  expect(() => signerOf("/no/such.pem", "checkpoint.sign")).toThrow('got "/no/such.pem" (ENOENT)');
});
