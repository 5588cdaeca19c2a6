import { FallbackChain, type FallbackChainOptions, openRouter } from "@aigne/open-router/chain";
import { startSimulator } from "@aigne/open-router/testing";

const DOWN = "openai/gpt-4o";
const UP = "anthropic/claude-3-opus";
const simulator = await startSimulator({ models: { [DOWN]: { fault: "503" }, [UP]: { text: "Instead." } } });

async function outage(name: string, options: Partial<FallbackChainOptions>) {
  const chain = new FallbackChain({
    targets: [DOWN, UP],
    provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
    retry: { overloaded: { minDelayMs: 1 } },
    logger: false,
    ...options,
  });
  simulator.clear();
  for (let call = 0; call < 30; call++) {
    await chain.complete({ messages: [{ role: "user", content: "Are you there?" }] });
  }
  console.log(`${name}: 30 calls, ${simulator.requestsTo(DOWN).length} requests to the model that is down`);
  await chain.close();
}

await outage("neither", { budget: false, breaker: false });
await outage("budget", { breaker: false });
await outage("budget and breaker", { breaker: { openMs: 60_000 } });
await simulator.close();
