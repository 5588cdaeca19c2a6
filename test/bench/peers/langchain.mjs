import { ChatOpenAI } from "@langchain/openai";

export const chat = ({ baseURL, apiKey }, model) =>
  new ChatOpenAI({ model, apiKey, maxRetries: 0, configuration: { baseURL } });

/** LangChain's documented streaming call. */
export const streaming = (model) => ({
  async call(prompt, first) {
    let text = "";
    for await (const { content } of await model.stream([["user", prompt]])) {
      if (content === "") continue;
      if (text === "") first();
      text += content;
    }
    return text;
  },
});

export const create = async (setting) => streaming(chat(setting, setting.models.at(-1)));
