import { execFile } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  AuditRefusal,
  FallbackChain,
  FallbackChainError,
  type JournalOptions,
  journalAudit,
  memoryAudit,
  openRouter,
} from "../../src/chain.js";
import { startSimulator } from "../../src/testing/index.js";
import { ask } from "../support/chain.js";
import { eventually } from "../support/eventually.js";
import { countBy, lostIn, verifiedChain } from "../support/journal-chain.js";
import { noSmallDisk, type SmallDisk, smallDisk } from "../support/small-disk.js";

/** What a call may wait for the journal: 250 ms at most, and this machine may be busy. */
const SLACK_MS = 5_000;
const AT_ONCE = 8;

if (noSmallDisk) process.stdout.write(`journal-full-disk is skipped: ${noSmallDisk}\n`);

let disk: SmallDisk;
beforeEach(() => {
  if (!noSmallDisk) disk = smallDisk(256);
});
afterEach(() => {
  if (!noSmallDisk) disk.unmount();
});

/** A chain over a server that answers, with the journal on the small disk. */
async function scene(options: Partial<JournalOptions>) {
  const simulator = await startSimulator({ models: { "a/one": { text: "Hi." } } });
  const dir = join(disk.dir, "journal");
  const journal = journalAudit({ dir, maxQueueBytes: 65_536, ...options });
  const memory = memoryAudit({ limit: 10_000 });
  const chain = new FallbackChain({
    targets: ["a/one"],
    provider: openRouter({ baseURL: simulator.baseURL, apiKey: "sk-or-v1-test" }),
    audit: [journal, memory],
    logger: false,
  });
  onTestFinished(async () => {
    await chain.close();
    await simulator.close();
  });
  let slowestMs = 0;
  const call = async () => {
    const began = performance.now();
    try {
      return await chain.complete(ask);
    } catch (error) {
      return error as FallbackChainError;
    } finally {
      slowestMs = Math.max(slowestMs, performance.now() - began);
    }
  };
  const many = async (count: number) => {
    const results: Awaited<ReturnType<typeof call>>[] = [];
    const lane = async () => {
      while (results.length < count) results.push(await call());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return results;
  };
  return { simulator, dir, journal, memory, chain, call, many, slowestMs: () => slowestMs };
}

describe.skipIf(noSmallDisk)("a disk that is full", () => {
  it.each(["block", "drop"] as const)(
    "lets calls go on with %s, and the journal when there is room",
    async (onFull) => {
      const { chain, dir, journal, memory, many, slowestMs } = await scene({ onFull, maxWaitMs: 20 });
      await many(8);
      disk.fill();
      // Until the queue is full, too: lines are lost then, and counted.
      while (journal.lost < 30)
        for (const answer of await many(16)) expect(answer).toMatchObject({ text: "Hi." });
      expect(slowestMs()).toBeLessThan(250 + SLACK_MS);
      expect(journal.queuedBytes).toBeLessThanOrEqual(65_536);
      expect(chain.sinkErrors).toBeGreaterThan(0);
      expect(chain.sinkErrors).toBeLessThan(20);
      disk.free();
      expect(await eventually(() => journal.queuedBytes === 0, 10_000)).toBe(true);
      await many(8);
      await chain.close();

      const journaled = await verifiedChain(dir);
      const lost = lostIn(journaled);
      const told = memory.records.length;
      expect(journaled.gaps.length).toBeGreaterThan(0);
      expect(countBy(journaled.entries, "request.start") + (lost["request.start"] ?? 0)).toBe(told);
      expect(countBy(journaled.entries, "attempt") + (lost.attempt ?? 0)).toBe(told);
      expect(countBy(journaled.entries, "request.end") + (lost["request.end"] ?? 0)).toBe(told);
      expect(Object.values(lost).reduce((sum, count) => sum + count, 0)).toBe(journal.lost);
      // Full, and then not: no write has failed for good, so that one segment holds it all.
      expect(journaled.segments).toHaveLength(1);
    },
  );

  it("ends calls before any request with reject, and lets them go on when there is room", async () => {
    const { simulator, chain, dir, journal, memory, call, many, slowestMs } = await scene({
      onFull: "reject",
      maxWaitMs: 100,
    });
    expect(await call()).toMatchObject({ text: "Hi." });
    disk.fill();
    const sent = simulator.requests.length;
    const refused = await many(40);
    expect(simulator.requests.length).toBe(sent);
    for (const error of refused) {
      expect(error).toBeInstanceOf(FallbackChainError);
      expect(error).toMatchObject({ code: "stopped", status: 503, attempts: [] });
      expect((error as FallbackChainError).cause).toSatisfy(AuditRefusal.is);
      expect((error as FallbackChainError).message).toContain('its onFull is "reject"');
    }
    expect(slowestMs()).toBeLessThan(250 + SLACK_MS);
    expect(memory.records.filter(({ outcome }) => outcome === "failed")).toHaveLength(refused.length);
    disk.free();
    expect(await eventually(() => journal.queuedBytes === 0, 10_000)).toBe(true);
    expect(await call()).toMatchObject({ text: "Hi." });
    await chain.close();
    const journaled = await verifiedChain(dir);
    const told = memory.records.length;
    const lost = lostIn(journaled);
    expect(countBy(journaled.entries, "request.start") + (lost["request.start"] ?? 0)).toBe(told);
    expect(countBy(journaled.entries, "request.end") + (lost["request.end"] ?? 0)).toBe(told);
  });

  it("from the start is waited for, and leaves no files about", async () => {
    disk.fill();
    const { chain, dir, journal, call } = await scene({ maxWaitMs: 20 });
    expect(await call()).toMatchObject({ text: "Hi." });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(journal.chainId).toBeUndefined();
    disk.free();
    expect(await eventually(() => journal.queuedBytes === 0, 10_000)).toBe(true);
    await chain.close();
    const { entries } = await verifiedChain(dir);
    expect(countBy(entries, "request.end")).toBe(1);
    expect(
      readdirSync(dir)
        .map((file) => file.split(".").pop())
        .sort(),
    ).toEqual(["jsonl", "owner"]);
  });

  it("does not keep a process from ending", async () => {
    const outfile = join(disk.dir, "..", `full-disk-child-${process.pid}.mjs`);
    await build({
      stdin: { contents: CHILD, resolveDir: process.cwd(), loader: "ts" },
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      external: [],
      logLevel: "error",
    });
    onTestFinished(() => rmSync(outfile, { force: true }));
    disk.fill();
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, join(disk.dir, "journal")], {
      timeout: 25_000,
    });
    expect(stdout).toContain("closed with 3 lines that are not in it");
  });
});

/** Tells of one call and closes; ends by itself or not at all. */
const CHILD = `
import { journalAudit } from "./src/audit/journal.ts";
import { calls, tell } from "./test/support/journal-calls.ts";

const sink = journalAudit({ dir: process.argv[2] as string });
await tell(sink, calls(1)[0]);
console.log(String(await sink.close?.().catch((error) => error)));
`;
