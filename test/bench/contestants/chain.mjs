import { FallbackChain, journalAudit, openRouter } from "@aigne/open-router/chain";
import { targetsOf } from "./elsewhere.mjs";

/** Everything at its default: clocks, breakers, budgets, logger, catalogue; audit to a file. */
export const create = async (setting, more = {}) => {
  const { baseURL, apiKey, dir } = setting;
  const chain = new FallbackChain({
    targets: targetsOf(setting),
    provider: openRouter({ baseURL, apiKey }),
    audit: journalAudit({ dir }),
    ...more,
  });
  return {
    async call(prompt, first, each) {
      const stream = chain.stream({ messages: [{ role: "user", content: prompt }] });
      let text = "";
      for await (const part of stream) {
        if (part.type !== "text") continue;
        if (text === "") first();
        text += part.text;
        if (each) await each();
      }
      return text;
    },
    close: () => chain.close(),
  };
};
