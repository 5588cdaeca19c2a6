import { OpenRouter } from "@openrouter/sdk";

export const create = async ({ baseURL, apiKey, models }) => {
  const client = new OpenRouter({ apiKey, serverURL: baseURL, retryConfig: { strategy: "none" } });
  return {
    async call(prompt, first) {
      const stream = await client.chat.send({
        chatRequest: { model: models.at(-1), stream: true, messages: [{ role: "user", content: prompt }] },
      });
      let text = "";
      for await (const chunk of stream) {
        const piece = chunk.choices[0]?.delta?.content;
        if (!piece) continue;
        if (text === "") first();
        text += piece;
      }
      return text;
    },
  };
};
