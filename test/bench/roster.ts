import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Who takes part. */
export interface Entrant {
  name: string;
  label: string;
  /** In this folder. */
  module: string;
  /** What it is made of, by package name; versions are read where it lives. */
  packages: string[];
  /** Somebody else's: what goes wrong in it is a result, not a failure of the benchmark. */
  peer: boolean;
}

const own = (name: string, label: string, packages: string[]): Entrant => ({
  name,
  label,
  module: `contestants/${name}.mjs`,
  packages,
  peer: false,
});
const peer = (name: string, label: string, packages: string[]): Entrant => ({
  name,
  label,
  module: `peers/${name}.mjs`,
  packages,
  peer: true,
});

const AI_SDK = ["ai", "@openrouter/ai-sdk-provider"];
const LANGCHAIN = ["@langchain/openai", "@langchain/core"];

export const ROSTER: Entrant[] = [
  own("floor", "floor: undici + eventsource-parser", ["undici", "eventsource-parser"]),
  own("openai", "openai SDK, bare", ["openai"]),
  own("provider", "our provider, bare", ["@aigne/open-router"]),
  own("chain", "ours, FallbackChain", ["@aigne/open-router"]),
  own("model", "ours, OpenRouterChatModel", ["@aigne/open-router", "@aigne/core"]),
  own("model-per-event", "ours, OpenRouterChatModel, per event", ["@aigne/open-router", "@aigne/core"]),
  peer("published", "published @aigne/open-router", ["@aigne/open-router", "@aigne/core"]),
  peer("ai-sdk", "AI SDK + OpenRouter provider", AI_SDK),
  peer("ai-fallback", "AI SDK + ai-fallback", [...AI_SDK, "ai-fallback"]),
  peer("ai-retry", "AI SDK + ai-retry", [...AI_SDK, "ai-retry"]),
  peer("langchain", "LangChain", LANGCHAIN),
  peer("langchain-fallbacks", "LangChain withFallbacks", LANGCHAIN),
  peer("openrouter-sdk", "@openrouter/sdk", ["@openrouter/sdk"]),
];

/** @throws Error when nobody has that name */
export function entrant(name: string): Entrant {
  const found = ROSTER.find((each) => each.name === name);
  if (!found)
    throw new Error(`no contestant is called ${name}: ${ROSTER.map((each) => each.name).join(", ")}`);
  return found;
}

export function labelOf(name: string): string {
  return ROSTER.find((each) => each.name === name)?.label ?? name;
}

/** "name version, …" of what an entrant is made of. */
export function versionsOf({ packages, peer }: Entrant): string {
  return packages.map((name) => `${name} ${versionOf(name, peer)}`).join(", ");
}

function versionOf(name: string, peer: boolean): string {
  const ours = name === "@aigne/open-router" && !peer;
  const place = ours
    ? "../../package.json"
    : `${peer ? "./peers" : "../.."}/node_modules/${name}/package.json`;
  const { version } = JSON.parse(readFileSync(fileURLToPath(new URL(place, import.meta.url)), "utf8"));
  return ours ? `${version} (this one)` : version;
}
