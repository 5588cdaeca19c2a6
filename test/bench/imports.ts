import { evaluate, here } from "./children.js";
import type { Reading } from "./samples.js";

/** Modules that a fresh process loads, and where their names are resolved. */
export interface ImportCase {
  name: string;
  modules: string[];
  peer: boolean;
}

const own = (name: string, ...modules: string[]): ImportCase => ({ name, modules, peer: false });
const peer = (name: string, ...modules: string[]): ImportCase => ({ name, modules, peer: true });

/** A process that loads nothing: what the resident sizes are beside. */
export const NOTHING = "nothing";

export const IMPORTS: ImportCase[] = [
  own(NOTHING),
  own("@aigne/open-router/chain", "@aigne/open-router/chain"),
  own("@aigne/open-router", "@aigne/open-router"),
  own("@aigne/core", "@aigne/core"),
  own("undici + eventsource-parser", "undici", "eventsource-parser"),
  own("undici + eventsource-parser + zod", "undici", "eventsource-parser", "zod"),
  own("openai SDK", "openai"),
  peer("published @aigne/open-router", "@aigne/open-router"),
  peer("AI SDK + OpenRouter provider", "ai", "@openrouter/ai-sdk-provider"),
  peer("AI SDK + ai-fallback", "ai", "@openrouter/ai-sdk-provider", "ai-fallback"),
  peer("AI SDK + ai-retry", "ai", "@openrouter/ai-sdk-provider", "ai-retry/language-model"),
  peer("@langchain/openai", "@langchain/openai"),
  peer("@openrouter/sdk", "@openrouter/sdk"),
];

export async function coldImport({ modules, peer }: ImportCase): Promise<Reading> {
  const loads = modules.map((each) => `await import(${JSON.stringify(each)});`).join("\n");
  const text = `const before = performance.now();
${loads}
const ms = performance.now() - before;
process.stdout.write(JSON.stringify({ ms, rss: process.memoryUsage.rss() }));
process.exit();`;
  return { import: await evaluate<Reading[""]>(text, here(peer ? "./peers" : ".")) };
}
