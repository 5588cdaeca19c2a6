import { journalAudit, OpenRouterChatModel } from "@aigne/open-router";

/** Everything at its default: clocks, breakers, budgets, logger, catalogue; audit to a file. */
export const create = async ({ baseURL, apiKey, models: [model, ...fallbackModels], dir }, more = {}) => {
  const chat = new OpenRouterChatModel({
    baseURL,
    apiKey,
    model,
    fallbackModels,
    audit: journalAudit({ dir }),
    ...more,
  });
  return {
    async call(prompt, first) {
      const stream = await chat.invoke(
        { messages: [{ role: "user", content: prompt }] },
        { streaming: true },
      );
      let text = "";
      for await (const { delta } of stream) {
        const piece = delta?.text?.text;
        if (!piece) continue;
        if (text === "") first();
        text += piece;
      }
      return text;
    },
    close: () => chat.shutdown(),
  };
};
