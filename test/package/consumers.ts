// What the packed package is tried with. Kept as text: each piece runs outside this project, under rules of its own.

const MODELS = `{
    "openai/gpt-4o": { fault: "429-ra", retryAfter: 60 },
    "anthropic/claude-3-opus": { text: "Hello from the fallback." },
  }`;

const ASK = `
async function main() {
  const simulator = await startSimulator({ models: ${MODELS} });
  const model = new OpenRouterChatModel({
    apiKey: "sk-or-quickstart",
    baseURL: simulator.baseURL,
    model: "openai/gpt-4o",
    fallbackModels: ["anthropic/claude-3-opus"],
    logger: false,
  });
  const { text, $meta } = await model.invoke({ messages: [{ role: "user", content: "Hello" }] });
  await model.shutdown();
  await simulator.close();
  const asked = simulator.requests.flatMap((request) => request.model ?? []);
  const attempts = $meta.fallback.attempts.map((attempt) => attempt.outcome);
  console.log(JSON.stringify({ text, asked, attempts, instance: model instanceof ChatModel, name: model.name, sameChain: FallbackChain === Chain }));
}
main();
`;

/** Names each quickstart imports, by module. */
const IMPORTS = [
  ["@aigne/core", "ChatModel"],
  ["@aigne/open-router", "FallbackChain, OpenRouterChatModel"],
  ["@aigne/open-router/chain", "FallbackChain as Chain"],
  ["@aigne/open-router/testing", "startSimulator"],
] as const;

export const QUICKSTART = {
  "quickstart.mjs": IMPORTS.map(([from, names]) => `import { ${names} } from "${from}";`).join("\n") + ASK,
  "quickstart.cjs":
    IMPORTS.map(([from, names]) => `const { ${names.replace(" as ", ": ")} } = require("${from}");`).join(
      "\n",
    ) + ASK,
};

/** Both doors in one process: the names under which they give different things. */
export const DOORS = {
  "doors.cjs": `const required = require("@aigne/open-router");
import("@aigne/open-router").then((imported) => {
  const different = Object.keys(imported).filter((name) => imported[name] !== required[name]);
  console.log(JSON.stringify(different));
});
`,
};

const OBSERVE = "console.log(typeof openTelemetry().call);\n";

/** Of no use without the optional peer. */
export const TELEMETRY = {
  "telemetry.mjs": `import { openTelemetry } from "@aigne/open-router/telemetry";\n${OBSERVE}`,
  "telemetry.cjs": `const { openTelemetry } = require("@aigne/open-router/telemetry");\n${OBSERVE}`,
};

const ASK_CHAIN = `
async function main() {
  const simulator = await startSimulator({ models: ${MODELS} });
  const provider = openRouter({ apiKey: "sk-or-quickstart", baseURL: simulator.baseURL });
  const targets = ["openai/gpt-4o", "anthropic/claude-3-opus"];
  const chain = new FallbackChain({ targets, provider, logger: false });
  const { text } = await chain.complete({ messages: [{ role: "user", content: "Hello" }] });
  await chain.close();
  await simulator.close();
  console.log(JSON.stringify({ text }));
}
main();
`;

export const CHAIN_QUICKSTART = {
  "chain.mjs": `import { FallbackChain, openRouter } from "@aigne/open-router/chain";
import { startSimulator } from "@aigne/open-router/testing";${ASK_CHAIN}`,
  "chain.cjs": `const { FallbackChain, openRouter } = require("@aigne/open-router/chain");
const { startSimulator } = require("@aigne/open-router/testing");${ASK_CHAIN}`,
};

const TYPED = `${IMPORTS.map(([from, names]) => `import { ${names} } from "${from}";`).join("\n")}
import type { AuditRecord, OpenRouterChatModelOptions } from "@aigne/open-router";

const options: OpenRouterChatModelOptions = { apiKey: "k", fallbackModels: ["a/b", { model: "c/d" }] };

export async function main(): Promise<[string | undefined, string, AuditRecord]> {
  const simulator = await startSimulator({ models: { "openai/gpt-4o": { text: "Hello." } } });
  const model: ChatModel = new OpenRouterChatModel({ ...options, baseURL: simulator.baseURL });
  const { text } = await model.invoke({ messages: [{ role: "user", content: "Hello" }] });
  const chain: FallbackChain = new Chain({ targets: ["a/b"], provider: openRouter({ apiKey: "k" }) });
  const { record } = await chain.complete({ messages: [{ role: "user", content: "Hello" }] });
  return [text, simulator.baseURL, record];
}

// @ts-expect-error a key is a string
new OpenRouterChatModel({ apiKey: 5 });
// @ts-expect-error no such option
new OpenRouterChatModel({ apiKey: "k", fallbacks: [] });
// @ts-expect-error no such fault
startSimulator({ models: { "a/b": { fault: "no-such-fault" } } });
`.replace("FallbackChain as Chain", "FallbackChain as Chain, openRouter");

/** One source, named for what TypeScript makes of it: an ES module, a CommonJS one, and what `--module` says. */
export const TYPED_CONSUMERS = { "typed.mts": TYPED, "typed.cts": TYPED, "typed.ts": TYPED };

export const TYPED_CHAIN_CONSUMERS = Object.fromEntries(
  ["typed.mts", "typed.cts"].map((name) => [
    name,
    `import { FallbackChain, openRouter } from "@aigne/open-router/chain";
export const chain = new FallbackChain({ targets: ["a/b"], provider: openRouter({ apiKey: "k" }) });
// @ts-expect-error targets are required
new FallbackChain({ provider: openRouter({ apiKey: "k" }) });
`,
  ]),
);
