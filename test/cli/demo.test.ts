import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { SCENES } from "../../src/cli/scenes.js";
import type { JournalEntry } from "../../src/journal/entry.js";
import { GENESIS } from "../../src/journal/line.js";
import type { AuditRecord } from "../../src/record.js";
import { jsonLines, type Played, play, playOn } from "../support/cli.js";
import { Screen } from "../support/screen.js";

const names = SCENES.map(({ name }) => name);
const answers = SCENES.flatMap(({ expected }) => ("text" in expected ? [expected.text] : []));

describe("the demo on a pipe", () => {
  let played: Played;
  let ms: number;
  beforeAll(async () => {
    const startedAt = performance.now();
    played = await play(["demo"]);
    ms = performance.now() - startedAt;
  }, 40_000);

  it("plays every scene as expected, in less than 20 s", () => {
    expect(played.code).toBe(0);
    expect(played.stderr).toBe("");
    expect(played.stdout).toContain("All as expected: 4 whole answers and 1 typed error");
    expect(ms).toBeLessThan(20_000);
  });

  it("writes no escape sequence and no other control character", () => {
    expect(played.stdout).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it("shows each whole answer, and the half one with a line that discards it", () => {
    const text = played.stdout.replace(/\s+/g, " ");
    for (const answer of new Set(answers)) expect(text).toContain(answer);
    expect(text).toMatch(
      /The sky looks blue .* its ✗ 1 openai\/gpt-4o stream_interrupted → next model .* ↺ the text of attempt 1 is discarded/,
    );
  });

  it("has a line per attempt with number, model, cause, verdict and time", () => {
    for (const line of [
      /✗ +1 openai\/gpt-4o +rate_limit 429 +→ next model +[\d,]+ ms/,
      /✗ +1 openai\/gpt-4o +timeout firstTokenMs +→ next model +[\d,]+ ms/,
      /✗ +1 openai\/gpt-4o +stream_interrupted +→ next model +[\d,]+ ms/,
      /✗ +1 openai\/gpt-4o +context_length 400 +→ next model +[\d,]+ ms/,
      /– +– mistralai\/mistral-large skipped context_too_small: 131,072 < 141,607/,
      /✗ +1 openai\/gpt-4o +overloaded 503 +↻ after [\d,]+ ms +[\d,]+ ms/,
      /✗ +4 anthropic\/claude-opus-4\.7 network +→ next model +[\d,]+ ms/,
      /✓ +2 google\/gemini-2\.5-pro +answered +text at [\d,]+ ms +[\d,]+ ms/,
    ]) {
      expect(played.stdout).toMatch(line);
    }
  });

  it("tells the essence of every record, and what the typed error says", () => {
    expect(played.stdout.match(/callId [0-9a-f-]{36}/g)).toHaveLength(SCENES.length);
    expect(played.stdout).toContain("FallbackChainError · code exhausted · status 429");
    expect(played.stdout).toMatch(/5 google\/gemini-2\.5-pro · rate_limit 429: Google AI Studio: /);
    expect(played.stdout).toContain("The simulator saw 13 requests, the records list 13 attempts.");
  });

  it("names the scene that it leaves out", () => {
    expect(played.stdout).toContain("open-router demo --scene flap");
  });

  it("says which clock is short", () => {
    expect(played.stdout).toContain("firstTokenMs is 1,500 here; its default is 30,000.");
  });
});

describe("the demo on a terminal", () => {
  it("ends each line in place and strikes the discarded text through", async () => {
    const screen = new Screen();
    expect(await playOn(screen, ["demo", "--scene", "cut"])).toBe(0);
    const text = screen.text.join("\n");
    expect(text).not.toMatch(/waiting|answering/);
    expect(text.match(/^ {2}[✗✓] /gm)).toHaveLength(2);
    const struck = screen.lines
      .flat()
      .filter(({ strike }) => strike)
      .map(({ char }) => char)
      .join("");
    expect(struck).toBe(
      "The sky looks blue because of Rayleigh scattering: when sunlight meets the air, its",
    );
    expect(text.replace(/\s+/g, " ")).toContain(answers[0]);
  });

  it("is plain when NO_COLOR is set, or the terminal is dumb", async () => {
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const screen = new Screen();
      expect(await playOn(screen, ["demo", "--scene", "rate-limit"], { env })).toBe(0);
      expect(screen.raw).not.toContain("\x1b");
    }
  });
});

describe("the demo as JSON", () => {
  it("is one line per scene, with text, record and error", async () => {
    const { code, stdout, stderr } = await play(["demo", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const lines = jsonLines(stdout);
    expect(lines.map(({ scene }) => scene)).toEqual(names);
    for (const [i, line] of lines.entries()) {
      const { expected } = SCENES[i]!;
      const record = line.record as AuditRecord;
      expect(line.asExpected).toBe(true);
      expect(record.attempts).toHaveLength(line.requests as number);
      if ("error" in expected) {
        expect(line.error).toMatchObject({ name: "FallbackChainError", code: expected.error, status: 429 });
        expect((line.error as { attempts: unknown[] }).attempts).toHaveLength(5);
      } else {
        expect(line.text).toBe(expected.text);
        expect(record.answeredBy?.target).toBe(expected.answeredBy);
      }
    }
  });
});

describe("the scenes of the demo", () => {
  it("can be chosen by name", async () => {
    const { code, stdout } = await play(["demo", "--json", "--scene", "down", "rate-limit"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout).map(({ scene }) => scene)).toEqual(["rate-limit", "down"]);
  });

  it("are listed when the name is wrong, with exit code 2", async () => {
    const { code, stdout, stderr } = await play(["demo", "--scene", "nope"]);
    expect([code, stdout]).toEqual([2, ""]);
    for (const name of names) expect(stderr).toContain(name);
  });

  it("are listed in the help", async () => {
    const { code, stdout } = await play(["demo", "--help"]);
    expect(code).toBe(0);
    for (const name of names) expect(stdout).toContain(name);
  });

  it("stop at an interrupt, which ends the call that is going on: exit code 130", async () => {
    const interrupt = new AbortController();
    const { code, stdout } = await play(["demo", "--scene", "silent", "cut"], {
      interrupt: interrupt.signal,
      onOutput: (text) => {
        if (text.includes("timeout firstTokenMs")) interrupt.abort("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stdout).toContain("outcome aborted");
    expect(stdout).toContain("Interrupted at scene 1 of 2.");
    expect(stdout).not.toContain("A stream cut in the middle");
  });
});

describe("the demo with a journal", () => {
  it("keeps the record of every scene, chained", async () => {
    const dir = await mkdtemp(join(tmpdir(), "demo-journal-"));
    const { code, stdout } = await play([
      "demo",
      "--scene",
      "rate-limit",
      "down",
      "--json",
      "--journal",
      dir,
    ]);
    expect(code).toBe(0);
    const files = (await readdir(dir)).filter((file) => file.endsWith(".jsonl")).sort();
    const lines = (await Promise.all(files.map((file) => readFile(join(dir, file), "utf8"))))
      .join("")
      .trimEnd()
      .split("\n");
    const entries = lines.map((line) => JSON.parse(line) as JournalEntry);
    for (const [i, entry] of entries.entries()) expect(entry.prev).toBe(entries[i - 1]?.hash ?? GENESIS);
    const kept = entries.flatMap((entry) => ("record" in entry ? [entry.record] : []));
    expect(kept).toEqual(jsonLines(stdout).map(({ record }) => record));
    await rm(dir, { recursive: true });
  });

  it("says which folder it cannot write", async () => {
    const { code, stderr } = await play(["demo", "--scene", "rate-limit", "--journal", "/dev/null/journal"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'error: journalAudit: dir must be a folder that can be written, got "/dev/null/journal" (ENOTDIR)\n',
    });
  });
});
