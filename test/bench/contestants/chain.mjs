import { FallbackChain, journalAudit, openRouter } from "@aigne/open-router/chain";

/** Everything at its default: clocks, breakers, budgets, logger, catalogue; audit to a file. */
export const create = async ({ baseURL, apiKey, models, dir }) => {
  const chain = new FallbackChain({
    targets: models,
    provider: openRouter({ baseURL, apiKey }),
    audit: journalAudit({ dir }),
  });
  return {
    async call(prompt, first) {
      const stream = chain.stream({ messages: [{ role: "user", content: prompt }] });
      let text = "";
      for await (const part of stream) {
        if (part.type !== "text") continue;
        if (text === "") first();
        text += part.text;
      }
      return text;
    },
    close: () => chain.close(),
  };
};
