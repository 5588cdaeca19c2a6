import { journalAudit, OpenRouterChatModel } from "@aigne/open-router";
import { targetsOf } from "./elsewhere.mjs";

/** Everything at its default: clocks, breakers, budgets, logger, catalogue; audit to a file. */
export const create = async (setting, more = {}) => {
  const { baseURL, apiKey, dir } = setting;
  const [model, ...fallbackModels] = targetsOf(setting);
  const chat = new OpenRouterChatModel({
    baseURL,
    apiKey,
    model,
    fallbackModels,
    audit: journalAudit({ dir }),
    ...more,
  });
  return {
    async call(prompt, first, each) {
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
        if (each) await each();
      }
      return text;
    },
    close: () => chat.shutdown(),
  };
};
