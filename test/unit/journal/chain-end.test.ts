import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { journalAudit } from "../../../src/audit/journal.js";
import { systemClock } from "../../../src/clock.js";
import { endOf } from "../../../src/journal/chain-end.js";
import { nodeDisk } from "../../../src/journal/disk.js";
import { noteOf, SILENT_MS } from "../../../src/journal/owner-note.js";
import { chainsIn, segmentFile } from "../../../src/journal/segment.js";
import { verifyJournal } from "../../../src/journal/verify.js";
import type { CallStart } from "../../../src/record.js";
import { callsIn, entriesIn } from "../../support/chain-lines.js";
import { systemError } from "../../support/faulty-disk.js";
import { CHAIN_ID, JournalFixture } from "../../support/journal-fixture.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "chain-end-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const path = (segment: number) => join(dir, segmentFile(CHAIN_ID, segment));
const start = (callId: string) => ({ v: 1, callId, requestDigest: "0" }) as CallStart;

/** A chain of so many calls whose writer died, with two more calls under way. */
function died(calls = 10, chainId = CHAIN_ID): JournalFixture {
  const fixture = new JournalFixture(dir, { chainId, segmentCalls: 4, running: true });
  for (const call of syntheticCalls(calls)) fixture.add(call);
  for (const callId of ["open-1", "open-2"])
    fixture.event({ event: "request.start", callId, start: start(callId) });
  fixture.end();
  return fixture;
}

/** Opens the folder, so that what was left is put right, and closes it again. Returns the lines that this has added. */
async function recover(chainId = CHAIN_ID) {
  const before = await linesOf(chainId);
  const trouble: string[] = [];
  await Promise.resolve(journalAudit({ dir }).close?.()).catch((error) => trouble.push(error.message));
  const after = await linesOf(chainId);
  return { added: after.slice(before.length), kept: after.length >= before.length, trouble };
}

async function linesOf(chainId: string) {
  return (await entriesIn(dir)).find(({ chain }) => chain.chainId === chainId)?.entries ?? [];
}

async function isWhole() {
  const { ok, chains, problems } = await verifyJournal(dir);
  const found = [...problems, ...chains.flatMap(({ problem }) => problem ?? [])];
  expect(found).toEqual([]);
  expect(ok).toBe(true);
}

const torn = () => readdirSync(dir).filter((file) => file.endsWith(".torn"));

describe("a chain whose writer died", () => {
  it("has its open calls closed as unknown, once", async () => {
    died();
    const { added } = await recover();
    expect(added.map(({ event }) => event)).toEqual([
      "segment.open",
      "recovery",
      "request.end",
      "request.end",
      "segment.close",
    ]);
    expect(added[0]).toMatchObject({ openCalls: ["open-1", "open-2"], segment: 4 });
    expect(added[1]).toMatchObject({ died: { pid: 1, host: "host" }, unknown: 2 });
    expect((await recover()).added).toEqual([]);
    await isWhole();
  });

  it("loses its torn line, which is set aside and told of", async () => {
    died();
    const { length } = readFileSync(path(3));
    appendFileSync(path(3), '{"seq":99,"ts":"20');
    const { added } = await recover();
    const [file = ""] = torn();
    expect(readFileSync(join(dir, file), "utf8")).toBe('{"seq":99,"ts":"20');
    const aside = { file: segmentFile(CHAIN_ID, 3), fromByte: length, bytes: 18, to: file };
    expect(added[0]).toMatchObject({ setAside: aside });
    expect(added[1]).toMatchObject({ event: "recovery", setAside: aside });
    expect(readFileSync(path(3))).toHaveLength(length);
    await isWhole();
  });

  it("keeps apart what several recoveries set aside", async () => {
    died();
    for (const n of [1, 2]) writeFileSync(`${path(3)}.${n}.torn`, "left by a recovery that died");
    appendFileSync(path(3), "{");
    const { added } = await recover();
    expect(added[0]).toMatchObject({ setAside: { to: `${segmentFile(CHAIN_ID, 3)}.3.torn` } });
    expect(readFileSync(`${path(3)}.1.torn`, "utf8")).toBe("left by a recovery that died");
    await isWhole();
  });

  it.each([
    ["empty", ""],
    ["a torn first line", '{"seq":99,"ts":"2026-11-25T09'],
    ["full of zeros", "\0".repeat(5_000)],
  ])("goes on before segments that are %s, several in a row", async (_, text) => {
    died();
    for (const n of [4, 5, 6]) writeFileSync(path(n), text);
    const { added } = await recover();
    expect(added[0]).toMatchObject({ event: "segment.open", segment: 4 });
    expect(existsSync(path(5))).toBe(false);
    expect(torn()).toHaveLength(text === "" ? 0 : 3);
    await isWhole();
  });

  it("begins anew when not one line of it holds", async () => {
    for (const n of [1, 2]) writeFileSync(path(n), '{"seq":1,');
    const journal = journalAudit({ dir });
    await journal.start?.(start("a"));
    await journal.close?.();
    expect(journal.chainId).toBe(CHAIN_ID);
    expect((await linesOf(CHAIN_ID)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await isWhole();
  });

  it("has a zero-filled end set aside, as a disk leaves it that lost power", async () => {
    died();
    appendFileSync(path(3), Buffer.alloc(4_096));
    const { added } = await recover();
    expect(added[0]).toMatchObject({ setAside: { bytes: 4_096 } });
    await isWhole();
  });

  it("keeps a damaged line in its middle where it is, for verify to find", async () => {
    died();
    const text = readFileSync(path(3), "utf8");
    const lines = text.split("\n");
    const damaged = lines[2] as string;
    lines[2] = damaged.replace('"callId":"', '"callId":"x');
    writeFileSync(path(3), lines.join("\n"));
    const { added, kept } = await recover();
    expect(kept).toBe(true);
    expect(added[0]).toMatchObject({ event: "segment.open", segment: 4 });
    expect(torn()).toEqual([]);
    expect(readFileSync(path(3), "utf8")).toBe(lines.join("\n"));
    const { ok, chains } = await verifyJournal(dir);
    expect(ok).toBe(false);
    expect(chains[0]?.problem).toMatchObject({ place: `${segmentFile(CHAIN_ID, 3)}:3` });
  });

  it("is found at its last line alone when it was closed with no call under way", async () => {
    const fixture = new JournalFixture(dir);
    for (const call of syntheticCalls(200)) fixture.add(call);
    fixture.end();
    // Whoever read all of it would come to another end: its first half is not there.
    const bytes = readFileSync(path(1));
    writeFileSync(path(1), Buffer.concat([Buffer.alloc(bytes.length / 2), bytes.subarray(bytes.length / 2)]));
    const [chain] = await chainsIn(dir);
    const end = chain && (await endOf(chain, nodeDisk));
    expect(end).toMatchObject({ seq: fixture.head.seq, head: fixture.head.hash, openCalls: [], preface: [] });
  });

  it("that was closed with calls under way has them closed as unknown", async () => {
    const first = journalAudit({ dir });
    await first.start?.(start("a"));
    await first.start?.(start("b"));
    await first.close?.();
    const { chainId = "" } = first;
    const { added } = await recover(chainId);
    expect(added.filter(({ event }) => event === "request.end")).toMatchObject([
      { callId: "a", outcome: "unknown" },
      { callId: "b", outcome: "unknown" },
    ]);
    expect((await recover(chainId)).added).toEqual([]);
    await isWhole();
  });

  it("is cut once more by nobody: what was set aside and is there again does no harm", async () => {
    died();
    appendFileSync(path(3), '{"seq":99');
    await recover();
    // The cut was not on the disk when the power went.
    appendFileSync(path(3), '{"seq":99');
    await recover();
    await isWhole();
  });

  it("survives a recovery that is cut short after each of its bytes", { timeout: 60_000 }, async () => {
    died(2);
    const before = readFileSync(path(1));
    await recover();
    const recovered = readFileSync(path(2));
    for (let length = 0; length < recovered.length; length += 37) {
      for (const file of readdirSync(dir)) rmSync(join(dir, file));
      writeFileSync(path(1), before);
      writeFileSync(path(2), recovered);
      truncateSync(path(2), length);
      await recover();
      await isWhole();
      for (const { starts, ends } of callsIn(await linesOf(CHAIN_ID)).values())
        expect({ starts, ends: ends.length }, `cut after ${length} bytes`).toEqual({ starts: 1, ends: 1 });
    }
  });
});

describe("a folder with other chains", () => {
  const id = (n: number) => n.toString(16).padStart(16, "0");

  it("has all of them put right, while one is gone on with", async () => {
    for (let n = 1; n <= 200; n++) died(1, id(n));
    const journal = journalAudit({ dir });
    await journal.start?.(start("a"));
    await expect
      .poll(() => readdirSync(dir).filter((file) => file.endsWith(".000002.jsonl")).length, {
        timeout: 20_000,
      })
      .toBe(200);
    await journal.close?.();
    for (const { entries } of await entriesIn(dir))
      for (const [callId, { ends }] of callsIn(entries)) if (callId !== "a") expect(ends).toHaveLength(1);
    expect(readdirSync(dir).filter((file) => file.endsWith(".owner"))).toHaveLength(200);
    await isWhole();
    const files = readdirSync(dir);
    await recover();
    // What is at rest is not so much as touched.
    expect(readdirSync(dir).filter((file) => !files.includes(file))).toHaveLength(2);
  });

  it("has a chain put right whose writer dies later", async () => {
    died(1, id(7));
    const own = noteOf();
    const note = (text: object) => writeFileSync(join(dir, `${id(7)}.1.owner`), JSON.stringify(text));
    note(own);
    const timers: (() => void)[] = [];
    const clock = {
      ...systemClock,
      setTimeout: (callback: () => void, ms: number) =>
        ms === SILENT_MS ? timers.push(callback) : systemClock.setTimeout(callback, ms),
    };
    const journal = journalAudit({ dir }, { clock });
    await journal.start?.(start("a"));
    await expect.poll(() => timers.length).toBe(1);
    expect(callsIn(await linesOf(id(7))).get("open-1")?.ends).toEqual([]);
    note({ ...own, began: "another boot:1" });
    timers[0]?.();
    await journal.close?.();
    expect(callsIn(await linesOf(id(7))).get("open-1")?.ends).toEqual(["unknown"]);
    expect(timers).toHaveLength(1);
    await isWhole();
  });

  it("is written in spite of one that cannot be gone on with", async () => {
    died(1, id(7));
    died(1);
    // The youngest is the first to be gone on with.
    utimesSync(path(1), new Date(), new Date(Date.now() + 60_000));
    const sync = (file: string) =>
      file === path(1) ? Promise.reject(systemError("EIO", "fdatasync")) : nodeDisk.sync(file);
    const journal = journalAudit({ dir }, { disk: { ...nodeDisk, sync } });
    const troubles: string[] = [];
    const told = (error: Error) => void troubles.push(error.message);
    await journal.start?.(start("a"))?.catch(told);
    await Promise.resolve(journal.close?.()).catch(told);
    expect(journal.chainId).toBe(id(7));
    expect(troubles).toEqual([expect.stringContaining(`could not tidy up chain ${CHAIN_ID}: EIO`)]);
    expect(callsIn(await linesOf(id(7))).get("open-1")?.ends).toEqual(["unknown"]);
  });

  it("is made again when it has vanished before it was opened", async () => {
    const journal = journalAudit({ dir });
    rmSync(dir, { recursive: true });
    await journal.start?.(start("a"));
    await Promise.resolve(journal.close?.()).catch(() => {});
    expect((await entriesIn(dir)).flatMap(({ entries }) => entries.map(({ event }) => event))).toContain(
      "request.start",
    );
  });
});
