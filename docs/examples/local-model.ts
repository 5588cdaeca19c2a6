import { OpenRouterChatModel, openAICompatible } from "@aigne/open-router";

export const model = new OpenRouterChatModel({
  fallbackModels: [
    "anthropic/claude-3-opus",
    {
      model: "llama3.2",
      provider: openAICompatible({ name: "ollama", baseURL: "http://127.0.0.1:11434/v1" }),
    },
  ],
});
