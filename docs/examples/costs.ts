import { FallbackChain, openRouter } from "@aigne/open-router/chain";
import { startSimulator } from "@aigne/open-router/testing";

// Windows in tokens, prices in USD per token, as GET /models has them.
const simulator = await startSimulator({
  models: {
    "openai/gpt-4": {},
    "openai/gpt-4o": { fault: "cut", at: 10 },
    "anthropic/claude-3-opus": {},
    "openai/gpt-4o-mini": { text: "It is Latin.", usage: { promptTokens: 14_000, completionTokens: 5 } },
  },
  catalogue: {
    "openai/gpt-4": { contextLength: 8_191, promptPrice: 0.00003, completionPrice: 0.00006 },
    "openai/gpt-4o": { contextLength: 128_000, promptPrice: 0.0000025, completionPrice: 0.00001 },
    "anthropic/claude-3-opus": { contextLength: 200_000, promptPrice: 0.000015, completionPrice: 0.000075 },
    "openai/gpt-4o-mini": { contextLength: 128_000, promptPrice: 0.00000015, completionPrice: 0.0000006 },
  },
});
const chain = new FallbackChain({
  targets: ["openai/gpt-4", "openai/gpt-4o", "anthropic/claude-3-opus", "openai/gpt-4o-mini"],
  provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
  maxCostUsd: 0.1,
  logger: false,
});
const words = "lorem ipsum dolor sit amet ".repeat(3_000);
const request = { messages: [{ role: "user" as const, content: `What is this? ${words}` }], max_tokens: 500 };

await chain.catalogueLoaded();
const plan = chain.explain(request);
for (const { target, skip } of plan.targets)
  console.log("plan", target, JSON.stringify(skip ?? "may be asked"));
console.log("worst case", JSON.stringify(plan.worstCase));

const { record } = await chain.complete(request);
for (const { target, cost } of record.attempts) console.log("done", target, JSON.stringify(cost));
console.log("in all", JSON.stringify(record.cost));

await chain.close();
await simulator.close();
