import { beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_BREAKER } from "../../src/breaker.js";
import { playFlap } from "../../src/cli/flap.js";
import { CATALOGUE, CLAUDE } from "../../src/cli/scenes.js";
import { type Simulator, startSimulator } from "../../src/testing/index.js";
import { jsonLines, type Played, play, playOn } from "../support/cli.js";
import { Screen } from "../support/screen.js";

const flap = ["demo", "--scene", "flap"];

interface Told {
  scene: string;
  asExpected: boolean;
  calls: number;
  answers: number;
  requests: number;
  attempts: number;
  outage: { calls: number; primaryRequests: number; fromMs: number; toMs: number };
  phases: { phase: string; atMs: number }[];
}

let plain: Played;
let json: Played;
const screen = new Screen({ columns: 60 });
let onScreen: number;
let wrong: { asExpected: boolean; answers: number; errors: number };
beforeAll(async () => {
  [plain, json, onScreen, wrong] = await Promise.all([
    play(flap),
    play([...flap, "--json"]),
    playOn(screen, flap),
    playWrongly(),
  ]);
}, 60_000);

/** With a fallback that says what it should not. */
async function playWrongly() {
  const real = await startSimulator({ models: {}, catalogue: CATALOGUE });
  const setScript: Simulator["setScript"] = (model, script) =>
    real.setScript(model, model === CLAUDE ? { text: "Something else." } : script);
  const simulator: Simulator = Object.create(real, { setScript: { value: setScript } });
  const out = { write: () => {} };
  const interrupt = new AbortController().signal;
  const io = { stdout: out, stderr: out, env: {}, command: "open-router", interrupt };
  try {
    return await playFlap({ simulator, io });
  } finally {
    await real.close();
  }
}

describe("the scene flap", () => {
  it("tells as JSON what happened: the breaker opens, probes in vain, probes again and closes", () => {
    expect([json.code, json.stderr]).toEqual([0, ""]);
    const lines = jsonLines(json.stdout) as unknown as Told[];
    expect(lines).toHaveLength(1);
    const { scene, asExpected, calls, answers, requests, attempts, outage, phases } = lines[0]!;
    expect([scene, asExpected, answers, requests]).toEqual(["flap", true, calls, attempts]);
    const names = phases.map(({ phase }) => phase);
    expect(names.join(" ")).toMatch(/^open( half_open open)+ half_open closed$/);
    const openings = names.filter((name) => name === "open").length;
    expect(outage.primaryRequests).toBe(DEFAULT_BREAKER.consecutive + openings - 1);
    expect(outage.calls).toBeGreaterThan(openings);
    const times = phases.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // The first open time is 1,000 ms less a fifth at the least, the second twice that.
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(799);
    expect(times[3]! - times[2]!).toBeGreaterThanOrEqual(1_599);
    expect(outage.fromMs).toBeLessThan(times[0]!);
    expect(outage.toMs).toBeLessThan(times.at(-1)!);
  });

  it("shows on a pipe a row for each change, with a mark for each request and each call that made none", () => {
    expect([plain.code, plain.stderr]).toEqual([0, ""]);
    expect(plain.stdout).not.toMatch(/[^\P{Cc}\n]| $/mu);
    const rows = [...plain.stdout.matchAll(/^ +\d+\.\d s {2}(.+)$/gm)].map(([, row]) => row!);
    expect(rows[0]).toMatch(/^openai\/gpt-4o is well +✓{6}$/);
    expect(rows[1]).toMatch(/^openai\/gpt-4o goes down: 503 +✗{5}$/);
    // A machine that sleeps through the open time makes no call meanwhile.
    expect(rows[2]).toMatch(/^breaker opened for about 1 s( +·+)?$/);
    expect(rows[3]).toMatch(/^breaker probing: one call +✗$/);
    expect(rows[4]).toMatch(/^breaker opened for about 2 s( +·+)?$/);
    expect(rows.join("")).toContain("·");
    // It closes as soon as the probe's answer begins, before the request has ended.
    expect(rows.at(-2)).toMatch(/^breaker probing: one call$/);
    expect(rows.at(-1)).toMatch(/^breaker closed +✓{7}$/);
    expect(rows.some((row) => /^openai\/gpt-4o is well again/.test(row))).toBe(true);
  });

  it("says which default is changed, and checks itself", () => {
    expect(plain.stdout).toContain("openMs is 1,000 here, its default is 5,000.");
    expect(plain.stdout).toMatch(
      /All \d+ calls were answered; the \d+ during the outage sent openai\/gpt-4o \d+/,
    );
    expect(plain.stdout).toMatch(/All as expected: \d+ whole answers in/);
    expect(plain.stdout).toMatch(/The simulator saw (\d+) requests, the records list \1 attempts\./);
  });

  it("is not as expected when one answer is not", () => {
    expect(wrong.asExpected).toBe(false);
    expect(wrong.answers).toBeGreaterThan(0);
    expect(wrong.errors).toBeGreaterThan(0);
  });

  it("keeps to a terminal of 60 columns, and moves no cursor", () => {
    expect(onScreen).toBe(0);
    expect(screen.raw).not.toMatch(/\[\d*[ABK]/);
    const [title, ...rest] = screen.text;
    expect(title).toMatch(/^open-router demo/);
    const scene = rest.slice(
      0,
      rest.findIndex((line) => line.startsWith("Where to go next")),
    );
    expect(Math.max(...scene.map(({ length }) => length))).toBeLessThan(60);
  });

  it("ends at an interrupt with 130, and tells no more", async () => {
    const interrupt = new AbortController();
    const { code, stdout } = await play(flap, {
      interrupt: interrupt.signal,
      onOutput: (text) => {
        if (/breaker opened/.test(text)) interrupt.abort("SIGINT");
      },
    });
    expect(code).toBe(130);
    expect(stdout).toContain("Interrupted at scene 1 of 1.");
    expect(stdout).toMatch(/ {3}\d+\.\d s {2}breaker opened for about 1 s\n\n {2}Interrupted/);
    expect(stdout).not.toContain("As expected");
  });
});

describe("the tour", () => {
  it("leaves flap out, and names it in the help", async () => {
    const interrupt = new AbortController();
    interrupt.abort("SIGINT");
    expect((await play(["demo"], { interrupt: interrupt.signal })).stdout).toContain("of 5.");
    expect((await play(["demo", "--help"])).stdout).toMatch(/"flap"/);
  });
});
