import { FallbackChain, FallbackChainError, jsonlAudit, openRouter } from "@aigne/open-router/chain";

const chain = new FallbackChain({
  targets: ["openai/gpt-4o", { model: "anthropic/claude-3-opus", timeouts: { firstTokenMs: 10_000 } }],
  provider: openRouter(), // the key from OPEN_ROUTER_API_KEY
  audit: jsonlAudit("audit.jsonl"),
});

try {
  const answer = await chain.complete({
    messages: [{ role: "user", content: "Which model are you using?" }],
  });
  console.log(answer.text, answer.record.answeredBy);
} catch (error) {
  if (FallbackChainError.is(error)) console.error(error.message, error.attempts);
  else throw error;
} finally {
  await chain.close();
}
