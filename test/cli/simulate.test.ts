import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FAULTS } from "../../src/testing/index.js";
import { jsonLines, type PlayOptions, play } from "../support/cli.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "simulate-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function file(content: unknown): string {
  const path = join(dir, "faults.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** Runs a simulator, lets `use` talk to it, interrupts it. */
async function during(args: string[], use: (baseURL: string) => Promise<void>, options: PlayOptions = {}) {
  const interrupt = new AbortController();
  let found: (baseURL: string) => void;
  const baseURL = new Promise<string>((resolve) => {
    found = resolve;
  });
  const playing = play(["simulate", "--port", "0", ...args], {
    ...options,
    interrupt: interrupt.signal,
    onOutput: (text) => {
      const [url] = /http:\/\/127\.0\.0\.1:\d+\/api\/v1/.exec(text) ?? [];
      if (url) found(url);
    },
  });
  const ready = await Promise.race([baseURL, playing]);
  if (typeof ready !== "string") throw new Error(`ended with ${ready.code}: ${ready.stderr}`);
  try {
    await use(ready);
  } finally {
    interrupt.abort("SIGINT");
  }
  return playing;
}

const post = async (baseURL: string, model: string, more = {}) => {
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: "POST",
    headers: { Authorization: "Bearer sk-canary", "Content-Type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], ...more }),
  });
  return { status: response.status, body: await response.text() };
};

describe("simulate", () => {
  it("does what the script says, tells each request, and closes with 0 at an interrupt", async () => {
    const script = file({ "a/one": [{ fault: "500" }, { text: "Hello there." }] });
    const { code, stdout, stderr } = await during(["--script", script], async (baseURL) => {
      expect((await post(baseURL, "a/one")).status).toBe(500);
      expect((await post(baseURL, "a/one", { stream: true })).body).toContain('"content":"Hello"');
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("a/one: 500, then answers");
    expect(stdout).toMatch(/^ +1 {2}a\/one · 500 · 500 · 0 tokens · [\d,]+ ms$/m);
    expect(stdout).toMatch(/^ +2 {2}a\/one · 200 · 2 tokens · [\d,]+ ms$/m);
    expect(stdout).toContain("Closed after 2 requests.");
    expect(stdout).not.toContain("canary");
  });

  it("answers for every model without a script", async () => {
    const { code } = await during([], async (baseURL) => {
      expect((await post(baseURL, "what/ever")).status).toBe(200);
    });
    expect(code).toBe(0);
  });

  it("writes JSON lines: listening, each request, closed", async () => {
    const script = file({ models: { "a/one": { fault: "429-ra" } }, keys: { "sk-canary": {} }, seed: 7 });
    const { stdout } = await during(["--script", script, "--json"], async (baseURL) => {
      await post(baseURL, "a/one");
    });
    expect(jsonLines(stdout)).toEqual([
      expect.objectContaining({ event: "listening", models: ["a/one"], port: expect.any(Number) }),
      expect.objectContaining({ event: "request", n: 1, model: "a/one", fault: "429-ra", status: 429 }),
      { event: "closed", requests: 1 },
    ]);
    expect(stdout).not.toContain("canary");
  });

  it("gives the same ids for the same seed, the flag before the file", async () => {
    const script = file({ models: { "a/one": { text: "x" } }, seed: 1 });
    const ids: unknown[] = [];
    for (const seed of ["5", "5", "6"]) {
      await during(["--script", script, "--seed", seed], async (baseURL) => {
        ids.push((JSON.parse((await post(baseURL, "a/one")).body) as { id: string }).id.split("-").at(-1));
      });
    }
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it("lists the faults a script may name", async () => {
    const { code, stdout } = await play(["simulate", "--faults"]);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual([...FAULTS]);
    const json = await play(["simulate", "--faults", "--json"]);
    expect(jsonLines(json.stdout)).toHaveLength(FAULTS.length);
  });
});

describe("simulate used wrongly ends with 2 and says what to do", () => {
  const usage = async (...args: string[]) => {
    const { code, stdout, stderr } = await play(["simulate", "--port", "0", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    return stderr;
  };

  it("when the file is missing, no JSON, or a bad script, whose place it names", async () => {
    expect(await usage("--script", join(dir, "none.json"))).toContain("there is no file");
    expect(await usage("--script", file("{"))).toContain("cannot be read as JSON");
    expect(await usage("--script", file([]))).toContain("must be an object");
    const bad = await usage("--script", file({ "a/one": [{ text: "x" }, { fault: "cut", att: 3 }] }));
    expect(bad).toContain('models["a/one"][1] must have only the keys');
    expect(bad).toContain("open-router simulate --faults");
    expect(await usage("--script", file({ models: {}, bogus: 1 }))).toContain("bogus");
  });

  it("when the port is taken, or is none", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      expect(await usage("--port", String(port))).toContain(`port ${port} is taken: choose another`);
    } finally {
      server.close();
    }
    expect(await usage("--port", "70000")).toContain("a port from 0");
    expect(await usage("--seed", "x")).toContain("a whole number");
  });
});
