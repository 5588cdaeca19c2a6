import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../src/testing/index.js";
import { play, playOn } from "../support/cli.js";
import { Screen } from "../support/screen.js";

const KEY = "sk-or-v1-canary-0123456789abcdef";
const env = { OPEN_ROUTER_API_KEY: KEY };
let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({
    models: {
      "a/dead": { fault: "429-bare" },
      "a/cut": { fault: "cut", at: 3, text: "one two three four five" },
      "a/silent": { fault: "ttft-stall" },
      "a/bad": { fault: "400-bad" },
      "b/well": { text: "All is well.", reasoning: "Let me see." },
    },
  });
});
afterEach(async () => {
  await simulator.close();
});

const chat = (...args: string[]) => ["chat", "Hello?", "--base-url", simulator.baseURL, ...args];

describe("chat", () => {
  it("shows the answer of the fallback and why it was asked", async () => {
    const { code, stdout } = await play(chat("--model", "a/dead", "--fallback", "b/well"), { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/✗ +1 a\/dead +rate_limit 429 +→ next model/);
    expect(stdout).toContain("(thinking) Let me see.");
    expect(stdout).toMatch(/^ {4}All is well\.$/m);
    expect(stdout).toContain("servedBy B · attempts 2");
    expect(simulator.requests.map(({ model, key }) => [model, key])).toEqual([
      ["a/dead", KEY],
      ["b/well", KEY],
    ]);
    expect(stdout).not.toContain(KEY);
  });

  it("takes several fallbacks, in order", async () => {
    const { code } = await play(
      chat("--model", "a/dead", "--fallback", "a/cut", "--fallback", "b/well", "--json"),
      { env },
    );
    expect(code).toBe(0);
    expect(simulator.requests.map(({ model }) => model)).toEqual(["a/dead", "a/cut", "b/well"]);
  });

  it("gives one JSON document with the answer and its record, and nothing else", async () => {
    const { code, stdout, stderr } = await play(chat("--model", "a/cut", "--fallback", "b/well", "--json"), {
      env,
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      text: "All is well.",
      thoughts: "Let me see.",
      model: "b/well-2025-08-07",
      finishReason: "stop",
      record: { outcome: "ok", streamed: true, recovery: { mode: "restart", count: 1 }, attempts: [{}, {}] },
    });
  });

  it("ends with 1 and the typed error when nobody answers", async () => {
    const { code, stdout } = await play(chat("--model", "a/bad", "--fallback", "b/well"), { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ +1 a\/bad +invalid_request 400 +■ stop/);
    expect(stdout).toContain("FallbackChainError · code stopped · status 400");
    expect(simulator.requests).toHaveLength(1);

    const json = await play(chat("--model", "a/bad", "--json"), { env });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      error: { name: "FallbackChainError", code: "stopped", status: 400, attempts: [{ model: "a/bad" }] },
      record: { outcome: "failed" },
    });
  });

  it("obeys the recovery mode and the clocks it is given", async () => {
    const failed = await play(
      chat("--model", "a/cut", "--fallback", "b/well", "--recovery", "fail", "--json"),
      {
        env,
      },
    );
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout).error).toMatchObject({ code: "interrupted", partial: "one two three" });

    const first = await play(
      chat("--model", "a/silent", "--fallback", "b/well", "--first-token-ms", "200", "--json"),
      { env },
    );
    expect(JSON.parse(first.stdout)).toMatchObject({
      ok: true,
      record: { attempts: [{ failure: { class: "timeout", phase: "first_token" } }, {}] },
    });

    const total = await play(chat("--model", "a/silent", "--total-ms", "300", "--json"), { env });
    expect(JSON.parse(total.stdout).error.code).toBe("deadline");
  });

  it("shows nothing of a stream that dies when the answer is wanted whole", async () => {
    const { code, stdout } = await play(chat("--model", "a/cut", "--fallback", "b/well", "--no-stream"), {
      env,
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain("one two three");
    expect(stdout).toContain("All is well.");
  });

  it("closes its socket at an interrupt, says so and ends with 130", async () => {
    const interrupt = new AbortController();
    const playing = play(chat("--model", "a/silent"), { env, interrupt: interrupt.signal });
    await simulator.waitForRequests(1);
    interrupt.abort("SIGINT");
    const { code, stdout } = await playing;
    expect(code).toBe(130);
    expect(stdout).toContain("FallbackChainError · code aborted");
    expect(stdout).toMatch(/○ +1 a\/silent cancelled/);
    await simulator.waitForIdle();
    expect(simulator.requests[0]!.closedBy).toBe("client");
  });

  it("strikes out on a terminal what a restart discards", async () => {
    const screen = new Screen();
    const argv = chat("--model", "a/cut", "--fallback", "b/well");
    expect(await playOn(screen, argv, { env })).toBe(0);
    const struck = screen.lines.map((line) => line.some(({ strike }) => strike));
    expect(screen.text.filter((_, i) => struck[i]).map((line) => line.trim())).toEqual(["one two three"]);
  });
});

describe("the log of chat", () => {
  it("keeps the cursor still when it was asked for and shares the terminal", async () => {
    const argv = chat("--model", "a/cut", "--fallback", "b/well");
    const screen = new Screen();
    await playOn(screen, argv, { env: { ...env, OPEN_ROUTER_LOG_LEVEL: "warn" } });
    expect(screen.raw).not.toMatch(/\[\d*[AB]/);
    expect(screen.text.join("\n")).toContain(
      "the text of attempt 1 is discarded; the next model starts over",
    );
  });
});

describe("chat used wrongly ends with 2 and says what to do", () => {
  const usage = async (argv: string[], more: Record<string, string> = env) => {
    const { code, stdout, stderr } = await play(argv, { env: more });
    expect([code, stdout]).toEqual([2, ""]);
    expect(simulator.requests).toHaveLength(0);
    return stderr;
  };

  it("without a key", async () => {
    for (const none of [{}, { OPEN_ROUTER_API_KEY: " " }]) {
      const stderr = await usage(chat(), none);
      expect(stderr).toContain("set the environment variable OPEN_ROUTER_API_KEY");
      expect(stderr).toContain("open-router demo");
    }
    expect(await usage(chat("--api-key-env", "MY_KEY"))).toContain("set the environment variable MY_KEY");
  });

  it("with a key that no header can hold, which it does not print", async () => {
    const stderr = await usage(chat(), { OPEN_ROUTER_API_KEY: "sk-or canary" });
    expect(stderr).toContain("OPEN_ROUTER_API_KEY must be printable ASCII");
    expect(stderr).not.toContain("canary");
  });

  it("with bad flags", async () => {
    expect(await usage(["chat", "Hello", "--base-url", "nowhere"])).toContain(
      "--base-url must be an absolute",
    );
    expect(await usage(chat("--fallback", ""))).toContain("--fallback (number 1) must be a non-empty string");
    expect(await usage(chat("--first-token-ms", "soon"))).toContain(
      "whole number of milliseconds > 0, or off",
    );
    expect(await usage(chat("--recovery", "hope"))).toContain("restart, continue, fail");
    expect(await usage(["chat", " "])).toContain("the prompt is empty");
    expect(await usage(["chat"])).toContain("missing required argument 'prompt'");
    expect(await usage(chat("--bogus"))).toContain("unknown option '--bogus'");
  });

  it("with an unknown command, or none", async () => {
    expect(await usage(["cht"])).toContain("Did you mean chat?");
    expect(await usage([])).toContain("Usage: open-router");
  });
});
