import { setTimeout as sleep } from "node:timers/promises";
import { FallbackChain, openRouter } from "@aigne/open-router/chain";
import { startSimulator } from "@aigne/open-router/testing";

const simulator = await startSimulator({
  models: { "a/one": [{ fault: "500", times: 3 }, { text: "Back." }], "b/two": { text: "Instead." } },
});
const chain = new FallbackChain({
  targets: ["a/one", "b/two"],
  provider: openRouter({ apiKey: "any", baseURL: simulator.baseURL }),
  breaker: { consecutive: 3, openMs: 2_000 },
  retry: { server_error: { retries: 0 } },
  logger: false,
});

async function ask() {
  const { text, record } = await chain.complete({ messages: [{ role: "user", content: "Are you there?" }] });
  const skipped = record.skipped.map(({ target, reason }) => `${target} ${reason}`);
  const asked = record.attempts.map(({ target, outcome }) => `${target} ${outcome}`);
  console.log(text, [...skipped, ...asked].join(", "), "| breaker", chain.health()["a/one"]?.breaker.state);
}

for (let call = 0; call < 4; call++) await ask();
await sleep(2_500);
await ask();

await chain.close();
await simulator.close();
