import { createHash, generateKeyPairSync } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSignedBy } from "../../../src/journal/checkpoint.js";
import type { Gap, JournalEvent, SetAside } from "../../../src/journal/entry.js";
import { type VerifyOptions, verifyJournal } from "../../../src/journal/verify.js";
import { keys, signed } from "../../support/checkpoints.js";
import { CHAIN_ID, JournalFixture, writeJournal } from "../../support/journal-fixture.js";
import { JournalLines } from "../../support/journal-lines.js";
import { syntheticCalls } from "../../support/synthetic-calls.js";

let dir: string;
let lines: JournalLines;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "verify-"));
  lines = new JournalLines(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fileOf = (segment: number) => `${CHAIN_ID}.00000${segment}.jsonl`;
const lost = (counts: Record<string, number>): Gap => ({ event: "gap", reason: "queue_full", lost: counts });

const opening: JournalEvent = {
  event: "segment.open",
  segment: 1,
  writer: { pid: 1, host: "host", version: "1.0.0" },
  durability: "os",
  openCalls: [],
  checkpoints: 0,
};

/** The only chain, and what is said of it. */
async function verified(options: VerifyOptions = {}) {
  const report = await verifyJournal(dir, options);
  expect(report.chains).toHaveLength(1);
  const chain = report.chains[0]!;
  expect(report.ok).toBe(chain.ok && report.problems.length === 0);
  const { place, what } = chain.problem ?? {};
  return { ...chain, report, bad: chain.problem && `${place?.replace(CHAIN_ID, "C")} ${what}` };
}

function aside(text: string, fromByte: number, to = "aside.torn"): SetAside {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { file: lines.file, fromByte, bytes: Buffer.byteLength(text), sha256, to };
}

describe("a journal in order", () => {
  it("verifies, with its numbers", async () => {
    const { seq, hash } = writeJournal(dir, syntheticCalls(40), { segmentCalls: 15 });
    const chain = await verified();
    expect(chain).toMatchObject({
      ...{ ok: true, segments: 3, lines: seq, firstSeq: 1, lastSeq: seq, head: hash, problems: 0, notes: [] },
      calls: { begun: 40, carried: 0, ended: 40, unknown: 0, open: 0 },
      from: expect.stringMatching(/^2026-11-25T09:00:0/),
      setAside: 0,
      lost: {},
    });
    expect(chain.attempts).toBe(seq - 2 * 40 - 2 * 3);
    expect(chain.report.lines).toBe(seq);
  });

  it("reads every chain of the folder, says what is no part of it, and tells how far it is", async () => {
    writeJournal(dir, syntheticCalls(3));
    writeJournal(dir, syntheticCalls(4), { chainId: "aaaaaaaaaaaaaaaa" });
    for (const file of ["notes.txt", `${CHAIN_ID}.1.owner`]) writeFileSync(join(dir, file), "x");
    const progress: [number, number][] = [];
    const { ok, chains, notes, bytes } = await verifyJournal(dir, {
      onProgress: (...told) => progress.push(told),
    });
    expect([ok, chains.map(({ calls }) => calls.ended)]).toEqual([true, [3, 4]]);
    expect(notes).toEqual(["not part of a journal, and ignored: notes.txt"]);
    expect(progress.at(-1)).toEqual([bytes, bytes]);
  });

  it("is read no further than it went when it was listed, and may end in mid-line", async () => {
    writeJournal(dir, syntheticCalls(3), { running: true });
    const whole = await verified();
    appendFileSync(join(dir, fileOf(1)), '{"seq":');
    const torn = await verified();
    expect(torn).toMatchObject({ ok: true, lines: whole.lines });
    expect(torn.notes).toEqual([
      expect.stringMatching(/has 7 bytes behind its last line: .* recovery will move them aside/),
    ]);
    // What its writer appends while it is read.
    let grown = false;
    const during = await verifyJournal(dir, {
      onProgress() {
        if (!grown) appendFileSync(join(dir, fileOf(1)), "garbage\nand more\n");
        grown = true;
      },
    });
    expect([grown, during.ok]).toEqual([true, true]);
    expect((await verified()).bad).toMatch(/^C\.000001\.jsonl:\d+ is no line of a journal/);
  });

  it("stops when it is told to", async () => {
    writeJournal(dir, syntheticCalls(3));
    const reason = new Error("enough");
    await expect(verifyJournal(dir, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("says so of files without a line", async () => {
    lines.open().start("a").unknown("a").close();
    writeFileSync(join(dir, fileOf(2)), "");
    expect(await verified()).toMatchObject({ ok: true, notes: [`${fileOf(2)} holds no whole line`] });
  });
});

describe("a writer that died twice", () => {
  it("leaves a torn tail and a file without a line, before the one that tells of it", async () => {
    lines.open().start("a");
    const setAside = aside('{"seq":3', lines.bytes);
    lines.raw('{"seq":3');
    lines.segment++;
    writeFileSync(join(dir, lines.file), '{"seq"');
    const before = await verified();
    expect(before).toMatchObject({ ok: true, lines: 2 });
    expect(before.notes.join("\n")).toMatch(
      /8 bytes behind its last line[\s\S]*000002.jsonl holds no whole line/,
    );
    writeFileSync(join(dir, lines.file), "");
    lines.open({ setAside, openCalls: ["a"] }).unknown("a");
    expect(await verified()).toMatchObject({ ok: true, lines: 4, segments: 3 });
  });
});

describe("places", () => {
  const changes: [string, () => void, RegExp][] = [
    ["another chain's file name", () => lines.open(), /000001.jsonl:1 belongs to chain 00f1/],
    ["no opening line", () => lines.open({ segment: 7 }), /:1 says it is segment 7; its name says 1/],
    ["an opening in mid-file", () => lines.open().add(opening), /:2 opens a segment in mid-file/],
    [
      "lines behind the end",
      () => lines.open().close().start("a"),
      /:3 stands behind the end of its segment/,
    ],
    ["bytes behind the end", () => lines.open().close().raw("{"), /:3 stands behind the end of its segment/],
    [
      "a number left out",
      () => void lines.open().add(lost({}), { skip: 2 }),
      /:2 is line 4, where line 2 should be: 2 missing/,
    ],
    [
      "another journal's second half",
      () => {
        lines.open();
        lines.prev = "1".repeat(64);
        lines.start("a");
      },
      /:2 does not follow on the line before it/,
    ],
    [
      "a segment that starts the numbers again",
      () => {
        lines.open().close();
        lines.seq = 0;
        lines.open();
      },
      /000002.jsonl:1 is line 1, where line 3 should be: it is out of place/,
    ],
    [
      "a torn tail in mid-chain",
      () => void lines.open().raw('{"seq":2').open(),
      /000001.jsonl:2 is no whole line: its end is gone/,
    ],
    [
      "a jump that nobody tells of",
      () => lines.open().close().open({}, { skip: 3 }).start("a"),
      /000002.jsonl:1 passes over lines 3–5, and no gap says so/,
    ],
  ];
  it.each(changes)("are checked: %s", async (what, change, bad) => {
    change();
    if (what === "another chain's file name") {
      writeFileSync(join(dir, `ffffffffffffffff.000001.jsonl`), readFileSync(join(dir, fileOf(1))));
      rmSync(join(dir, fileOf(1)));
    }
    expect((await verified()).bad).toMatch(bad);
  });

  it("names the first bad one, and counts all", async () => {
    writeJournal(dir, syntheticCalls(20), { segmentCalls: 10 });
    for (const [segment, at] of [
      [2, 3],
      [1, 5],
    ] as const) {
      const path = join(dir, fileOf(segment));
      const text = readFileSync(path, "utf8").split("\n");
      text[at - 1] = text[at - 1]!.replace('"mono"', '"momo"');
      writeFileSync(path, text.join("\n"));
    }
    const { bad, problems } = await verified();
    expect(bad).toBe("C.000001.jsonl:5 has been changed: its bytes do not give its hash");
    expect(problems).toBe(2);
  });
});

describe("what was set aside", () => {
  it("is no part of the chain: a torn line that is still there, or no longer", async () => {
    lines.open().start("a");
    const setAside = aside('{"seq":3', lines.bytes);
    const { file, bytes } = lines;
    lines
      .raw('{"seq":3')
      .open({ setAside, openCalls: ["a"] })
      .unknown("a");
    expect(await verified()).toMatchObject({ ok: true, setAside: 0, notes: [] });
    truncateSync(join(dir, file), bytes);
    expect(await verified()).toMatchObject({ ok: true, lines: 4 });
    writeFileSync(join(dir, "aside.torn"), '{"seq":3');
    expect(await verified()).toMatchObject({ ok: true });
    writeFileSync(join(dir, "aside.torn"), '{"seq":4');
    expect((await verified()).bad).toMatch(/has bytes set aside in aside.torn, which are not what they were/);
  });

  it("may be whole lines, whose numbers are passed over", async () => {
    lines.open().start("a");
    const { seq, prev, bytes, file } = lines;
    lines.start("b").start("c");
    const text = readFileSync(join(dir, file), "utf8").slice(bytes);
    const setAside = aside(text, bytes);
    Object.assign(lines, { prev, seq });
    const gap: Gap = { event: "gap", reason: "fsync_failed", lost: {}, rewritten: 2, skipped: [3, 4] };
    lines.open({ setAside }, { skip: 2 }).add(gap).start("b").start("c");
    for (const call of ["a", "b", "c"]) lines.unknown(call);
    expect(await verified()).toMatchObject({ ok: true, setAside: 2, lines: 9, lastSeq: 11 });
    truncateSync(join(dir, file), bytes - 1);
    expect((await verified()).bad).toMatch(
      /000001.jsonl:2 ends at byte \d+; the next segment says it was good up to byte/,
    );
  });

  it("must be told of exactly", async () => {
    lines.open().close().open({}, { skip: 2 });
    lines.add({ event: "gap", reason: "fsync_failed", lost: {}, skipped: [3, 9] });
    expect((await verified()).bad).toMatch(/000002.jsonl:1 passes over lines 3–4, and no gap says so/);
  });

  it("hides no good line that stands before it", async () => {
    lines.open().start("a");
    const setAside = aside("", lines.bytes - 10);
    lines.open({ setAside }).unknown("a");
    expect((await verified()).ok).toBe(false);
  });
});

describe("segments that are gone", () => {
  function three() {
    const heads: { file: string; firstSeq: number; lastSeq: number; head: string; bytes: number }[] = [];
    for (const call of ["a", "b"]) {
      lines
        .open({ openCalls: call === "b" ? ["a"] : [] })
        .start(call)
        .close();
      heads.push({
        file: lines.file,
        firstSeq: lines.seq - 2,
        lastSeq: lines.seq,
        head: lines.prev,
        bytes: 1,
      });
    }
    lines
      .open({ openCalls: ["a", "b"] })
      .unknown("a")
      .unknown("b");
    return heads;
  }

  it("are told of by a tombstone, which fits", async () => {
    const heads = three();
    lines.add({ event: "tombstone", segments: heads });
    expect(await verified()).toMatchObject({ ok: true, calls: { begun: 2 } });
    for (const { file } of heads) rmSync(join(dir, file));
    const chain = await verified();
    expect(chain).toMatchObject({
      ...{ ok: true, firstSeq: 7, removed: { segments: 2, lastSeq: 6 } },
      calls: { begun: 0, carried: 2, ended: 2, open: 0 },
    });
    expect(chain.report.cannotSee.join("\n")).toContain(`${CHAIN_ID}: retention removed lines up to 6.`);
  });

  it("may end before lines that were passed over", async () => {
    lines.open().start("a");
    const head = { file: lines.file, firstSeq: 1, lastSeq: 2, head: lines.prev, bytes: 1 };
    const gap: Gap = { event: "gap", reason: "fsync_failed", lost: {}, skipped: [3, 4] };
    lines
      .open({ openCalls: ["a"] }, { skip: 2 })
      .add(gap)
      .add({ event: "tombstone", segments: [head] });
    expect(await verified()).toMatchObject({ ok: true, lastSeq: 7 });
    rmSync(join(dir, head.file));
    expect(await verified()).toMatchObject({ ok: true, removed: { segments: 1, lastSeq: 2 } });
  });

  it("are missed without one, and with one that tells of others", async () => {
    const heads = three();
    rmSync(join(dir, fileOf(1)));
    expect((await verified()).bad).toMatch(
      /000002.jsonl:1 follows on a line that is not here: segment 1 is missing, and no tombstone/,
    );
    lines.add({ event: "tombstone", segments: [{ ...heads[0]!, head: "0".repeat(64) }] });
    expect((await verified()).bad).toMatch(/the tombstone says it ended in another line/);
    rmSync(join(dir, fileOf(2)));
    expect((await verified()).bad).toMatch(/segments 1–2 are missing, and no tombstone/);
  });

  it("are missed in mid-chain", async () => {
    const heads = three();
    rmSync(join(dir, fileOf(2)));
    expect((await verified()).bad).toMatch(/000003.jsonl:1 .* segment 2 is missing/);
    lines.add({ event: "tombstone", segments: heads.slice(1) });
    expect((await verified()).bad).toMatch(/older ones are still here/);
  });
});

describe("the books", () => {
  const record = (attempts: number) => ({
    event: "request.end" as const,
    callId: "a",
    outcome: "ok" as const,
    record: { attempts: Array.from({ length: attempts }, (_, n) => ({ n })), skipped: [] } as never,
  });
  const attempt = { event: "attempt" as const, callId: "a", attempt: { n: 1 } as never };

  it("say which calls are open", async () => {
    lines.open().start("a").start("b").unknown("a");
    expect(await verified()).toMatchObject({
      ...{ ok: true, notes: ["1 call has begun and not ended"] },
      calls: { begun: 2, carried: 0, ended: 1, unknown: 1, open: 1 },
    });
  });

  it.each<[string, (book: JournalLines) => void, RegExp, Record<string, number> | undefined]>([
    [
      "an end without a start",
      (book) => book.unknown("a"),
      /:2 ends call a, which never began, or has ended before/,
      { "request.start": 1 },
    ],
    [
      "two ends without a start",
      (book) => book.unknown("a").unknown("b"),
      /:2 ends call a/,
      { "request.start": 2 },
    ],
    [
      "a second end",
      (book) => book.start("a").unknown("a").unknown("a"),
      /:4 ends call a/,
      { "request.start": 1 },
    ],
    ["a second start", (book) => book.start("a").start("a"), /:3 begins call a a second time/, undefined],
    [
      "an attempt of no call",
      (book) => book.add(attempt),
      /:2 is an attempt of call a, which is not open/,
      { "request.start": 1 },
    ],
    [
      "too few attempts",
      (book) => book.start("a").add(attempt).add(record(3)),
      /:4 lists 3 attempts of call a; 1 came before it/,
      { attempt: 2 },
    ],
    [
      "too many attempts",
      (book) => book.start("a").add(attempt).add(attempt).add(record(1)),
      /:5 lists 1 attempts/,
      undefined,
    ],
  ])("do not balance with %s, unless lines were lost that explain it", async (_, write, bad, explains) => {
    write(lines.open());
    expect((await verified()).bad).toMatch(bad);
    lines.add(lost({ "request.end": 9 }));
    expect((await verified()).bad).toMatch(bad);
    if (!explains) return;
    for (const [event, count] of Object.entries(explains))
      for (let i = 0; i < count; i++) {
        expect((await verified()).bad).toMatch(bad);
        lines.add(lost({ [event]: 1 }));
      }
    const chain = await verified();
    expect(chain).toMatchObject({ ok: true, lost: { "request.end": 9, ...explains } });
    expect(chain.notes.join("\n")).toMatch(/lines that a gap counts as lost explain it/);
  });

  it("count attempts by a record's keys, in whatever order, and not by its texts", async () => {
    const said = '"attempts":[{"n":1},{"n":2}],"skipped":[';
    const odd = {
      ...record(1),
      record: { labels: { said }, skipped: [], attempts: [{ n: 1, said }] } as never,
    };
    const usual = {
      ...record(1),
      record: { labels: { said }, attempts: [{ n: 1, said }], skipped: [] } as never,
    };
    lines.open();
    for (const end of [odd, usual]) lines.start("a").add(attempt).add(end);
    expect(await verified()).toMatchObject({ ok: true, attempts: 2 });
  });
});

describe("checkpoints", () => {
  const signer = keys();
  const { publicKey } = signer;
  const vouch = (n: number, { seq, prev: head }: JournalLines = lines) =>
    signed(signer, { chainId: CHAIN_ID, n, seq, head });

  function two() {
    lines.open().start("a");
    const checkpoints = [vouch(1)];
    lines.add({ event: "checkpoint", checkpoint: checkpoints[0]! }).unknown("a");
    checkpoints.push(vouch(2));
    lines.add({ event: "checkpoint", checkpoint: checkpoints[1]! });
    return checkpoints;
  }

  it("hold, and leave only what comes after them unseen", async () => {
    const checkpoints = two();
    const { ok, checkpoints: seen, report } = await verified({ checkpoints, publicKey });
    expect({ ok, seen }).toEqual({
      ok: true,
      seen: { own: 2, given: 2, matched: 2, outOfReach: 0, lastSeq: 4 },
    });
    expect(report.cannotSee).toEqual([
      `${CHAIN_ID}: line 5 comes after the last checkpoint that was given. What comes after it could have been changed or cut off, with more that is no longer here.`,
      "A chain of which no checkpoint was given could be gone as a whole.",
    ]);
    expect(report.signatures).toBe(true);
    expect((await verified({ checkpoints })).report.cannotSee.at(-1)).toMatch(/signatures were not checked/);
  });

  it("must be signed, with this key, those in the journal too", async () => {
    const checkpoints = two();
    const { signature: _, ...unsigned } = checkpoints[0]!;
    const bad = async (first: unknown) =>
      (await verified({ checkpoints: [first as never, checkpoints[1]!], publicKey })).bad;
    expect(await bad(unsigned)).toBe("undefined checkpoint 1 is not signed");
    const forged = "undefined checkpoint 1 is not signed with this key";
    expect(await bad({ ...checkpoints[0]!, ts: "2026-11-25T10:00:00.000Z" })).toBe(forged);
    expect(await bad({ ...checkpoints[0]!, signature: "????" })).toBe(forged);
    expect((await verified({ publicKey: keys().publicKey })).bad).toBe(
      "C.000001.jsonl:3 holds checkpoint 1, which is not signed with this key",
    );
  });

  it("find a cut, another log, a hole among them, and a chain that is gone", async () => {
    const checkpoints = two();
    const other = "f".repeat(16);
    const gone = [...checkpoints, signed(signer, { chainId: other, n: 1, seq: 5, head: "0".repeat(64) })];
    expect((await verified({ checkpoints: gone })).report.problems).toEqual([
      { what: `chain ${other} is not in the folder, and a checkpoint vouches for it` },
    ]);
    const changed = [{ ...checkpoints[0]!, head: "0".repeat(64) }];
    expect((await verified({ checkpoints: changed })).bad).toMatch(
      /000001.jsonl:2 is not line 2 as checkpoint 1 vouches for it: the journal has been rewritten/,
    );
    // Its writer died before it told of it, and it stands in the journal.
    expect((await verified({ checkpoints: checkpoints.slice(1) })).bad).toBeUndefined();
    const { seq, head } = checkpoints[1]!;
    const fourth = signed(signer, { chainId: CHAIN_ID, n: 4, seq, head });
    expect((await verified({ checkpoints: [...checkpoints, fourth] })).bad).toBe(
      "undefined checkpoint 3 is missing among those given, though 4 is there",
    );
    const path = join(dir, fileOf(1));
    const kept = readFileSync(path, "utf8").split(/(?<=\n)/);
    writeFileSync(path, kept.slice(0, 3).join(""));
    expect((await verified({ checkpoints })).bad).toMatch(
      /000001.jsonl:3 is the last line; checkpoint 2 vouches for line 4: cut, line 4 and after are gone/,
    );
  });

  it("in the journal must vouch for a line before them, however far", async () => {
    lines.open().start("a");
    const early = vouch(1);
    const holdsAnother = (at: number, seq: number) =>
      `C.000001.jsonl:${at} holds checkpoint 1, which vouches for another line ${seq} than is here`;
    lines.add({ event: "checkpoint", checkpoint: { ...early, seq: 3 } });
    expect((await verified()).bad).toBe(holdsAnother(3, 3));
    lines.add({ event: "checkpoint", checkpoint: { ...early, seq: 1 } });
    expect((await verified()).problems).toBe(2);
    for (const head of [early.head, "0".repeat(64)]) {
      rmSync(dir, { recursive: true });
      const fixture = new JournalFixture(dir);
      fixture.event({ event: "request.start", callId: "a", start: { callId: "a" } as never });
      const { seq, hash } = fixture.head;
      for (let i = 0; i < 2 ** 15; i++) fixture.event(lost({}));
      const checkpoint = { ...early, seq, head: head === early.head ? hash : head };
      fixture.event({ event: "checkpoint", checkpoint });
      fixture.end();
      expect((await verified()).bad).toBe(head === early.head ? undefined : holdsAnother(2 ** 15 + 3, seq));
    }
  });

  it("have one signature text each", () => {
    const checkpoint = vouch(1, lines.open());
    expect(isSignedBy(checkpoint, publicKey)).toBe(true);
    for (const change of [
      (text: string) => `${text} `,
      (text: string) => text.replace("=", ""),
      () => "",
      () => "é",
    ])
      expect(
        isSignedBy({ ...checkpoint, signature: change(checkpoint.signature as string) }, publicKey),
      ).toBe(false);
    const { publicKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    expect(isSignedBy(checkpoint, rsa)).toBe(false);
  });

  it("cannot be held against lines that retention removed, nor be dodged by passing lines over", async () => {
    const checkpoints = two();
    const head = { file: lines.file, firstSeq: 1, lastSeq: lines.seq, head: lines.prev, bytes: 1 };
    lines.open().add({ event: "tombstone", segments: [head] });
    rmSync(join(dir, fileOf(1)));
    const { ok, checkpoints: seen, report } = await verified({ checkpoints, publicKey });
    expect([ok, seen.outOfReach]).toEqual([true, 2]);
    expect(report.cannotSee.join("\n")).toMatch(
      /no checkpoint that was given vouches for a line that is here[\s\S]*nor can 2 checkpoints of them/,
    );
    rmSync(dir, { recursive: true });
    lines = new JournalLines(dir);
    lines.open().close().open({}, { skip: 4 });
    lines.add({ event: "gap", reason: "segment_lost", lost: {}, skipped: [3, 6] });
    expect((await verified({ checkpoints: checkpoints.slice(0, 1) })).ok).toBe(false);
    expect((await verified({ checkpoints })).bad).toMatch(
      /checkpoint 2 vouches for line 4, which the chain passes over|is not line 2/,
    );
  });

  it.each([null, 7, "x", [], {}, { v: 1 }, { v: 1, chainId: CHAIN_ID, n: 1.5, seq: {}, head: [] }])(
    "may be garbage: %j",
    async (garbage) => {
      two();
      lines.add({ event: "checkpoint", checkpoint: garbage as never });
      const { bad, report } = await verified({ checkpoints: [garbage as never], publicKey });
      expect(bad).toMatch(/:6 holds no checkpoint/);
      expect(report.problems[0]?.what).toMatch(/^number 1 of the checkpoints given is none/);
    },
  );
});
