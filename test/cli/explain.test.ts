import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/chain.js";
import { run } from "../../src/cli/program.js";
import { type Simulator, startSimulator, unusedPort } from "../../src/testing/index.js";
import { play, playOn } from "../support/cli.js";
import { Screen } from "../support/screen.js";

const KEY = "sk-or-v1-canary-0123456789abcdef";
const chain = ["--model", "a/first", "--fallback", "b/small", "--fallback", "c/dear"];
let simulator: Simulator;
let dir: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "explain-"));
  simulator = await startSimulator({
    models: {},
    catalogue: {
      "a/first": { contextLength: 128_000, maxCompletionTokens: 16_384 },
      "b/small": {
        contextLength: 8_192,
        promptPrice: 0.000001,
        completionPrice: 0.000002,
        supportedParameters: ["temperature"],
      },
      "c/dear": {
        contextLength: 1_048_576,
        promptPrice: 0.000015,
        completionPrice: 0.000075,
        inputModalities: ["text", "image"],
      },
    },
  });
});
afterEach(async () => {
  await simulator.close();
  rmSync(dir, { recursive: true, force: true });
});

const explain = (...args: string[]) => ["explain", "--base-url", simulator.baseURL, ...args];

async function planOf(...args: string[]): Promise<{ code: number; plan: Plan }> {
  const { code, stdout, stderr } = await play(explain(...args, "--json"));
  expect(stderr).toBe("");
  return { code, plan: JSON.parse(stdout) as Plan };
}

const skips = ({ targets }: Plan) => targets.map(({ target, skip }) => [target, skip?.reason]);

describe("explain", () => {
  it("shows order, windows, prices and the worst case, and why a target is skipped; it asks nobody, and needs no key", async () => {
    const { code, stdout, stderr } = await play(explain(...chain, "--prompt-tokens", "20000"));
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("about 20,000 tokens, estimated. Strategy: sequential.");
    const { plan } = await planOf(...chain, "--prompt-tokens", "20000");
    const shown = (usd: number) => `\\$${usd.toFixed(2)}`;
    const [first, , dear] = plan.targets;
    // A bound that is cut below itself is none.
    expect(stdout).toMatch(/ 1 a\/first +128,000 +5\.00\/25\.00 +3 +97 s +\$[\d.]+\n/);
    expect(stdout).toMatch(/ – b\/small +8,192 +1\.00\/2\.00\n +skipped context_too_small: 8,192 < 20,000\n/);
    expect(stdout).toMatch(
      new RegExp(
        ` 2 c/dear +1,048,576 +15\\.00/75\\.00 +3 +367 s +${shown(Math.ceil(dear!.costUsd! * 100) / 100)}\\n`,
      ),
    );
    const { costUsd } = plan.worstCase;
    expect(stdout).toMatch(
      new RegExp(
        `worst case +6 tries · 463 s until an answer begins, or the error · ${shown(Math.ceil(costUsd! * 100) / 100)}`,
      ),
    );
    expect(stdout).toContain(`likely      $${first!.likelyUsd}: an answer of usual length by a/first`);
    expect(stdout).toContain("There is no API key in OPEN_ROUTER_API_KEY. A plan needs none; a call does.");
    expect([
      ...new Set(simulator.requests.map(({ method, path, key }) => `${method} ${path} ${key}`)),
    ]).toEqual(["GET /api/v1/models undefined"]);
  });

  it("gives the plan as one JSON document, and nothing else", async () => {
    const { code, plan } = await planOf(...chain, "--prompt-tokens", "20000");
    expect(code).toBe(0);
    expect(Object.keys(plan)).toEqual(["strategy", "inputTokens", "targets", "worstCase"]);
    expect(plan).toMatchObject({
      strategy: "sequential",
      inputTokens: 20_000,
      targets: [
        { target: "a/first", contextWindow: 128_000, attempts: 3 },
        {
          target: "b/small",
          skip: { reason: "context_too_small", detail: { window: 8_192, needed: 20_000 } },
        },
        { target: "c/dear", price: { input: 15, output: 75 } },
      ],
      worstCase: { attempts: 6 },
    });
  });

  it("ends with 1 when nobody would be asked", async () => {
    const { code, stdout } = await play(explain("--model", "b/small", "--prompt-tokens", "20000"));
    expect(code).toBe(1);
    expect(stdout).toContain("No: every target would be skipped");
    expect(stdout).not.toContain("worst case");
    expect((await planOf("--model", "b/small", "--prompt-tokens", "20000")).code).toBe(1);
  });

  it("says that a prompt about as long as the window may not fit, although it is asked", async () => {
    const tight = await play(explain("--model", "b/small", "--prompt-tokens", "8000"));
    expect([tight.code, tight.stdout]).toEqual([0, expect.stringContaining("the prompt may not fit")]);
    const roomy = await play(explain("--model", "b/small", "--prompt-tokens", "6000"));
    expect(roomy.stdout).not.toContain("may not fit");
  });

  it("takes the prompt from the command line, from a file, as a number of tokens, or assumes 1,000", async () => {
    const file = join(dir, "prompt.txt");
    writeFileSync(file, "one two three four five six seven eight nine ten");
    const input = async (...args: string[]) => (await planOf(...args)).plan.inputTokens;
    expect(await input("--file", file)).toBe(await input("one two three four five six seven eight nine ten"));
    expect(await input("--prompt-tokens", "10")).toBe(10);
    expect(await input("--prompt-tokens", "100000")).toBe(100_000);
    expect(await input()).toBe(1_000);
    expect((await play(explain())).stdout.replace(/\s+/g, " ")).toContain(
      "about 1,000 tokens, assumed: give a prompt, --file or --prompt-tokens",
    );
  });

  it("asks for tools, a schema or an image, which a model may lack", async () => {
    for (const [flag, feature, lacking] of [
      ["--tools", "tools", ["b/small"]],
      ["--json-schema", "json_schema", ["b/small"]],
      ["--image", "image", ["a/first", "b/small"]],
    ] as const) {
      const { plan } = await planOf(...chain, "Hello", flag);
      const unable = plan.targets.filter(({ skip }) => skip?.reason === "unsupported");
      expect(unable.map(({ target }) => target)).toEqual(lacking);
      expect(unable[0]!.skip!.detail).toEqual({ feature });
    }
  });

  it("reckons with the longest answer, and shows one that is shorter than asked for", async () => {
    const { plan } = await planOf("--model", "b/small", "--max-tokens", "7000", "--prompt-tokens", "4000");
    const { maxTokens } = plan.targets[0]!;
    expect(maxTokens).toBeLessThan(7_000);
    const { stdout } = await play(
      explain("--model", "b/small", "--max-tokens", "7000", "--prompt-tokens", "4000"),
    );
    expect(stdout).toContain(`sent with max_tokens ${maxTokens!.toLocaleString("en-US")}:`);
  });

  it("holds to what a call may cost, and to what the first target costs", async () => {
    const dearer = await planOf(...chain, "--never-dearer-than", "primary");
    expect(skips(dearer.plan)).toEqual([
      ["a/first", undefined],
      ["b/small", undefined],
      ["c/dear", "too_dear"],
    ]);
    const limited = await planOf(...chain, "--max-cost-usd", "0.001");
    expect(limited.code).toBe(1);
    expect(skips(limited.plan).map(([, reason]) => reason)).toEqual(Array(3).fill("too_dear"));
    const { stdout } = await play(explain(...chain, "--max-cost-usd", "0.001"));
    expect(stdout).toMatch(/skipped too_dear: worstUsd [\d.]+, leftUsd 0\.001/);
  });

  it("obeys clocks and strategies", async () => {
    for (const strategy of ["sequential", "hedged", "race"])
      expect((await planOf("--strategy", strategy)).plan.strategy).toBe(strategy);
    const short = await planOf("--first-token-ms", "1000", "--total-ms", "6000");
    expect(short.plan.worstCase.waitMs).toBe(6_000);
    const { stdout } = await play(explain("--first-token-ms", "off", "--total-ms", "off"));
    expect(stdout).toContain("nothing bounds the wait");
  });

  it("does not speak of the key when there is one, and never shows it", async () => {
    const { code, stdout } = await play(explain(...chain, "--api-key-env", "MY_KEY"), {
      env: { MY_KEY: KEY },
    });
    expect(code).toBe(0);
    expect(stdout).not.toContain("API key");
    expect(stdout).not.toContain(KEY);
    expect(simulator.requests.map(({ key }) => key)).toEqual([undefined]);
  });
});

describe("explain on a terminal", () => {
  it.each([60, 80, 100])("of %i columns keeps to the width and says the same", async (columns) => {
    const screen = new Screen({ columns });
    const unknown = ["--fallback", "d/unknown-with-a-long-name"];
    const argv = explain(...chain, ...unknown, "--prompt-tokens", "20000", "--max-cost-usd", "0.5");
    expect(await playOn(screen, argv)).toBe(0);
    expect(Math.max(...screen.text.map(({ length }) => length))).toBeLessThan(columns);
    const text = screen.text.join(" ").replace(/\s+/g, " ");
    for (const fact of ["a/first", "128,000", "1,048,576", "15.00", "8,192 < 20,000", "127 s", "worst case"])
      expect(text).toContain(fact);
    expect(text.includes("at most 4 tries")).toBe(columns === 60);
  });
});

describe("explain without the list of models", () => {
  it("prints the plan all the same, and says that windows and prices are not known", async () => {
    const dead = `http://127.0.0.1:${await unusedPort()}/api/v1`;
    const { code, stdout, stderr } = await play([
      "explain",
      "--base-url",
      dead,
      "--prompt-tokens",
      "9000000",
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /The list of models at http:\/\/127\.0\.0\.1:\d+\/api\/v1\/models was not loaded \(.*ECONNREFUSED.*\): what models take, cost/,
    );
    expect(stdout).toMatch(/ 1 openai\/gpt-4o +\? +\? +3 +367 s +\?\n/);
    expect(stdout).toContain("cost not known");
  });

  it("says so on standard error beside JSON", async () => {
    const { code, stdout, stderr } = await play(explain(...chain, "--json"), {
      env: { OPEN_ROUTER_CATALOGUE: "off" },
    });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Plan).targets).toHaveLength(3);
    expect(stderr).toContain("was not loaded (OPEN_ROUTER_CATALOGUE is off)");
    expect(simulator.requests).toHaveLength(0);
  });

  it("says on a terminal what it waits for, and ends with 130 at an interrupt, its socket closed", async () => {
    let closed = () => {};
    const left = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = createServer((req) => void req.socket.on("close", closed)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const interrupt = new AbortController();
      const stdout = new Screen();
      const stderr = new Screen();
      const write = stderr.write.bind(stderr);
      stderr.write = (text) => {
        interrupt.abort("SIGINT");
        return write(text);
      };
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
      const code = await run(["explain", "--base-url", url], {
        ...{ stdout, stderr, env: {}, command: "open-router", interrupt: interrupt.signal },
      });
      expect(code).toBe(130);
      expect(stderr.raw).toBe(`Waiting for the list of models at ${url}/models …\n`);
      expect(stdout.raw).toBe("");
      await left;
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe("explain used wrongly ends with 2 and says what to do", () => {
  const usage = async (args: string[], env = {}) => {
    const { code, stdout, stderr } = await play(explain(...args), { env });
    expect([code, stdout]).toEqual([2, ""]);
    expect(simulator.requests).toHaveLength(0);
    return stderr;
  };

  it("with two prompts, an empty one, or a file that is not there", async () => {
    expect(await usage(["Hello", "--prompt-tokens", "5"])).toContain("more than one prompt");
    expect(await usage([" "])).toContain("the prompt is empty");
    expect(await usage(["--file", join(dir, "none")])).toContain("--file: there is no file");
    expect(await usage(["--file", dir])).toContain("cannot be read");
  });

  it("with values that are none", async () => {
    expect(await usage(["--prompt-tokens", "many"])).toContain(
      "a whole number of tokens from 1 to 100,000,000",
    );
    expect(await usage(["--max-tokens", "0"])).toContain("a whole number of tokens");
    for (const bad of ["-1", "1e3x", "$5", "."])
      expect(await usage(["--max-cost-usd", bad])).toContain("an amount of US dollars");
    expect(await usage(["--never-dearer-than", "secondary"])).toContain("Allowed choices are primary");
    expect(await usage(["--strategy", "hope"])).toContain("sequential, hedged, race");
    expect(await usage(["--fallback", ""])).toContain("--fallback (number 1) must be a non-empty string");
  });

  it("with a key that no header can hold, which it does not print", async () => {
    const stderr = await usage([], { OPEN_ROUTER_API_KEY: "sk-or canary" });
    expect(stderr).toContain("OPEN_ROUTER_API_KEY must be printable ASCII");
    expect(stderr).not.toContain("canary");
  });
});
