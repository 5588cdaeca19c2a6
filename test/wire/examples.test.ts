import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FallbackChain } from "../../src/chain.js";
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
    ["docs/providers.md", "docs/examples/own-provider.ts"],
  ])("%s prints %s as it is", async (page, example) => {
    expect(await read(page)).toContain(await read(example));
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
});
