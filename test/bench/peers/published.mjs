import { OpenRouterChatModel } from "@aigne/open-router";

/** The published package, its documented streaming call. */
export const create = async ({ baseURL, apiKey, models: [model, ...fallbackModels] }) => {
  const chat = new OpenRouterChatModel({ baseURL, apiKey, model, fallbackModels });
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
  };
};
