import OpenAI from "openai";

/** The bare SDK, iterated as its documentation says; retries off, so that one call is one request. */
export const create = async ({ baseURL, apiKey, models }) => {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
  return {
    async call(prompt, first) {
      const stream = await client.chat.completions.create({
        model: models.at(-1),
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: "user", content: prompt }],
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
