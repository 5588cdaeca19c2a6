import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_JOURNAL } from "../../../src/audit/journal-options.js";
import { type JournalOptions, journalAudit, OptionsError } from "../../../src/chain.js";

const dir = mkdtempSync(join(tmpdir(), "journal-"));
const file = join(dir, "file");
writeFileSync(file, "not a key");
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
afterAll(() => rmSync(dir, { recursive: true }));

describe("journalAudit", () => {
  it("takes every option of the contract", async () => {
    const sink = journalAudit({
      dir: join(dir, "all"),
      durability: "fsync",
      onFull: "reject",
      maxWaitMs: 240,
      maxQueueBytes: 1 << 20,
      rotate: { maxBytes: 1 << 20, maxAgeMs: 3_600_000 },
      retain: { maxAgeMs: 86_400_000, maxBytes: 1 << 30, maxSegments: 100 },
      checkpoint: { everyRecords: 100, everyMs: 1_000, sign: privateKey, to: () => {} },
      digestKey: Buffer.alloc(32, 1),
      content: { redact: () => undefined },
    });
    await sink.close?.();
  });

  it("has the documented defaults", () => {
    expect(DEFAULT_JOURNAL).toEqual({
      durability: "os",
      onFull: "block",
      maxWaitMs: 200,
      maxQueueBytes: 16_777_216,
      rotate: { maxBytes: 67_108_864, maxAgeMs: 86_400_000 },
      checkpoint: { everyRecords: 1_000, everyMs: 60_000 },
    });
  });

  it("takes an option that is undefined, or off, as one that is not set", async () => {
    const sink = journalAudit({
      dir: join(dir, "unset"),
      retain: false,
      rotate: { maxBytes: undefined },
      checkpoint: false,
      onFull: undefined,
    } as unknown as JournalOptions);
    await sink.close?.();
  });

  it.each<[string, Record<string, unknown>]>([
    ["dir must be the path of a folder, got undefined", { dir: undefined }],
    ['dir must be the path of a folder, got ""', { dir: "" }],
    ['durability must be "memory", "os" or "fsync", got "disk"', { durability: "disk" }],
    ['onFull must be "block", "drop" or "reject", got "wait"', { onFull: "wait" }],
    ["maxWaitMs must be between 1 and 240 (milliseconds), got 241", { maxWaitMs: 241 }],
    ["maxWaitMs must be between 1 and 240 (milliseconds), got NaN", { maxWaitMs: Number.NaN }],
    ["maxQueueBytes must be >= 65536 (bytes), got 1", { maxQueueBytes: 1 }],
    ["rotate.maxBytes must be >= 4096 (bytes), got -5", { rotate: { maxBytes: -5 } }],
    ["rotate.maxAgeMs must be >= 1000 (milliseconds), got 0", { rotate: { maxAgeMs: 0 } }],
    ["rotate.everyDay is not an option here, got true", { rotate: { everyDay: true } }],
    ["retain.maxSegments must be >= 1 (segments), got 0", { retain: { maxSegments: 0 } }],
    ["checkpoint.everyRecords must be >= 1 (records), got 0", { checkpoint: { everyRecords: 0 } }],
    ["checkpoint.everyMs must be >= 10 (milliseconds), got 1", { checkpoint: { everyMs: 1 } }],
    [
      "checkpoint.sign must be a file with a private key (PEM), a KeyObject, or a function that signs, got 5",
      { checkpoint: { sign: 5 } },
    ],
    ["checkpoint.to must be a file, or a function that takes a checkpoint, got 5", { checkpoint: { to: 5 } }],
    [
      "digestKey must have at least 16 characters or bytes, got a value that is not shown",
      { digestKey: "short" },
    ],
    ["content.redact must be a function, got undefined", { content: {} }],
    ["fsync is not an option here, got true", { fsync: true }],
  ])("says: %s", (message, options) => {
    const make = () => journalAudit({ dir, ...options } as JournalOptions);
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(message);
    expect(make).toThrow(/^journalAudit: /);
  });

  it("names a folder that is none, and a key that is none, but not what is in it", () => {
    expect(() => journalAudit({ dir: file })).toThrow(
      `journalAudit: dir must be a folder that can be written, got ${JSON.stringify(file)} (EEXIST)`,
    );
    const signed = (sign: Exclude<JournalOptions["checkpoint"], false | undefined>["sign"]) => () =>
      journalAudit({ dir, checkpoint: { sign: sign! } });
    expect(signed(file)).toThrow(
      /^journalAudit: checkpoint\.sign must be a file with an Ed25519 private key/,
    );
    expect(signed(file)).not.toThrow("not a key");
    expect(signed(join(dir, "none.pem"))).toThrow("(ENOENT)");
    expect(signed(publicKey)).toThrow("got a public key of type ed25519");
    expect(signed(rsa)).toThrow("got a private key of type rsa");
  });
});
