import { FallbackChain, hedged, openRouter } from "@aigne/open-router/chain";
import { startSimulator } from "@aigne/open-router/testing";

// The first model is well, but takes five seconds to begin.
const simulator = await startSimulator({
  models: {
    "openai/gpt-4o": { text: "At last.", pace: { firstTokenMs: 5_000 } },
    "anthropic/claude-3-opus": { text: "Already here." },
  },
});
const chain = new FallbackChain({
  targets: ["openai/gpt-4o", "anthropic/claude-3-opus"],
  provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
  strategy: hedged({ afterMs: 200 }),
  logger: false,
});

const { text, record } = await chain.complete({ messages: [{ role: "user", content: "Who is there?" }] });
console.log(text);
for (const { target, why, outcome } of record.attempts) console.log(target, why, outcome);

await chain.close();
await simulator.close();
