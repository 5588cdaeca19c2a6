import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bodyOf, entryOf, GENESIS } from "../../../src/journal/line.js";
import { verifyJournal } from "../../../src/journal/verify.js";
import { seeded } from "../../../src/seeded.js";
import { keys } from "../../support/checkpoints.js";
import { writeJournal } from "../../support/journal-fixture.js";
import { seal } from "../../support/sealed-line.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";
import { TamperedLog } from "../../support/tampering.js";

const EDITS = 5_000;
const signer = keys();
let dir: string;
let log: TamperedLog;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "tamper-"));
  log = new TamperedLog(join(dir, "log"), signer);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The log with some of its lines changed, as whole files. */
function withLines(change: (lines: string[], file: string) => void): Record<string, string> {
  return Object.fromEntries(
    log.files.map((file) => {
      const lines = log.lines().filter((line) => line.file === file);
      const texts = lines.map(({ text }) => text);
      change(texts, file);
      return [file, texts.join("")];
    }),
  );
}

async function expectFound(what: string, changed: Record<string, string | Buffer | undefined>) {
  if (!(await log.isFound(changed))) expect.fail(`not found: ${what}`);
}

it("is about 10 kB in several files, and verifies as long as nobody touches it", async () => {
  expect(log.files).toHaveLength(3);
  expect(log.bytes).toBeGreaterThan(9_000);
  expect(await log.isFound({})).toBe(false);
  for (const file of log.files) expect(await log.isFoundInMemory(file, log.original(file))).toBe(false);
});

it(`finds ${EDITS.toLocaleString("en-US")} edits of one byte, of all it was given`, async () => {
  const random = seeded(1);
  for (let i = 0; i < EDITS; i++) {
    const position = Math.floor(random() * log.bytes);
    const by = 1 + Math.floor(random() * 255);
    const { file, bytes } = log.edit(position, (value) => (value + by) % 256);
    if (!(await log.isFoundInMemory(file, bytes))) expect.fail(`not found: byte ${position} + ${by}`);
  }
});

it("finds every line that is removed, doubled, put elsewhere, or exchanged with the next", async () => {
  const all = log.lines();
  for (const { file, at, text } of all) {
    const edit = (change: (lines: string[]) => void) =>
      withLines((lines, each) => each === file && change(lines));
    await expectFound(
      `delete ${file}:${at + 1}`,
      edit((lines) => void lines.splice(at, 1)),
    );
    await expectFound(
      `double ${file}:${at + 1}`,
      edit((lines) => void lines.splice(at, 0, text)),
    );
    await expectFound(
      `empty line before ${file}:${at + 1}`,
      edit((lines) => void lines.splice(at, 0, "\n")),
    );
    const next = all[all.findIndex((line) => line.file === file && line.at === at) + 1];
    if (!next) continue;
    await expectFound(
      `swap ${file}:${at + 1} with the next`,
      withLines((lines, each) => {
        if (each === file) lines[at] = next.text;
        if (each === next.file) lines[next.at] = text;
      }),
    );
  }
  const [first, second] = log.files as [string, string];
  for (const { file, at, text } of all) {
    const target = file === first ? second : first;
    await expectFound(
      `copy ${file}:${at + 1} to the end of ${target}`,
      withLines((lines, each) => each === target && lines.push(text)),
    );
  }
});

it("finds every line that comes from another chain, or from another journal of this one", async () => {
  for (const [i, chainId] of ["00f1e2d3c4b5a697", "ffffffffffffffff"].entries()) {
    const other = join(dir, `other-${i}`);
    writeJournal(other, syntheticCalls(3, { seed: 99 }), { chainId, segmentCalls: 1 });
    for (const file of log.files) {
      const name = file.replace("00f1e2d3c4b5a697", chainId);
      const theirs = readFileSync(join(other, name), "utf8").split(/(?<=\n)/);
      for (const [at, text] of theirs.entries()) {
        await expectFound(
          `${text.slice(0, 80)} for ${file}:${at + 1}`,
          withLines((lines, each) => {
            if (each === file) lines[at] = text;
          }),
        );
        await expectFound(
          `${text.slice(0, 80)} before ${file}:${at + 1}`,
          withLines((lines, each) => each === file && lines.splice(at, 0, text)),
        );
      }
      await expectFound(`all of ${file}`, { [file]: theirs.join("") });
    }
  }
});

it("finds every cut before a checkpoint that is kept elsewhere: by lines, in mid-line, by files, by all of it", async () => {
  for (const [f, file] of log.files.entries()) {
    const later = Object.fromEntries(log.files.slice(f + 1).map((each) => [each, undefined]));
    const bytes = log.original(file);
    for (let end = 0; end < bytes.length; end = Math.max(end + 1, bytes.indexOf(0x0a, end) + 1)) {
      await expectFound(`${file} cut to ${end} bytes`, { ...later, [file]: bytes.subarray(0, end) });
      await expectFound(`${file} cut to ${end + 7} bytes`, { ...later, [file]: bytes.subarray(0, end + 7) });
      await expectFound(`${file} alone cut to ${end} bytes`, { [file]: bytes.subarray(0, end) });
    }
    await expectFound(`${file} alone removed`, { [file]: undefined });
    await expectFound(`${file} and all after it removed`, { ...later, [file]: undefined });
    const earlier = Object.fromEntries(log.files.slice(0, f + 1).map((each) => [each, undefined]));
    await expectFound(`${file} and all before it removed`, earlier);
  }
});

it("finds a log that is written anew with all its hashes, from whatever line on, by the checkpoint", async () => {
  const all = log.lines();
  for (const [from, { text: changed }] of all.entries()) {
    const files: Record<string, string> = {};
    let prev = GENESIS;
    for (const [i, { file, text }] of all.entries()) {
      const { seq, ts, mono, chainId, prev: _, hash, ...event } = entryOf(Buffer.from(text));
      const place = { seq, ts: i === from ? "2026-11-25T09:00:00.001Z" : ts, mono, chainId, prev };
      const made = seal(place, bodyOf(event as Parameters<typeof bodyOf>[0]));
      prev = made.hash;
      files[file] = (files[file] ?? "") + made.text;
      if (i < from) expect(hash).toBe(made.hash);
    }
    await expectFound(`written anew from ${changed.slice(0, 80)}`, files);
  }
});

it("says what it cannot see: that log, and a cut tail, without a checkpoint", async () => {
  const alone = join(dir, "alone");
  writeJournal(alone, syntheticCalls(3));
  writeJournal(join(dir, "anew"), syntheticCalls(3, { seed: 2 }));
  const name = "00f1e2d3c4b5a697.000001.jsonl";
  rmSync(join(alone, name));
  appendFileSync(join(alone, name), readFileSync(join(dir, "anew", name)));
  const report = await verifyJournal(alone);
  expect(report.ok).toBe(true);
  expect(report.cannotSee.join("\n")).toMatch(
    /cannot see a tail that was cut off, a log that was written anew/,
  );
});
