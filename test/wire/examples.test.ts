import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FallbackChain, openRouter } from "../../src/chain.js";
import { verifyJournal } from "../../src/journal/verify.js";
import { startSimulator } from "../../src/testing/index.js";
import { ask } from "../support/chain.js";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
const home = process.cwd();

beforeEach(() => void vi.stubEnv("OPEN_ROUTER_API_KEY", "sk-or-v1-example"));
afterEach(() => {
  process.chdir(home);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.resetModules();
});

describe("the pages of the manual", () => {
  it.each([
    ["README.md", "docs/examples/chain.ts"],
    ["README.md", "docs/examples/local-model.ts"],
    ["docs/journal.md", "docs/examples/journal.ts"],
    ["docs/providers.md", "docs/examples/own-provider.ts"],
    ["docs/strategies.md", "docs/examples/own-strategy.ts"],
  ])("%s prints %s as it is", async (page, example) => {
    expect(await read(page)).toContain(await read(example));
  });

  it.each([
    ["strategies", "hedged", () => import("../../docs/examples/hedged.js")],
    ["breakers", "breakers", () => import("../../docs/examples/breakers.js")],
    ["budgets", "budgets", () => import("../../docs/examples/budgets.js")],
    ["context-and-cost", "costs", () => import("../../docs/examples/costs.js")],
    ["telemetry", "open-telemetry", () => import("../../docs/examples/open-telemetry.js")],
  ])("docs/%s.md prints docs/examples/%s.ts, and what that prints", async (page, example, load) => {
    // As a reader runs it.
    vi.stubEnv("OPEN_ROUTER_CATALOGUE", "");
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await load();
    const printed = log.mock.calls.map((line) => format(...line)).join("\n");
    const code = await read(`docs/examples/${example}.ts`);
    expect(await read(`docs/${page}.md`)).toContain(
      `\`\`\`typescript\n${code}\`\`\`\n\n\`\`\`text\n${printed}\n\`\`\`\n`,
    );
  });
});

describe("the examples", () => {
  it("chain.ts answers by its fallback and leaves an audit record", async () => {
    const simulator = await startSimulator({
      models: { "openai/gpt-4o": { fault: "503" }, "anthropic/claude-3-opus": { text: "I am Claude." } },
    });
    vi.stubEnv("OPEN_ROUTER_BASE_URL", simulator.baseURL);
    const folder = await mkdtemp(join(tmpdir(), "example-"));
    process.chdir(folder);
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await import("../../docs/examples/chain.js");
    expect(log).toHaveBeenCalledWith(
      "I am Claude.",
      expect.objectContaining({ target: "anthropic/claude-3-opus" }),
    );
    const record = JSON.parse(await readFile("audit.jsonl", "utf8"));
    expect(record.attempts).toHaveLength(3);
    process.chdir(home);
    await rm(folder, { recursive: true });
    await simulator.close();
  });

  it("journal.ts leaves a journal that its checkpoints vouch for", async () => {
    const simulator = await startSimulator({ models: { "openai/gpt-4o": { text: "I am GPT." } } });
    vi.stubEnv("OPEN_ROUTER_BASE_URL", simulator.baseURL);
    const folder = await mkdtemp(join(tmpdir(), "example-"));
    process.chdir(folder);
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    await writeFile("audit.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await import("../../docs/examples/journal.js");
    expect(log).toHaveBeenCalledWith("I am GPT.");
    const checkpoints = (await readFile("checkpoints.jsonl", "utf8")).trim().split("\n");
    const report = await verifyJournal("journal", {
      checkpoints: checkpoints.map((line) => JSON.parse(line)),
      publicKey,
    });
    expect(report).toMatchObject({
      ok: true,
      chains: [{ calls: { begun: 1, ended: 1 }, checkpoints: { matched: 1 } }],
    });
    process.chdir(home);
    await rm(folder, { recursive: true });
    await simulator.close();
  });

  it("local-model.ts outlives OpenRouter on a model of one's own", async () => {
    const { model } = await import("../../docs/examples/local-model.js");
    expect(model.credential.model).toBe("openai/gpt-4o");
    await model.shutdown();
  });

  it("own-provider.ts is a provider", async () => {
    const { parrot } = await import("../../docs/examples/own-provider.js");
    const chain = new FallbackChain({ targets: ["polly"], provider: parrot, logger: false });
    expect(await chain.complete(ask)).toMatchObject({ text: "Say it.", model: "polly" });
  });

  it("own-strategy.ts asks whoever has fewest requests under way", async () => {
    const { leastBusy } = await import("../../docs/examples/own-strategy.js");
    const simulator = await startSimulator({
      models: { "a/one": { text: "One.", pace: { firstTokenMs: 1_000 } }, "b/two": { text: "Two." } },
    });
    const chain = new FallbackChain({
      targets: ["a/one", "b/two"],
      provider: openRouter({ baseURL: simulator.baseURL }),
      strategy: leastBusy,
      logger: false,
    });
    const first = chain.complete(ask);
    await simulator.waitForRequests(1);
    expect((await chain.complete(ask)).text).toBe("Two.");
    expect((await first).text).toBe("One.");
    expect((await chain.complete(ask)).text).toBe("One.");
    await chain.close();
    await simulator.close();
  });
});
