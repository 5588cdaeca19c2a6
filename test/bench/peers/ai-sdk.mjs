import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { streamText } from "ai";

export const provider = ({ baseURL, apiKey }) => createOpenRouter({ baseURL, apiKey });

/** The AI SDK's documented streaming call with a given model; retries off, so that one call is one request. */
export const streaming = (model) => ({
  async call(prompt, first) {
    const { textStream } = streamText({
      model,
      messages: [{ role: "user", content: prompt }],
      maxRetries: 0,
    });
    let text = "";
    for await (const piece of textStream) {
      if (text === "") first();
      text += piece;
    }
    return text;
  },
});

export const create = async (setting) => streaming(provider(setting)(setting.models.at(-1)));
