import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { shipJournal } from "../../docs/examples/ship-journal.js";
import { segmentFile } from "../../src/journal/segment.js";
import { seeded } from "../../src/seeded.js";
import { eventually } from "../support/eventually.js";
import { CHAIN_ID, writeJournal } from "../support/journal-fixture.js";
import { LineReceiver } from "../support/line-receiver.js";
import { syntheticCalls } from "../support/synthetic-calls.js";

let folder: string;
let dir: string;
let cursorFile: string;
let receiver: LineReceiver;
let stop: () => Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ship-"));
  dir = join(folder, "journal");
  cursorFile = join(folder, "cursor.json");
  await mkdir(dir);
  receiver = await LineReceiver.start();
  stop = async () => {};
});
afterEach(async () => {
  await stop();
  receiver.close();
  await rm(folder, { recursive: true });
});

const segment = (index: number) => join(dir, segmentFile(CHAIN_ID, index));
const upTo = (seq: number) => Array.from({ length: seq }, (_, i) => i + 1);
const cursor = () => JSON.parse(readFileSync(cursorFile, "utf8"));
const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

/** Ships until `stop()`; returns what it warns of, as far as it is no retry. */
function ship(maxBytes = 4_096): string[] {
  const warnings: string[] = [];
  const ending = new AbortController();
  const warn = (text: string) => void (text.startsWith("will try again") || warnings.push(text));
  const shipping = shipJournal({
    ...{ dir, url: receiver.url, cursorFile, maxBytes, pollMs: 2, retryMs: 10, warn },
    signal: ending.signal,
  });
  stop = async () => {
    ending.abort();
    await shipping;
  };
  return warnings;
}

/** Waits for the cursor to have come so far. */
async function shipped(seq: number): Promise<void> {
  const done = () => readdirSync(folder).includes("cursor.json") && cursor()[CHAIN_ID].seq >= seq;
  expect(await eventually(done, 10_000)).toBe(true);
}

describe("shipping a journal", () => {
  it("sends every line as it stands, in order, in batches of bounded size", async () => {
    const { seq } = writeJournal(dir, syntheticCalls(40), { segmentCalls: 12 });
    const warnings = ship(8_000);
    await shipped(seq);
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(seq));
    const written = [1, 2, 3, 4].flatMap((index) => linesOf(segment(index)));
    expect([...(receiver.chains.get(CHAIN_ID)?.values() ?? [])]).toEqual(written);
    expect(Math.max(...receiver.bodies)).toBeLessThanOrEqual(8_000);
    expect(receiver.bodies.length).toBeLessThan(seq / 2);
    expect(receiver.duplicates).toBe(0);
    expect(warnings).toEqual([]);
  });

  it("moves its cursor only when the receiver has said yes", async () => {
    const { seq } = writeJournal(dir, syntheticCalls(2));
    receiver.next = () => (receiver.bodies.length < 2 ? "fail" : "keep and hang up");
    ship();
    expect(await eventually(() => receiver.bodies.length >= 3)).toBe(true);
    expect(receiver.size).toBeGreaterThan(0);
    expect(readdirSync(folder)).not.toContain("cursor.json");
    receiver.next = () => "keep";
    await shipped(seq);
    expect(receiver.duplicates).toBeGreaterThan(0);
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(seq));
  });

  it("waits for a line's second half, and lets a torn one go when the next writer has cut it off", async () => {
    const source = join(folder, "source");
    const { seq } = writeJournal(source, syntheticCalls(4), { segmentCalls: 2 });
    const lines = linesOf(join(source, segmentFile(CHAIN_ID, 1))).map((line) => `${line}\n`);
    const half = (line = "") => [line.slice(0, 100), line.slice(100)] as const;
    const closing = lines.length;
    const [begun, ended] = half(lines[3]);

    writeFileSync(segment(1), lines.slice(0, 3).join("") + begun);
    const warnings = ship();
    await shipped(3);
    await sleep(30);
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(3));
    appendFileSync(segment(1), ended + lines.slice(4, -1).join(""));
    await shipped(closing - 1);

    appendFileSync(segment(1), half(lines.at(-1))[0]);
    await sleep(30);
    truncateSync(segment(1), Buffer.byteLength(lines.slice(0, -1).join("")));
    writeFileSync(segment(2), readFileSync(join(source, segmentFile(CHAIN_ID, 2))));
    await shipped(seq);
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(seq).filter((each) => each !== closing));
    expect([receiver.duplicates, warnings]).toEqual([0, []]);
  });

  it("goes on when what it has shipped is removed, and says what was removed before it was shipped", async () => {
    const source = join(folder, "source");
    const { seq } = writeJournal(source, syntheticCalls(30), { segmentCalls: 5 });
    const put = (index: number) => {
      const text = readFileSync(join(source, segmentFile(CHAIN_ID, index)));
      writeFileSync(segment(index), text);
      return JSON.parse(linesOf(segment(index)).at(-1)!).seq as number;
    };
    put(1);
    const two = put(2);
    const warnings = ship();
    await shipped(two);
    rmSync(segment(1));
    rmSync(segment(2));
    const three = put(3);
    await shipped(three);
    expect(warnings).toEqual([]);
    await stop();

    const five = put(4) && put(5);
    put(6);
    for (const index of [3, 4, 5]) rmSync(segment(index));
    const told = ship();
    await eventually(() => receiver.seqs(CHAIN_ID).includes(seq));
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(seq).filter((each) => each <= three || each > five));
    expect(told).toEqual([
      `${CHAIN_ID}: lines ${three + 1} to ${five} were removed before they were shipped`,
    ]);
  });

  it("says which line it leaves out because it was changed, once its segment is closed", async () => {
    const { seq } = writeJournal(dir, syntheticCalls(4), { segmentCalls: 3 });
    const closed = linesOf(segment(1));
    closed[4] = closed[4]!.replace('"event"', '"Event"');
    const last = readFileSync(segment(2));
    rmSync(segment(2));
    writeFileSync(segment(1), `${closed.join("\n")}\n`);
    const warnings = ship();
    await shipped(4);
    await sleep(30);
    expect([receiver.seqs(CHAIN_ID), warnings]).toEqual([upTo(4), []]);
    writeFileSync(segment(2), last);
    await shipped(seq);
    expect(receiver.seqs(CHAIN_ID)).toEqual(upTo(seq).filter((each) => each !== 5));
    const place = `${segmentFile(CHAIN_ID, 1)}:5`;
    expect(warnings).toEqual([
      `${place} has been changed: its bytes do not give its hash; it is not shipped`,
    ]);
  });

  it("says that shipped lines are gone from the disk", async () => {
    const { seq } = writeJournal(dir, syntheticCalls(2));
    const warnings = ship();
    await shipped(seq);
    truncateSync(segment(1), 10);
    expect(await eventually(() => warnings.length > 0)).toBe(true);
    expect(warnings).toEqual([
      `${segmentFile(CHAIN_ID, 1)} has lost lines that were shipped: did the machine fail?`,
    ]);
  });

  it("loses and reorders nothing when it is killed again and again beside a writer", async () => {
    const bundle = join(folder, "ship.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("../support/ship-journal-child.ts", import.meta.url))],
      outfile: bundle,
      ...{ bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "warning" },
    });
    const source = join(folder, "source");
    const chainIds = [CHAIN_ID, "0000000000000007"];
    for (const [seed, chainId] of chainIds.entries())
      writeJournal(source, syntheticCalls(60, { seed }), { chainId, segmentCalls: 8 });
    const files = readdirSync(source).sort((a, b) => (a.slice(17) < b.slice(17) ? -1 : 1));
    const written = files.reduce((sum, file) => sum + linesOf(join(source, file)).length, 0);

    const random = seeded(4);
    receiver.next = () => {
      const draw = random();
      return draw < 0.1 ? "fail" : draw < 0.25 ? "keep and hang up" : "keep";
    };
    const retain = () => {
      if (!readdirSync(folder).includes("cursor.json")) return;
      for (const [chainId, { segment }] of Object.entries<{ segment: number }>(cursor()))
        for (let index = 1; index < segment; index++)
          rmSync(join(dir, segmentFile(chainId, index)), { force: true });
    };
    const writing = (async () => {
      for (const file of files) {
        const bytes = readFileSync(join(source, file));
        // Chunks that end in mid-line.
        for (let at = 0, end = 0; at < bytes.length; at = end) {
          end = Math.min(bytes.length, at + 1 + Math.floor(random() * 1_500));
          appendFileSync(join(dir, file), bytes.subarray(at, end));
          await sleep(2);
        }
      }
    })();
    const start = () => spawn(process.execPath, [bundle, dir, receiver.url, cursorFile]);
    const kill = async (child: ChildProcess) => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      expect((await ended)[1]).toBe("SIGKILL");
    };
    for (let kills = 0; kills < 10; kills++) {
      const requests = receiver.bodies.length + Math.ceil(random() * 12);
      const child = start();
      await eventually(() => receiver.bodies.length >= requests);
      await sleep(random() * 10);
      await kill(child);
      retain();
    }
    await writing;
    receiver.next = () => "keep";
    const child = start();
    await eventually(() => receiver.size === written, 20_000);
    await kill(child);

    expect([receiver.size, receiver.conflicts]).toEqual([written, 0]);
    for (const chainId of chainIds) {
      const lines = files.filter((each) => each.startsWith(chainId)).flatMap((f) => linesOf(join(source, f)));
      expect([...(receiver.chains.get(chainId)?.values() ?? [])]).toEqual(lines);
    }
    expect(receiver.duplicates).toBeGreaterThan(0);
    // Retention was at work.
    expect(readdirSync(dir).length).toBeLessThan(files.length);
  });
});
