import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keys, signed } from "../support/checkpoints.js";
import { jsonLines, play, playOn } from "../support/cli.js";
import { CHAIN_ID, JournalFixture, writeJournal } from "../support/journal-fixture.js";
import { JournalLines } from "../support/journal-lines.js";
import { Screen } from "../support/screen.js";
import { type SyntheticCall, syntheticCalls } from "../support/synthetic-calls.js";

const calls = [...syntheticCalls(400, { from: Date.UTC(2026, 10, 25, 9, 19, 30) })];
/** Of several attempts, the last one of which answered. */
const failedOver = calls.find(
  ({ record }) => record.attempts.length === 2 && record.outcome === "ok",
) as SyntheticCall;
const skipping = calls.find(({ record }) => record.skipped.length > 0) as SyntheticCall;
let dir: string;
let log: string;
let head: { seq: number; hash: string };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "audit-"));
  log = join(dir, "log");
  head = writeJournal(log, calls, { segmentCalls: 150 });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const fileOf = (segment: number) => join(log, `${CHAIN_ID}.00000${segment}.jsonl`);
const audit = (name: string, ...args: string[]) => play(["audit", name, "--dir", log, ...args]);

function changeLine(segment: number, at: number): void {
  const text = readFileSync(fileOf(segment), "utf8").split("\n");
  text[at - 1] = text[at - 1]!.replace('"mono"', '"momo"');
  writeFileSync(fileOf(segment), text.join("\n"));
}

describe("audit verify", () => {
  it("says yes, with numbers, and what it cannot see", async () => {
    const { code, stdout, stderr } = await audit("verify");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/✓ 00f1e2d3c4b5a697 +3 +1,\d\d\d +400 +2026-11-25 0[89]:/);
    expect(stdout).toContain(`Yes: ${head.seq.toLocaleString("en-US")} lines`);
    expect(stdout).toContain("– No checkpoints were given");
    const json = await audit("verify", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      chains: [{ lines: head.seq, calls: { begun: 400 } }],
    });
  });

  it("says no, and where, with exit code 1, on a screen of any width", async () => {
    changeLine(2, 57);
    const { code, stdout } = await audit("verify");
    expect(code).toBe(1);
    expect(stdout).toContain(`${CHAIN_ID}.000002.jsonl:57 has been changed: its bytes do not give its hash`);
    for (const columns of [50, 80, 120]) {
      const screen = new Screen({ columns });
      expect(await playOn(screen, ["audit", "verify", "--dir", log])).toBe(1);
      expect(screen.text.join(" ")).toContain(`${CHAIN_ID}.000002.jsonl:57`);
      expect(Math.max(...screen.text.map(({ length }) => length))).toBeLessThan(columns);
    }
  });

  it("takes checkpoints and a key from files", async () => {
    const signer = keys();
    const checkpoint = signed(signer, { chainId: CHAIN_ID, n: 1, seq: head.seq, head: head.hash });
    const [checkpoints, key, other] = ["checkpoints.jsonl", "key.pem", "other.pem"].map((name) =>
      join(dir, name),
    ) as [string, string, string];
    writeFileSync(checkpoints, `${JSON.stringify(checkpoint)}\n`);
    writeFileSync(key, signer.publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(other, keys().publicKey.export({ type: "spki", format: "pem" }));
    const good = await audit("verify", "--checkpoints", checkpoints, "--public-key", key);
    expect([good.code, good.stderr]).toEqual([0, ""]);
    expect(good.stdout.replace(/\s+/g, " ")).toContain("signatures are good");
    expect(good.stdout).toContain("1 of 1 given hold");
    expect((await audit("verify", "--checkpoints", checkpoints, "--public-key", other)).code).toBe(1);
    const last = readFileSync(fileOf(3), "utf8").trimEnd().split("\n");
    writeFileSync(fileOf(3), `${last.slice(0, -5).join("\n")}\n`);
    const cut = await audit("verify", "--checkpoints", checkpoints);
    expect(cut.code).toBe(1);
    expect(cut.stdout.replace(/\s+/g, " ")).toContain(`cut, line ${head.seq - 4} and after are gone`);
    for (const file of readdirSync(log)) rmSync(join(log, file));
    const gone = await audit("verify", "--checkpoints", checkpoints);
    expect([gone.code, gone.stdout]).toEqual([
      1,
      expect.stringContaining(`chain ${CHAIN_ID} is not in the folder`),
    ]);
  });

  it("leaves a checkpoint out that a crash has cut short, and says so", async () => {
    const checkpoint = signed(keys(), { chainId: CHAIN_ID, n: 1, seq: head.seq, head: head.hash });
    const line = JSON.stringify(checkpoint);
    const checkpoints = join(dir, "checkpoints.jsonl");
    writeFileSync(checkpoints, `${line.slice(0, -30)}\n${line}\n`);
    const { code, stdout } = await audit("verify", "--checkpoints", checkpoints);
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, " ")).toContain("checkpoints.jsonl:1 was cut short when it was written");
  });

  it("says what is wrong with its input, with exit code 2", async () => {
    const bad = join(dir, "bad");
    writeFileSync(bad, '\n{"v":1}\n');
    mkdirSync(join(dir, "empty"));
    const wrong: [string[], string][] = [
      [["--dir", join(dir, "none")], "it does not exist"],
      [["--dir", join(dir, "empty")], "there is no journal in it"],
      [["--dir", bad], "it is no folder"],
      [["--dir", log, "--checkpoints", bad], "bad:2 holds no checkpoint: chainId"],
      [["--dir", log, "--checkpoints", join(dir, "none")], "none: it does not exist"],
      [["--dir", log, "--public-key", bad], "no key in PEM; an Ed25519 public key is wanted"],
      [["--dir", log, "--public-key", log], "it is a folder"],
    ];
    for (const [args, says] of wrong) {
      const { code, stdout, stderr } = await play(["audit", "verify", ...args]);
      expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(says)]);
    }
  });

  it("ends with 130 when it is interrupted", async () => {
    const interrupt = AbortSignal.abort("SIGINT");
    for (const args of [["verify"], ["show", "e822"]]) {
      const { code, stdout } = await play(["audit", ...args, "--dir", log], { interrupt });
      expect([code, stdout]).toEqual([130, ""]);
    }
  });
});

describe("audit tail", () => {
  it("shows the last calls, a line each, over all chains, by time", async () => {
    const other = [...syntheticCalls(5, { seed: 2, from: Date.UTC(2026, 10, 25, 11) })];
    writeJournal(log, other, { chainId: "f".repeat(16) });
    const { code, stdout } = await audit("tail", "-n", "7");
    const lines = stdout.trimEnd().split("\n");
    expect([code, lines.length]).toEqual([0, 8]);
    expect(lines[0]).toMatch(/^2026-11-25, UTC/);
    const ids = lines.slice(1).map((line) => line.split("  ")[1]);
    expect(new Set(ids.slice(2))).toEqual(new Set(other.map(({ record }) => record.callId.slice(0, 8))));
    const { record } = other.at(-1)!;
    expect(stdout).toMatch(
      new RegExp(
        `${record.callId.slice(0, 8)}  ✓ ${record.answeredBy!.model.slice(0, 20)}.* ${record.attempts.length} tr(y|ies) .* ms +~?\\$0\\.\\d+`,
      ),
    );
    expect((await audit("tail", "-n", "0")).stdout).toBe("");
    expect((await audit("tail", "-n", "-1")).code).toBe(2);
  });

  it("fits on any screen, and shows calls that failed or died, and gaps", async () => {
    const lines = new JournalLines(log, "e".repeat(16));
    lines.open().start("dead").unknown("dead");
    lines.add({ event: "gap", reason: "queue_full", lost: { attempt: 3 } });
    lines.add({ event: "recovery", died: { pid: 7, host: "h" }, unknown: 1 });
    for (const columns of [40, 60, 80, 100]) {
      const screen = new Screen({ columns, rows: 2_000 });
      expect(await playOn(screen, ["audit", "tail", "--dir", log, "-n", "500"])).toBe(0);
      const text = screen.text.join("\n");
      expect(Math.max(...screen.text.map(({ length }) => length))).toBeLessThan(columns);
      expect(text).toMatch(/dead +\? unknown/);
      expect(text).toMatch(/! gap, queue_full/);
      expect(text).toMatch(/! process 7 on h/);
      expect(text).toMatch(/✗ exhausted/);
    }
  });

  it("goes on until Ctrl-C", async () => {
    const fixture = new JournalFixture(join(dir, "live"), { running: true });
    fixture.add(calls[0]!);
    fixture.flush();
    const stop = new AbortController();
    const { callId } = failedOver.record;
    let added = false;
    const { code, stdout } = await play(["audit", "tail", "--dir", join(dir, "live"), "-f"], {
      interrupt: stop.signal,
      onOutput(all) {
        if (!added) {
          fixture.add(failedOver);
          fixture.flush();
        }
        added = true;
        if (all.includes(callId.slice(0, 8))) stop.abort("SIGINT");
      },
    });
    expect(code).toBe(0);
    expect(stdout.split(calls[0]!.record.callId.slice(0, 8))).toHaveLength(2);
  });

  it("gives the journal's own lines as JSON", async () => {
    const { stdout } = await audit("tail", "--json", "-n", "4");
    expect(stdout).toBe(`${readFileSync(fileOf(3), "utf8").trimEnd().split("\n").slice(-4).join("\n")}\n`);
  });
});

describe("audit show", () => {
  it("shows the timeline of a call", async () => {
    const { record } = failedOver;
    const { code, stdout } = await audit("show", record.callId);
    expect(code).toBe(0);
    const [first, second] = record.attempts as [(typeof record.attempts)[0], (typeof record.attempts)[0]];
    expect(stdout.split("\n")[0]).toBe(record.callId);
    expect(stdout).toContain(`✗  1 ${first.target}`);
    expect(stdout).toContain(first.failure!.message);
    expect(stdout).toMatch(new RegExp(`✓  2 ${second.target} +answered +text at`));
    expect(stdout).toMatch(/\n {7}─+\n/);
    expect(stdout).toMatch(/\n {8,}─+━*█+\n/);
    expect(stdout).toContain(`answeredBy ${record.answeredBy!.model}`);
    expect(stdout).toContain(`service=${record.labels.service}`);
    expect(stdout).toContain(`userId=${record.caller.userId}`);
    expect(stdout).toMatch(/In 00f1e2d3c4b5a697\.00000\d\.jsonl:\d+–\d+\./);
    const shown = await audit("show", skipping.record.callId);
    expect(shown.stdout).toMatch(/– .*skipped breaker_open: forMs 4,000/);
  });

  it("fits on any screen", async () => {
    for (const columns of [50, 80, 120]) {
      const screen = new Screen({ columns, rows: 100 });
      expect(await playOn(screen, ["audit", "show", failedOver.record.callId, "--dir", log])).toBe(0);
      expect(Math.max(...screen.text.map(({ length }) => length))).toBeLessThanOrEqual(
        Math.max(columns - 1, 64),
      );
    }
  });

  it("takes the beginning of an id, when it fits one", async () => {
    const { callId } = failedOver.record;
    const { code, stdout } = await audit("show", callId.slice(0, 9), "--json");
    const story = jsonLines(stdout)[0]!;
    expect([code, story]).toMatchObject([
      0,
      { callId, state: "ok", record: failedOver.record, start: failedOver.start },
    ]);
    expect(story.lines).toHaveLength(4);
    const lines = new JournalLines(log, "e".repeat(16));
    lines.open().start("abcd-1").start("abcd-2").start("abxx");
    const several = await audit("show", "abcd");
    expect(several.code).toBe(2);
    expect(several.stderr).toMatch(/beginning of several calls[\s\S]*abcd-1[\s\S]*abcd-2/);
    expect(several.stderr).not.toContain("abxx");
    expect((await audit("show", "abc")).stderr).toMatch(/CALL must be 4 characters or more/);
    const none = await audit("show", "none-such");
    expect([none.code, none.stderr]).toEqual([1, `There is no call "none-such" in ${log}.\n`]);
  });

  it("says when a call is open, or its process died", async () => {
    const fixture = new JournalFixture(join(dir, "live"), { running: true });
    const { start, record } = failedOver;
    fixture.event({ event: "request.start", callId: start.callId, start });
    fixture.event({ event: "attempt", callId: start.callId, attempt: record.attempts[0]! });
    fixture.flush();
    const show = () => play(["audit", "show", start.callId, "--dir", join(dir, "live")]);
    const open = await show();
    expect([open.code, open.stdout]).toEqual([0, expect.stringContaining("Still open")]);
    expect(open.stdout).toContain(record.attempts[0]!.failure!.message);
    fixture.event({ event: "request.end", callId: start.callId, outcome: "unknown" });
    fixture.flush();
    expect((await show()).stdout).toContain("Unknown: its process died before it ended.");
  });

  it("is not misled by ids that stand elsewhere in a line", async () => {
    const lines = new JournalLines(log, "e".repeat(16));
    lines.open().add({
      event: "request.start",
      callId: "mine-1",
      start: { ...failedOver.start, callId: "mine-1", labels: { x: ',"callId":"yours-2' } },
      content: { x: 1, callId: "yours-2" },
    });
    appendFileSync(join(log, lines.file), '{"torn,"callId":"yours-2');
    expect((await audit("show", "yours-2")).code).toBe(1);
  });
});
