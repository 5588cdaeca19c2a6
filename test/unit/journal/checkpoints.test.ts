import { generateKeyPairSync, sign } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import type { JournalOptions } from "../../../src/audit/journal-options.js";
import { isSignedBy, keyIdOf } from "../../../src/journal/checkpoint.js";
import type { Checkpoint } from "../../../src/journal/entry.js";
import { calls, tell } from "../../support/journal-calls.js";
import { verifiedChain } from "../../support/journal-chain.js";
import { steppedClock } from "../../support/stepped-clock.js";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "journal-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const journal = (checkpoint: JournalOptions["checkpoint"], clock?: ReturnType<typeof steppedClock>) =>
  journalAudit({ dir: join(dir, "journal"), checkpoint: checkpoint! }, clock ? { clock } : {});

async function told(sink: ReturnType<typeof journal>, count: number): Promise<Error[]> {
  const troubles: Error[] = [];
  for (const call of calls(count)) {
    troubles.push(...(await tell(sink, call)));
    await sink.flush?.().catch((error) => troubles.push(error));
  }
  return troubles;
}

async function checkpointsOf(): Promise<Checkpoint[]> {
  const { entries } = await verifiedChain(join(dir, "journal"));
  const checkpoints = entries.flatMap((each) => (each.event === "checkpoint" ? each.checkpoint : []));
  for (const { seq, head } of checkpoints) expect(entries.find((each) => each.seq === seq)?.hash).toBe(head);
  return checkpoints;
}

describe("checkpoints", () => {
  it("are made every so many records, and at the end", async () => {
    const sink = journal({ everyRecords: 10 });
    await told(sink, 9);
    await sink.close!();
    const checkpoints = await checkpointsOf();
    expect(checkpoints.length).toBeGreaterThan(2);
    expect(checkpoints.map(({ n }) => n)).toEqual(checkpoints.map((_, i) => i + 1));
    expect(checkpoints.every(({ signature }) => signature === undefined)).toBe(true);
    const { entries } = await verifiedChain(join(dir, "journal"));
    const last = checkpoints.at(-1)!;
    // Whatever counts is vouched for: behind the last one stand only itself and the end.
    expect(entries.at(-1)!.seq - last.seq).toBeLessThanOrEqual(2);
  });

  it("are told again after the callback has thrown at once", async () => {
    const taken: number[] = [];
    let thrown = 0;
    const to = ({ n }: Checkpoint) => {
      if (++thrown === 1) throw new Error("down");
      taken.push(n);
    };
    const sink = journal({ everyRecords: 1, to });
    await told(sink, 1);
    await vi.waitFor(() => expect(thrown).toBeGreaterThan(0));
    await told(sink, 1);
    await vi.waitFor(() => expect(taken.slice(0, 2)).toEqual([1, 2]));
    await sink.close?.().catch(() => {});
  });

  it("that came to nothing are made at the end, and told then", async () => {
    let isDown = true;
    const taken: number[] = [];
    const answer = <T>(value: () => T) => {
      if (isDown) throw new Error("down");
      return value();
    };
    for (const checkpoint of [
      { sign: (bytes: Buffer) => answer(() => sign(null, bytes, privateKey)), to: () => void taken.push(1) },
      { to: () => void answer(() => taken.push(2)) },
    ]) {
      isDown = true;
      const sink = journal({ everyRecords: 1, ...checkpoint });
      // The trouble is told with the next call of a method.
      await vi.waitFor(async () => expect(await told(sink, 1)).not.toEqual([]));
      await new Promise((resolve) => setTimeout(resolve, 20));
      isDown = false;
      await sink.close?.().catch(() => {});
    }
    expect(taken).toContain(1);
    expect(taken).toContain(2);
  });

  it("are made every so often, while there is something new", async () => {
    const clock = steppedClock();
    const sink = journal({ everyMs: 1_000 }, clock);
    await told(sink, 1);
    clock.advance(999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    await vi.waitFor(() => expect(clock.pending).toBe(0));
    clock.advance(60_000);
    await sink.close!();
    expect(await checkpointsOf()).toMatchObject([{ n: 1 }]);
  });

  it.each([
    [
      "a PEM file",
      async () => {
        const file = join(dir, "key.pem");
        await writeFile(file, privateKey.export({ type: "pkcs8", format: "pem" }));
        return file;
      },
    ],
    ["a KeyObject", async () => privateKey],
    ["a callback", async () => async (bytes: Buffer) => sign(null, bytes, privateKey)],
  ] as const)("are signed by %s", async (what, key) => {
    const sink = journal({ everyRecords: 3, sign: await key() });
    await told(sink, 3);
    await sink.close!();
    const checkpoints = await checkpointsOf();
    expect(checkpoints.length).toBeGreaterThan(0);
    for (const checkpoint of checkpoints) {
      expect(isSignedBy(checkpoint, publicKey)).toBe(true);
      expect(isSignedBy({ ...checkpoint, seq: checkpoint.seq + 1 }, publicKey)).toBe(false);
      expect(checkpoint.keyId).toBe(what === "a callback" ? undefined : keyIdOf(publicKey));
    }
  });

  it("are left out while they cannot be signed, and the next one takes the number", async () => {
    let fails = true;
    const sink = journal({
      everyRecords: 3,
      sign: (bytes) => {
        if (fails) throw new Error("the vault is sealed");
        return sign(null, bytes, privateKey);
      },
    });
    const troubles = await told(sink, 5);
    expect(troubles.map(({ message }) => message)).toEqual([
      "a checkpoint could not be signed: Error: the vault is sealed",
    ]);
    fails = false;
    expect(await told(sink, 5)).toEqual([]);
    await sink.close!();
    const checkpoints = await checkpointsOf();
    expect(checkpoints[0]?.n).toBe(1);
    expect(checkpoints.every((each) => isSignedBy(each, publicKey))).toBe(true);
  });

  it("are not taken with a signature of another kind", async () => {
    const sink = journal({ everyRecords: 3, sign: () => Buffer.from("not it") });
    const [trouble] = await told(sink, 3);
    expect(trouble?.message).toBe("a checkpoint could not be signed: Error: got 6 bytes, not 64");
    await sink.close!().catch(() => {});
    expect(await checkpointsOf()).toEqual([]);
  });

  it("reach the second place in order, also when it was away, and go on counting over restarts", async () => {
    const taken: Checkpoint[] = [];
    let isAway = false;
    const to = async (checkpoint: Checkpoint) => {
      if (isAway) throw new Error("no route to host");
      taken.push(checkpoint);
    };
    const sink = journal({ everyRecords: 4, to });
    await told(sink, 3);
    isAway = true;
    const troubles = await told(sink, 8);
    expect(troubles.map(({ message }) => message)).toEqual([
      "a checkpoint was not taken by checkpoint.to: Error: no route to host",
    ]);
    isAway = false;
    await told(sink, 3);
    await sink.close!();
    const again = journal({ everyRecords: 4, to });
    await told(again, 4);
    await again.close!();
    expect(taken).toEqual(await checkpointsOf());
    expect(taken.map(({ n }) => n)).toEqual(taken.map((_, i) => i + 1));
  });

  it("are appended to a file, behind what a crash has cut short there", async () => {
    const to = join(dir, "second.jsonl");
    const sink = journal({ everyRecords: 4, to });
    await told(sink, 2);
    await sink.close!();
    await appendFile(to, '{"v":1,"chainId":"cut sh');
    const again = journal({ everyRecords: 4, to });
    await told(again, 2);
    await again.close!();
    const lines = (await readFile(to, "utf8")).trimEnd().split("\n");
    const whole = lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(whole.length + 1);
    expect(whole).toEqual(await checkpointsOf());
  });

  it("of a second place that never answers hold up neither lines nor the end", async () => {
    const clock = steppedClock();
    const sink = journal({ everyRecords: 3, to: () => new Promise(() => {}) }, clock);
    await told(sink, 4);
    const closing = sink.close!();
    const timer = setInterval(() => clock.advance(500), 2);
    await Promise.resolve(closing).catch(() => {});
    clearInterval(timer);
    expect((await checkpointsOf()).length).toBeGreaterThan(1);
  });

  it("of a signer that never answers do not keep the journal from its end", async () => {
    const clock = steppedClock();
    const sink = journal({ everyRecords: 3, sign: () => new Promise(() => {}) }, clock);
    await told(sink, 4);
    const closing = sink.close?.();
    const timer = setInterval(() => clock.advance(100), 2);
    await Promise.resolve(closing).catch(() => {});
    clearInterval(timer);
    const { entries } = await verifiedChain(join(dir, "journal"));
    expect(entries.at(-1)).toMatchObject({ event: "segment.close", reason: "closed" });
  });
});
