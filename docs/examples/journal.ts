import { FallbackChain, journalAudit, openRouter } from "@aigne/open-router/chain";

const DAY_MS = 86_400_000;

const chain = new FallbackChain({
  targets: ["openai/gpt-4o", "anthropic/claude-3-opus"],
  provider: openRouter(),
  labels: { service: "billing" },
  audit: journalAudit({
    dir: "journal",
    onFull: "reject", // no evidence, no call
    retain: { maxAgeMs: 400 * DAY_MS },
    checkpoint: { sign: "audit.pem", to: "checkpoints.jsonl" },
  }),
});

const answer = await chain.complete({ messages: [{ role: "user", content: "Which model are you using?" }] });
console.log(answer.text);
await chain.close();
