import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ModelScript, type Simulator, startSimulator } from "../../src/testing/index.js";

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string) => readFile(path(name), "utf8");

const TEXT = "I'm powered by OpenRouter, using the Claude 3 Opus model from Anthropic.";
const CLAUDE = "anthropic/claude-3-opus";
const ANSWER = { text: TEXT, model: CLAUDE, usage: { promptTokens: 5, completionTokens: 14 } };
const USAGE = { inputTokens: 5, outputTokens: 14 };
/** Ends the import of `fallback.ts`; as printed, it goes on from the example before it. */
const IMPORT = 'import { OpenRouterChatModel } from "@aigne/open-router";\n\n';

let simulator: Simulator | undefined;

beforeEach(() => {
  vi.stubEnv("OPEN_ROUTER_API_KEY", "sk-or-v1-environment");
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await simulator?.close();
});

/** Runs an example against scripted models; returns what it printed. */
async function run(load: () => Promise<unknown>, models: Record<string, ModelScript>): Promise<unknown[]> {
  simulator = await startSimulator({ models });
  vi.stubEnv("OPEN_ROUTER_BASE_URL", simulator.baseURL);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await load();
  return log.mock.calls.flat();
}

const basic = () => import("../../docs/examples/basic.js");
const fallback = () => import("../../docs/examples/fallback.js");
const streaming = () => import("../../docs/examples/streaming.js");
const following = () => import("../../docs/examples/following.js");

describe("the documented examples run as printed", () => {
  test("basic: the result has exactly the keys text, model and usage", async () => {
    expect(await run(basic, { [CLAUDE]: ANSWER })).toEqual([{ text: TEXT, model: CLAUDE, usage: USAGE }]);
    const [request] = simulator?.requests ?? [];
    expect(request).toMatchObject({ key: "your-api-key", model: CLAUDE, body: { temperature: 0.7 } });
    expect(simulator?.requests).toHaveLength(1);
  });

  test("fallback list: the first model that can answers, in the order of the list", async () => {
    const down: ModelScript = { fault: "404-endpoints" };
    const models = {
      "openai/gpt-4o": down,
      [CLAUDE]: down,
      "google/gemini-1.5-pro": { ...ANSWER, model: "g" },
    };
    const printed = await run(fallback, models);
    expect(printed).toMatchObject([{ text: TEXT, model: "g", usage: USAGE }]);
    expect(Object.keys(printed[0] as object).sort()).toEqual(["$meta", "model", "text", "usage"]);
    expect(
      simulator?.requests.map(({ model, body }) => [model, (body as { temperature: number }).temperature]),
    ).toEqual(Object.keys(models).map((model) => [model, 0.7]));
  });

  test("fallback list: with a healthy first model nobody else is asked, and the keys are the plain ones", async () => {
    const printed = await run(fallback, { "openai/gpt-4o": { ...ANSWER, model: "openai/gpt-4o" } });
    expect(printed).toEqual([{ text: TEXT, model: "openai/gpt-4o", usage: USAGE }]);
  });

  test("streaming: the text comes in pieces, and json has exactly the keys model and usage", async () => {
    expect(await run(streaming, { [CLAUDE]: ANSWER })).toEqual([TEXT, { model: CLAUDE, usage: USAGE }]);
  });
});

describe("the line that makes the loop follow resets", () => {
  const cutTwice: ModelScript = [{ fault: "cut", tokens: ["Bad ", "start ", "x"], at: 2 }, ANSWER];

  test("gives the whole text of the model that answered", async () => {
    expect((await run(following, { [CLAUDE]: cutTwice }))[0]).toBe(TEXT);
  });

  test("changes nothing when nothing was cut", async () => {
    expect(await run(following, { [CLAUDE]: ANSWER })).toEqual([TEXT, { model: CLAUDE, usage: USAGE }]);
  });

  test("is needed: without it the loop has the pieces of both, and only json has the right text", async () => {
    const [text, json] = await run(streaming, { [CLAUDE]: cutTwice });
    expect(text).toBe(`Bad start ${TEXT}`);
    expect(json).toMatchObject({ text: TEXT });
  });

  test("is all that it adds to the documented loop", async () => {
    const [plain, more] = [
      await read("docs/examples/streaming.ts"),
      await read("docs/examples/following.ts"),
    ];
    const added = more.split("\n").filter((line) => !plain.split("\n").includes(line));
    expect(added).toHaveLength(1);
    expect(more.replace(`${added[0]}\n`, "")).toBe(plain);
    expect(await read("README.md")).toContain(added[0]);
  });
});

describe.runIf(existsSync(path("README.md")))("the README prints", () => {
  test.each(["basic", "streaming"])("%s.ts as it is", async (name) => {
    expect(await read("README.md")).toContain(
      `\`\`\`typescript\n${await read(`docs/examples/${name}.ts`)}\`\`\`\n`,
    );
  });

  test("fallback.ts between its import and the line that shows its result", async () => {
    const code = await read("docs/examples/fallback.ts");
    const END = "\nconsole.log(fallbackResult);\n";
    expect([code.startsWith(IMPORT), code.endsWith(END)]).toEqual([true, true]);
    const printed = code.slice(IMPORT.length, -END.length);
    expect(await read("README.md")).toContain(`\`\`\`typescript\n${printed}\`\`\`\n`);
  });
});
